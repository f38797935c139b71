package deputy

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// TestUserNamespace: root of a user namespace of its own has no rights outside, and means its own IDs.
func TestUserNamespace(t *testing.T) {
	w := who{name: "inside", uid: 1000, gid: 1000, inside: true, umask: 0o022}
	if os.Geteuid() != 0 {
		w.uid, w.gid = uint32(os.Getuid()), uint32(os.Getgid())
	}
	tk := startTask(t, w)
	b := newBenchWith(t, Options{UserNamespaces: true})
	both := [2]string{filepath.Join(openDir(t), "native"), filepath.Join(openDir(t), "deputy")}
	for _, top := range both {
		plant(t, top, w)
	}
	const at = unix.AT_FDCWD
	for _, c := range []oracleCase{
		{"mkdirat", []any{at, "made", 0o777}},
		{"fchownat", []any{at, "file", 0, 0, 0}},
		{"fchownat", []any{at, "file", 0, -1, 0}},
		{"fchownat", []any{at, "file", -1, -1, 0}},
		{"fchownat", []any{at, "file", 1, 0, 0}},
		{"fchownat", []any{at, "file", int(w.uid), 0, 0}},
		{"fchownat", []any{at, "nowhere", 1, 0, 0}},
		{"fchmodat", []any{at, "file", 0o4711}},
		{"fchmodat", []any{at, "rootfile", 0o4711}},
		{"fchmodat", []any{at, "locked/open", 0o4711}},
		{"unlinkat", []any{at, "roots/x", 0}},
		{"unlinkat", []any{at, "sticky/roots", 0}},
		{"renameat2", []any{at, "other", at, "roots/other", 0}},
		{"mknodat", []any{at, "null", unix.S_IFCHR | 0o666, int(unix.Mkdev(1, 3))}},
		{"setxattr", []any{"file", "trusted.x", "y", 1, 0}},
		{"truncate", []any{"open", 3}},
	} {
		if os.Geteuid() != 0 && (c.args[0] == "rootfile" || len(c.args) > 1 && c.args[1] == "rootfile") {
			continue // is the task's own
		}
		var texts [2]string
		tk.chdir(both[0])
		r := tk.native(c.call, c.args)
		texts[0] = r.String()
		tk.chdir(both[1])
		inv := tk.invocation(arch.Native()[0], c.call, c.args)
		out := b.do(tk, &inv)
		texts[1] = out.text()
		if texts[0] != texts[1] {
			t.Errorf("%s%v: the kernel says %s, the deputy %s", c.call, c.args, texts[0], texts[1])
		}
	}
	if a, d := describe(t, both[0]), describe(t, both[1]); a != d {
		t.Errorf("the trees differ\n%s", difference(a, d))
	}
}

func TestMapID(t *testing.T) {
	const two = "         0       1000          1\n         1     100000      65536\n"
	for _, c := range []struct {
		text  string
		id    uint32
		want  uint32
		errno syscall.Errno
	}{
		{two, 0, 1000, 0}, {two, 1, 100000, 0}, {two, 65536, 165535, 0}, {two, 65537, 0, unix.EINVAL}, {two, noID - 1, 0, unix.EINVAL},
		{"0 0 4294967295\n", noID - 1, noID - 1, 0}, {"0 0 4294967295", 7, 7, 0}, {"", 0, 0, unix.EINVAL},
		{"0 4294967290 4294967295\n", 100, 0, unix.EINVAL},
		{"0 1000\n", 0, 0, unix.EIO}, {"0 1000 x\n", 0, 0, unix.EIO}, {"0 1000 1 1\n", 0, 0, unix.EIO}, {"\n", 0, 0, unix.EIO},
	} {
		if got, errno := mapID([]byte(c.text), c.id); got != c.want || errno != c.errno {
			t.Errorf("%d in %q: %d, %v, want %d, %v", c.id, c.text, got, errno, c.want, c.errno)
		}
	}
}

// TestUserNamespaceUnexpected: a deputy that was not told of namespaces has the capabilities of such a task, which are
// towards its namespace only. So the tracer must be told where the policy lifts the refusal; this is what would be lost.
func TestUserNamespaceUnexpected(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root has capabilities to lose")
	}
	w := who{name: "inside", uid: 1000, gid: 1000, inside: true, umask: 0o022}
	tk := startTask(t, w)
	for _, told := range []bool{true, false} {
		top := filepath.Join(openDir(t), "tree")
		plant(t, top, w)
		tk.chdir(top)
		b := newBenchWith(t, Options{UserNamespaces: told})
		inv := tk.invocation(arch.Native()[0], "fchmodat", []any{unix.AT_FDCWD, "rootfile", 0o4711})
		if out := b.do(tk, &inv); (out.Value == 0) == told {
			t.Errorf("told of namespaces: %v; chmod of root's file: %s", told, out.text())
		}
	}
}
