package tracer

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
	"sydbox/tracer/seccomp"
)

func sharer64(t testing.TB) string { return compile(t, "sharer.c", "-static", "-pthread") }
func sharer32(t testing.TB) string { return narrow(t, "sharer.c") }

// sharesByKernel asks the kernel whether another task has the task's descriptor table; known is false where it has no
// kcmp(2).
func (f *fake) sharesByKernel(task *Task) (shares, known bool) {
	const kcmpFiles = 2
	for _, other := range f.live {
		if other == task {
			continue
		}
		r, _, errno := unix.Syscall6(unix.SYS_KCMP, uintptr(task.TID), uintptr(other.TID), kcmpFiles, 0, 0, 0)
		switch {
		case errno == unix.ENOSYS:
			return false, false
		case errno == 0 && r == 0:
			return true, true
		}
	}
	return false, true
}

// Where the kernel says that a table is shared SharesFiles says so too; and it says no where a program can be sure.
func TestSharesFiles(t *testing.T) {
	for _, mode := range []string{"run", "lone", "modern"} {
		for bits, path := range ofEachSize(t, sharer64, sharer32) {
			for _, with := range []bool{true, false} {
				if native := native(t, path, mode); native == 77 {
					t.Logf("%s/%s: this kernel has no clone3", mode, bits)
					continue
				} else if native != 0 {
					t.Fatalf("%s/%s: exits with %d without a tracer", mode, bits, native)
				}
				b := newBox(t, nil, path, mode)
				table := filterTable(syscalls.Verdict{}, []string{"access"})
				if with {
					table = WithGive(table)
				}
				var err error
				if b.plan.Filter, err = seccomp.Compile(table); err != nil {
					t.Fatal(err)
				}
				said := map[string]int{}
				b.onCall = func(task *Task, inv *syscalls.Invocation) Action {
					if oldName(inv.Call.Name) != "access" {
						return Action{}
					}
					var buf [16]byte
					n, errno := task.ReadString(inv.Pointer(pathAt(inv)), buf[:])
					if errno != 0 {
						t.Error(errno)
					}
					label, got := string(buf[:n]), task.Process.SharesFiles()
					shares, known := b.sharesByKernel(task)
					if known && shares && !got {
						t.Errorf("%s/%s: %s has a table that is shared, and nobody knows", mode, bits, label)
					}
					if known && label != "perhaps" && shares != (label == "shares") {
						t.Errorf("%s/%s: the kernel says %v of one that %s", mode, bits, shares, label)
					}
					// Without WithGive only a target that has no child yet is known to be alone.
					sure := with || task.Process.Parent == nil && said["alone"] == 0
					if label == "shares" && !got || label == "alone" && got && sure {
						t.Errorf("%s/%s with %v: SharesFiles is %v of one that %s", mode, bits, with, got, label)
					}
					said[label]++
					return Action{}
				}
				b.exits(0)
				if said["alone"] == 0 || mode == "run" && (said["shares"] < 9 || said["perhaps"] == 0) {
					t.Errorf("%s/%s: too little was said: %v", mode, bits, said)
				}
			}
		}
	}
}

// TestBirthsDoNotStop: who makes threads and processes as usual is not looked at.
func TestBirthsDoNotStop(t *testing.T) {
	for _, path := range ofEachSize(t, victim64, victim32) {
		for _, mode := range []string{"threads", "forks", "vforks"} {
			b := newBox(t, nil, path, mode)
			f := filterTable(syscalls.Verdict{}, nil)
			for _, table := range f.ABIs {
				for i := range table.Rows {
					if table.Rows[i].Name == "clone3" {
						table.Rows[i].Else = syscalls.Verdict{Kind: syscalls.Fail, Errno: uint16(unix.ENOSYS)}
					}
				}
			}
			var err error
			if b.plan.Filter, err = seccomp.Compile(WithGive(f)); err != nil {
				t.Fatal(err)
			}
			b.exits(0)
			if len(b.calls) != 0 {
				t.Errorf("%s: stopped for %v", mode, b.calls)
			}
		}
	}
}

// The orders that a real kernel shows too seldom: what is not known for certain is doubted.
func TestSharesFilesInDoubt(t *testing.T) {
	t.Run("creator dies", func(t *testing.T) {
		tr, f, child := table(t)
		tr.tellsSharers = true
		creator, cousin := join(tr, os.Getpid(), tr.root.Process), join(tr, 1<<30+1, tr.root.Process)
		f.Birth(tr.root, creator)
		f.Birth(tr.root, cousin)
		creator.Process.shareFiles(cousin.Process)
		tr.dispatch(child, firstStop)
		tr.dispatch(creator.TID, unix.WaitStatus(unix.SIGKILL))
		if b := tr.tasks[child]; b == nil || !b.Process.SharesFiles() || !cousin.Process.SharesFiles() {
			t.Error("nobody doubts whose the child's descriptors are")
		}
		if tr.root.Process.SharesFiles() {
			t.Error("a stranger is doubted")
		}
		cousin.Process.ownFiles()
		if cousin.Process.SharesFiles() {
			t.Error("doubted after its exec")
		}
	})
	t.Run("wrong guess", func(t *testing.T) {
		tr, f, child := table(t)
		tr.tellsSharers = true
		uncle := join(tr, 1<<30+1, tr.root.Process)
		f.Birth(tr.root, uncle)
		tr.root.state.sharer = sharerSurely
		tr.dispatch(child, firstStop)
		tr.dispatch(uncle.TID, 0)
		tr.announce(tr.root, child)
		if b := tr.tasks[child]; b == nil || !b.Process.SharesFiles() || !tr.root.Process.SharesFiles() {
			t.Error("the true creator does not know that it shares")
		}
	})
	t.Run("announced", func(t *testing.T) {
		for sharing, want := range map[sharer]bool{sharerNot: false, sharerSurely: true, sharerPerhaps: true} {
			tr, _, child := table(t)
			tr.tellsSharers = true
			tr.root.state.sharer = sharing
			tr.announce(tr.root, child)
			b := tr.tasks[child]
			childs, parents := b.Process.SharesFiles(), tr.root.Process.SharesFiles()
			if childs != want || parents != want || tr.root.state.sharer != sharerNot {
				t.Errorf("%v: child %v, parent %v", sharing, childs, parents)
			}
		}
	})
}

// TestJudge: the tracer's reading of a filter is what the filter was made from.
func TestJudge(t *testing.T) {
	f := WithGive(filterTable(syscalls.Verdict{Kind: syscalls.Fail, Errno: 38}, []string{"openat", "sendto", "clone"}))
	prog, err := seccomp.Compile(f)
	if err != nil {
		t.Fatal(err)
	}
	actions := map[syscalls.VerdictKind]uint32{
		syscalls.Allow: unix.SECCOMP_RET_ALLOW, syscalls.Trace: unix.SECCOMP_RET_TRACE,
		syscalls.Fail: unix.SECCOMP_RET_ERRNO, syscalls.Kill: unix.SECCOMP_RET_KILL_PROCESS,
		syscalls.Notify: unix.SECCOMP_RET_USER_NOTIF,
	}
	check := func(audit, nr uint32, args *[6]uint64) {
		want := actions[f.Judge(audit, nr, args).Kind]
		if got := judge(prog, audit, nr, args) & unix.SECCOMP_RET_ACTION_FULL; got != want {
			t.Errorf("number %d of %#x with %x: %#x, want %#x", nr, audit, args, got, want)
		}
	}
	for _, args := range [][6]uint64{
		{}, {unix.CLONE_FILES}, {1<<32 | unix.PR_SET_SECCOMP}, {1}, {unix.CLONE_FILES | unix.CLONE_THREAD},
		{0, 0, 0, 0, 0, giveMark}, {0, 0, 0, 0, 0, giveMark & low32}, {0, 0, 0, 0, 0, giveMark + 1<<32},
	} {
		for _, abi := range arch.Native() {
			for _, e := range syscalls.All(abi) {
				check(abi.Audit, e.Nr, &args)
			}
			for _, nr := range []uint32{giveNumber | abi.NumberBit, 4000, 1<<32 - 1} {
				check(abi.Audit, nr, &args)
			}
		}
		check(0xdead, 1, &args)
	}
	for _, bad := range [][]unix.SockFilter{
		nil, {{Code: unix.BPF_RET | unix.BPF_A}}, {{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 64}},
		{{Code: unix.BPF_JMP | unix.BPF_JA, K: 7}},
	} {
		if got := judge(bad, 0, 0, &[6]uint64{}); got != unix.SECCOMP_RET_KILL_PROCESS {
			t.Errorf("%v: %#x", bad, got)
		}
	}
}
