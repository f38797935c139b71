package deputy

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// sound is a status as Linux 6.18 writes it.
const sound = "Name:\tUid: 7\\nUid:\t0\nUmask:\t0027\nState:\tt (tracing stop)\nTgid:\t4711\nNgid:\t0\nPid:\t4712\n" +
	"Uid:\t1000\t1001\t1002\t1003\nGid:\t100\t101\t102\t4294967295\nFDSize:\t64\nGroups:\t27 1000 4294967294 \n" +
	"CapInh:\t0000000000000001\nCapPrm:\t000001ffffffffff\nCapEff:\t8000000000000003\nCapBnd:\t0\nTail:\n"

func TestStatus(t *testing.T) {
	var s status
	var who identity
	if errno := s.parse([]byte(sound), &who); errno != 0 {
		t.Fatal(errno)
	}
	if s != (status{umask: 0o27, tgid: 4711, permitted: 1<<41 - 1, inheritable: 1}) {
		t.Errorf("%+v", s)
	}
	if who.uid != 1003 || who.gid != 1<<32-1 || who.effective != 1<<63|3 ||
		!slices.Equal(who.groups, []uint32{27, 1000, 1<<32 - 2}) {
		t.Errorf("%+v", who)
	}
	one := strings.NewReplacer("\t1001\t1002\t1003", "\t1000\t1000\t1000", "101\t102\t4294967295", "100\t100\t100").Replace(sound)
	if errno := s.parse([]byte(one), &who); errno != 0 || !s.one {
		t.Errorf("IDs that are all the same: %v, %+v", errno, s)
	}
	none := strings.Replace(sound, "27 1000 4294967294 ", "", 1)
	if errno := s.parse([]byte(none), &who); errno != 0 || len(who.groups) != 0 {
		t.Errorf("no groups: %v, %+v", errno, who)
	}
}

// TestStatusFails: what cannot be told is no right.
func TestStatusFails(t *testing.T) {
	for _, c := range []struct {
		old, new string
		want     syscall.Errno
	}{
		{"State:\tt (tracing stop)", "State:\tZ (zombie)", unix.ESRCH},
		{"State:\tt (tracing stop)", "State:\tX (dead)", unix.ESRCH},
		{"State:\tt (tracing stop)", "State:\t", unix.ESRCH},
		{"Umask:\t0027\n", "", unix.ESRCH}, // a task that ends, or Linux before 4.7
		{"Umask:\t0027", "Umask:\t0029", unix.EIO},
		{"Uid:\t1000\t1001\t1002\t1003", "Uid:\t1000\t1001\t1002", unix.EIO},
		{"Uid:\t1000\t1001\t1002\t1003", "Uid:\t1000\t1001\t1002\t1003\t1004", unix.EIO},
		{"\t1003", "\t-1", unix.EIO},
		{"\t1003", "\t4294967296", unix.EIO},
		{"\t1003", "\t99999999999999999999999", unix.EIO},
		{"27 1000", "27 x", unix.EIO},
		{"27 1000", "27 4294967296", unix.EIO},
		{"Groups:", "Gruppen:", unix.EIO},
		{"Tgid:\t4711\n", "", unix.EIO},
		{"CapEff:\t8000000000000003", "CapEff:\t8000000000000003f", unix.EIO},
		{"CapEff:\t8000000000000003", "CapEff:\t", unix.EIO},
		{"CapEff:\t8000000000000003", "CapEff:\tg", unix.EIO},
		{"CapPrm:", "Cap:", unix.EIO},
		{sound, "", unix.ESRCH},
		{sound, "\n\n:\n::", unix.ESRCH},
	} {
		text := strings.Replace(sound, c.old, c.new, 1)
		if text == sound {
			t.Fatalf("%q is not in the status", c.old)
		}
		var s status
		var who identity
		if errno := s.parse([]byte(text), &who); errno != c.want {
			t.Errorf("%q for %q: %v, want %v", c.new, c.old, errno, c.want)
		}
	}
}

// FuzzStatus: no text makes the parser fail otherwise than by saying so.
func FuzzStatus(f *testing.F) {
	f.Add([]byte(sound))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s status
		var who identity
		if s.parse(text, &who) == 0 && (s.umask < 0 || s.umask > 0o777) {
			t.Errorf("umask %o", s.umask)
		}
	})
}

// TestGone: nothing is done for a task that cannot be looked at.
func TestGone(t *testing.T) {
	b := newBench(t)
	if b.d.alone {
		b.d.tid, b.d.taskUmask = 1<<30, -1
		if errno := b.d.act(true); errno != unix.ESRCH {
			t.Errorf("the umask of a task that is not there: %v", errno)
		}
		return
	}
	if errno := b.d.Assume(1 << 30); errno != unix.ESRCH {
		t.Errorf("the rights of a task that is not there: %v", errno)
	}
}

// TestEnded: a task that has ended, but has not been reaped, is not looked at any more.
func TestEnded(t *testing.T) {
	b := newBench(t)
	cmd := exec.Command("/bin/true")
	must(t, cmd.Start())
	for !strings.HasPrefix(statusOf(t, cmd.Process.Pid, "State"), "Z") {
		time.Sleep(time.Millisecond)
	}
	b.d.alone = false // as the tracer of tasks that may differ
	if errno := b.d.Assume(cmd.Process.Pid); errno != unix.ESRCH {
		t.Errorf("the rights of a task that has ended: %v", errno)
	}
	b.d.tid, b.d.taskUmask = cmd.Process.Pid, -1
	if errno := b.d.takeUmask(); errno != unix.ESRCH {
		t.Errorf("the umask of a task that has ended: %v", errno)
	}
	must(t, cmd.Wait())
}

// TestManyGroups: the line of the groups may be longer than all the rest.
func TestManyGroups(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a task groups")
	}
	w := who{name: "joiner", uid: 1000, gid: 1000, umask: 0o022}
	const first = uint32(4_000_000_000) // more than an int of 32 bits holds
	for i := range uint32(5000) {
		w.groups = append(w.groups, first+i)
	}
	top := filepath.Join(openDir(t), "tree")
	plant(t, top, w)
	last := first + 4999
	must(t, os.Lchown(top+"/group", 0, int(last)))
	tk, b := startTask(t, w), newBench(t)
	tk.chdir(top)
	inv := tk.invocation(arch.Native()[0], "mkdirat", []any{unix.AT_FDCWD, "group/made", 0o777})
	if out := b.do(tk, &inv); out.Kind != Done || out.Value != 0 {
		t.Errorf("mkdir in a directory of the last group: %s", out.text())
	}
	tk = startTask(t, who{uid: 1000, gid: 1000})
	tk.chdir(top)
	inv = tk.invocation(arch.Native()[0], "mkdirat", []any{unix.AT_FDCWD, "group/other", 0o777})
	if out := b.do(tk, &inv); out.Value != -int64(unix.EACCES) {
		t.Errorf("the groups of the last task serve the next one: %s", out.text())
	}
}
