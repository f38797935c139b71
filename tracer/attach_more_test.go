package tracer

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// TestAttachTree finds 50 processes, with their parents.
func TestAttachTree(t *testing.T) {
	for span := 700; ; span *= 2 { // beside others some may end before they are attached to
		r := start(t, sleepers(t), "tree", strconv.Itoa(span))
		time.Sleep(200 * time.Millisecond)
		a := attachTo(t, Options{}, []string{"exit_group"}, r.pid)
		parents := map[int]int{}
		a.onBirth = func(parent, child *Task) {
			parents[child.TID] = 0
			if parent != nil {
				parents[child.TID] = parent.TID
			}
			want := readStatus(child.TID).number("PPid")
			if parent != nil && parent.TID != want || !child.Process.SharesFiles() {
				t.Errorf("%d has parent %v, want %d", child.TID, parent, want)
			}
		}
		a.ends()
		said := r.ends()
		if a.err != nil && (!errors.Is(a.err, unix.ESRCH) || span >= 30_000) {
			t.Fatal(a.err)
		}
		if all := len(parents) == 50 && a.fake.calls["exit_group"] == 50; !all && span < 30_000 {
			continue
		} else if !all || parents[r.pid] != 0 {
			t.Errorf("%d processes, %d ends", len(parents), a.fake.calls["exit_group"])
		}
		if said != "done\nstatus 7\n" {
			t.Error(said)
		}
		return
	}
}

// TestAttachAmidFork: the child of a fork that had begun when its creator was attached to is traced as well.
func TestAttachAmidFork(t *testing.T) {
	for i := range 8 {
		dir := t.TempDir()
		enough, begun := filepath.Join(dir, "enough"), filepath.Join(dir, "begun")
		r := start(t, sleepers(t), "heavy", enough, begun)
		for _, err := os.Stat(begun); err != nil; _, err = os.Stat(begun) {
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(time.Duration(i) * time.Millisecond)
		a := attachTo(t, Options{Exits: i%2 == 0}, []string{"access"}, r.pid)
		var first sync.Once
		a.onBirth = func(parent, child *Task) {
			first.Do(func() { // all that can be found was
				if err := os.WriteFile(enough, nil, 0o644); err != nil {
					t.Error(err)
				}
			})
		}
		a.waits()
		if a.births != 2 {
			t.Errorf("%d ms later: %d of 2 processes", i, a.births)
		}
		if got := r.ends(); got != "done\nstatus 7\n" {
			t.Error(got)
		}
	}
}

// TestAttachErrors: one line says what is wrong, and nothing is traced.
func TestAttachErrors(t *testing.T) {
	gone := start(t, "/bin/true")
	gone.ends()
	enough := filepath.Join(t.TempDir(), "enough")
	innocent := start(t, sleepers(t), "told", enough) // of two processes
	time.Sleep(100 * time.Millisecond)
	traced := start(t, sleepers(t), "told", enough)
	other := attachTo(t, Options{}, nil, traced.pid)
	waitFor(t, func() bool { return tracerOf(traced.pid) != 0 })
	for _, c := range []struct {
		pid  int
		err  error
		says string
	}{
		{gone.pid, unix.ESRCH, "no such process"},
		{traced.pid, unix.EPERM, "traces it already"},
		{traced.cmd.Process.Pid, unix.EPERM, "descendant of"},
		{os.Getpid(), unix.EPERM, "itself"},
		{2, unix.EPERM, "the kernel's"},
	} {
		_, err := Attach([]int{innocent.pid, c.pid}, nothing{}, Options{}, filterTable(syscalls.Verdict{}, nil))
		var e *AttachError
		if !errors.Is(err, c.err) || !errors.As(err, &e) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d: %v", c.pid, err)
		}
		if n := tracerOf(innocent.pid); n != 0 {
			t.Errorf("%d: the other is traced by %d", c.pid, n)
		}
	}
	other.leaves()
	if err := os.WriteFile(enough, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*running{innocent, traced} {
		if got := r.ends(); got != "done\nstatus 7\n" {
			t.Error(got)
		}
	}
}

// TestAttachRaces comes and goes all the time, while programs start, run and end.
func TestAttachRaces(t *testing.T) {
	for _, c := range []struct{ mode, times, ends string }{
		{"threads", "4", "status 0\n"}, {"forks", "1", "status 0\n"}, {"vforks", "6", "status 0\n"},
		{"exec_thread", "100", "status 0\n"}, {"leader_exit", "15", "status 0\n"}, {"groupstop", "20", "status 0\n"},
	} {
		for _, info := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/info=%v", c.mode, info), func(t *testing.T) {
				script := `i=0; while test $i -lt $1; do
						i=$((i+1)); "$2" $3; s=$?; test $s = 0 -o $s = 7 || exit $s
					done`
				r := start(t, "/bin/bash", "-c", script, "loop", c.times, victim64(t), c.mode)
				attached := 0
				for {
					begin := time.Now()
					a := attachTo(t, Options{NoSyscallInfo: !info, Exits: attached%2 == 0}, []string{"access"}, r.pid)
					a.onCall = func(*Task, *syscalls.Invocation) Action { return Action{Exit: true} }
					time.Sleep(time.Duration(attached%7) * 3 * time.Millisecond)
					a.opt.Control.Detach()
					<-a.done
					if errors.Is(a.err, unix.ESRCH) {
						break
					}
					if a.err != nil {
						t.Fatal(a.err)
					}
					attached++
					pause := time.Duration(attached%5) * 4 * time.Millisecond
					if took := time.Since(begin); took > 100*time.Millisecond {
						pause += took // where coming and going takes long, the program would get no further otherwise
					}
					time.Sleep(pause)
				}
				if got := r.ends(); got != c.ends {
					t.Error(got)
				}
				t.Log(attached, "times")
			})
		}
	}
}

// TestAttachExiting: programs that end while they are being attached to end as they would.
func TestAttachExiting(t *testing.T) {
	for i := range 100 {
		r := start(t, sleepers(t), "exits", strconv.Itoa(i*60))
		a := attachTo(t, Options{Exits: i%2 == 0}, []string{"exit_group"}, r.pid)
		<-a.done
		if a.err != nil && !errors.Is(a.err, unix.ESRCH) || a.err == nil && len(a.live) != 0 {
			t.Error(a.err, a.live)
		}
		if got := r.ends(); got != "status 4\n" {
			t.Error(got)
		}
	}
}

// TestAttachHeadless: the leader has ended, and another thread executes a program later.
func TestAttachHeadless(t *testing.T) {
	for span := 400; ; span *= 2 { // beside others it may have happened before it is attached to
		r := start(t, sleepers(t), "headless", strconv.Itoa(span))
		time.Sleep(100 * time.Millisecond)
		a := attachTo(t, Options{Exits: true}, []string{"execve", "exit_group"}, r.pid)
		a.ends()
		if span < 30_000 && (a.execs == 0 || errors.Is(a.err, unix.ESRCH)) {
			continue
		}
		if a.err != nil {
			t.Error(a.err)
		}
		if a.execs != 1 || a.births != 2 || len(a.live) != 0 || a.fake.calls["exit_group"] != 1 {
			t.Errorf("%d execs, %d births, %d alive", a.execs, a.births, len(a.live))
		}
		if got := r.ends(); got != "done\nstatus 7\n" {
			t.Error(got)
		}
		return
	}
}

// TestAttachActions: a call gets an invented result, or runs as another.
func TestAttachActions(t *testing.T) {
	try := func(action Action, opt Options) {
		r := start(t, sleepers(t), "until")
		a := attachTo(t, opt, []string{"access"}, r.pid)
		a.onCall = func(*Task, *syscalls.Invocation) Action { return action }
		a.waits()
		if got := r.ends(); got != "done\nstatus 7\n" || a.fake.calls["access"] != 1 {
			t.Error(got, a.fake.calls)
		}
	}
	try(Action{Kind: Return}, Options{})
	eachSetter(t, func(t *testing.T, byInfo bool) {
		try(Action{Kind: As, Call: syscalls.ByName("sched_yield")}, Options{infoSets: byInfo})
	})
	t.Run("old", func(t *testing.T) {
		needsRegisters(t)
		try(Action{Kind: Return}, Options{NoSyscallInfo: true})
		try(Action{Kind: As, Call: syscalls.ByName("sched_yield")}, Options{NoSyscallInfo: true})
	})
}

// TestAs: another call runs at a seccomp-stop, and the task finds its registers as they were.
func TestAs(t *testing.T) {
	try := func(t *testing.T, set func(*Options)) {
		b := newBox(t, []string{"access"}, sleepers(t), "until")
		set(&b.opt)
		b.onCall = func(_ *Task, inv *syscalls.Invocation) Action {
			switch b.calls["access"] {
			case 1: // a call of its own kind, with other arguments: the name's end is the empty name, ENOENT again
				args := inv.Args
				args[pathAt(inv)] += uint64(len("/nonexistent"))
				return Action{Kind: As, Call: inv.Call, Args: args}
			case 2:
				return Action{} // as it is
			}
			return Action{Kind: As, Call: syscalls.ByName("sched_yield"), Args: [6]uint64{9, 8, 7, 6, 5, 4}}
		}
		b.exits(7)
		if b.calls["access"] != 3 {
			t.Error(b.calls)
		}
	}
	eachSetter(t, func(t *testing.T, byInfo bool) { try(t, func(o *Options) { o.infoSets = byInfo }) })
	t.Run("old", func(t *testing.T) {
		needsRegisters(t)
		try(t, func(o *Options) { o.NoSyscallInfo = true })
	})
	// A call that this ABI does not have is ENOSYS, and does not run.
	b := newBox(t, []string{"access"}, victim64(t), "undumpable")
	b.onCall = func(*Task, *syscalls.Invocation) Action {
		return Action{Kind: As, Call: &syscalls.Call{Name: "no such call"}}
	}
	b.exits(int(unix.ENOSYS))
}

// TestAttachUnprivileged runs the tests of attaching again as another user.
func TestAttachUnprivileged(t *testing.T) {
	if os.Getuid() != 0 || os.Getenv("TRACER_TEST_AGAIN") != "" {
		t.Skip("not root: the tests run without privileges anyway")
	}
	exe := "/proc/self/exe"
	link, err := os.Readlink(exe)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(link)
	if err != nil {
		t.Fatal(err)
	}
	copied := scratch + "/tracer.test"
	if err := os.WriteFile(copied, data, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", copied, "-test.timeout=30m",
		"-test.run=^(TestAttachTree|TestAttachExiting|TestAttach|TestAttachStopped|TestAttachForeign)$")
	cmd.Env = append(os.Environ(), "TRACER_TEST_AGAIN=1", "TMPDIR=/tmp", "HOME=/tmp")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestAttachForeign: another user's process is refused.
func TestAttachForeign(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may trace everybody")
	}
	_, err := Attach([]int{1}, nothing{}, Options{}, filterTable(syscalls.Verdict{}, nil))
	if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "as root") {
		t.Error(err)
	}
}
