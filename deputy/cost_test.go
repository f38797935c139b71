package deputy

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// TestAllocations: an allowed call allocates nothing, whoever makes it.
func TestAllocations(t *testing.T) {
	for _, w := range tasks() {
		t.Run(w.name, func(t *testing.T) {
			dir := openDir(t)
			tk, b := startTask(t, w), newBench(t)
			plant(t, filepath.Join(dir, "tree"), w)
			tk.chdir(filepath.Join(dir, "tree"))
			times := words(7, 8, 9, 10)
			rounds := [][]oracleCase{
				{{"mkdirat", []any{unix.AT_FDCWD, "made", 0o777}}, {"unlinkat", []any{unix.AT_FDCWD, "made", unix.AT_REMOVEDIR}}},
				{{"mknodat", []any{unix.AT_FDCWD, "made", 0o600, 0}}, {"unlinkat", []any{unix.AT_FDCWD, "made", 0}}},
				{{"symlinkat", []any{"text", unix.AT_FDCWD, "made"}}, {"unlinkat", []any{unix.AT_FDCWD, "made", 0}}},
				{{"linkat", []any{unix.AT_FDCWD, "file", unix.AT_FDCWD, "made", 0}}, {"unlinkat", []any{unix.AT_FDCWD, "made", 0}}},
				{{"renameat2", []any{unix.AT_FDCWD, "file", unix.AT_FDCWD, "dir/made", 0}},
					{"renameat2", []any{unix.AT_FDCWD, "dir/made", unix.AT_FDCWD, "file", 0}}},
				{{"fchmodat", []any{unix.AT_FDCWD, "file", 0o600}}},
				{{"fchownat", []any{unix.AT_FDCWD, "file", -1, -1, 0}}},
				{{"utimensat", []any{unix.AT_FDCWD, "file", times, 0}}},
				{{"utimensat", []any{unix.AT_FDCWD, "file", nil, 0}}},
				{{"truncate", []any{"file", 20}}, {"truncate", []any{"file", 10}}},
			}
			// A tmpfs has no such attributes before Linux 6.6.
			switch err := unix.Setxattr(filepath.Join(dir, "tree/file"), "user.old", []byte("value"), 0); err {
			case nil:
				rounds = append(rounds, []oracleCase{
					{"setxattr", []any{"file", "user.new", "value", 5, 0}}, {"removexattr", []any{"file", "user.new"}},
				})
			case unix.EOPNOTSUPP:
				t.Log("the file system takes no user's extended attributes")
			default:
				t.Fatal(err)
			}
			for _, round := range rounds {
				invs := make([]syscalls.Invocation, len(round))
				for i, c := range round {
					invs[i] = tk.invocationIn(i, arch.Native()[0], c.call, c.args)
				}
				do := func() {
					for i := range invs {
						if out := b.do(tk, &invs[i]); out.Kind != Done || out.Value != 0 {
							t.Fatalf("%s%v: %s", round[i].call, round[i].args, out.text())
						}
					}
				}
				if n := testing.AllocsPerRun(20, do); n != 0 {
					t.Errorf("%s allocates %v times", round[0].call, n)
				}
			}
		})
	}
}

// BenchmarkMkdirRmdir is a directory made and removed, judged and done by the deputy.
func BenchmarkMkdirRmdir(b *testing.B) {
	for _, w := range tasks() {
		b.Run(w.name, func(b *testing.B) {
			dir := openDir(b)
			tk, bench := startTask(b, w), newBench(b)
			plant(b, filepath.Join(dir, "tree"), w)
			tk.chdir(filepath.Join(dir, "tree"))
			made := tk.invocationIn(0, arch.Native()[0], "mkdirat", []any{unix.AT_FDCWD, "made", 0o777})
			removed := tk.invocationIn(1, arch.Native()[0], "unlinkat", []any{unix.AT_FDCWD, "made", unix.AT_REMOVEDIR})
			b.ReportAllocs()
			for b.Loop() {
				bench.do(tk, &made)
				bench.do(tk, &removed)
			}
		})
	}
	b.Run("plain", func(b *testing.B) {
		made := filepath.Join(openDir(b), "made")
		for b.Loop() {
			unix.Mkdir(made, 0o777)
			unix.Rmdir(made)
		}
	})
	b.Run("judged only", func(b *testing.B) {
		tk, bench := startTask(b, tasks()[0]), newBench(b)
		tk.chdir(openDir(b))
		made := tk.invocation(arch.Native()[0], "mkdirat", []any{unix.AT_FDCWD, "made", 0o777})
		for b.Loop() {
			bench.judge(tk, &made)
		}
	})
}
