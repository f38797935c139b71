package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The tracer dies, or does not answer. end waits until nothing of the tree holds the output any more: nobody survives.

func (o *ordeal) tracerKilled() {
	o.start("hold")
	o.line()
	o.signal(unix.SIGKILL)
	o.expect(128 + int(unix.SIGKILL))
}

// tracerCrashes ends sydbox as a fault in it would. The Go runtime then exits with 2.
func (o *ordeal) tracerCrashes() {
	for _, sig := range []syscall.Signal{unix.SIGSEGV, unix.SIGABRT} {
		o.start("hold")
		o.line()
		o.signal(sig)
		o.expect(2, unix.SignalName(sig))
	}
}

// tracerStopped: while the tracer does not look, nobody goes on; later everything is as it was.
func (o *ordeal) tracerStopped() {
	o.start("probe")
	if got := o.ask(); got != all {
		o.Errorf("at first: %s", got)
	}
	o.signal(unix.SIGSTOP)
	o.stopped()
	if _, err := o.stdin.Write([]byte{'x'}); err != nil {
		o.Fatal(err)
	}
	// A stopped tracer cannot answer, so nothing comes, however long one waits.
	if err := o.out.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		o.Fatal(err)
	}
	if c, err := o.lines.ReadByte(); !os.IsTimeout(err) {
		o.Errorf("it went on without the tracer: %q, %v", c, err)
	}
	o.untouched()
	o.signal(unix.SIGCONT)
	if got := o.line(); got != all {
		o.Errorf("when the tracer goes on: %s", got)
	}
	o.expect(0)
}

// stopped waits until each thread of sydbox is stopped: one takes the signal, and stops the others.
func (o *ordeal) stopped() {
	o.Helper()
	for end := time.Now().Add(hang); time.Now().Before(end); time.Sleep(time.Millisecond) {
		running := 0
		for _, task := range threadsIn(fmt.Sprintf("/proc/%d", o.cmd.Process.Pid)) {
			if !strings.Contains(entry(task, "stat"), ") T ") {
				running++
			}
		}
		if running == 0 {
			return
		}
	}
	o.Error("sydbox does not stop")
}

// tracerPanics runs a build that panics at the first call that it judges, at an exec, and at a death: the user is told
// that it is a bug, and what to do with it.
func (o *ordeal) tracerPanics() {
	o.sydbox = o.ablated
	for _, where := range []string{"syscall", "exec", "death"} {
		o.adjust = func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "SYDBOX_PANIC="+where) }
		o.start("probe")
		_, _ = o.stdin.Write([]byte{'x'}) // it may be dead already
		result := o.expect(125, "SYDBOX_PANIC="+where, "mistake in the sandbox itself", "hint: this is a bug")
		if where != "death" && result.stdout != "" {
			o.Errorf("at %s it went on: %s", where, result.stdout)
		}
	}
}

// reporterPanics runs a build whose reports panic: the rules hold, and the user is told.
func (o *ordeal) reporterPanics() {
	o.sydbox = o.ablated
	o.adjust = func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "SYDBOX_PANIC=report") }
	o.unharmed(125, "SYDBOX_PANIC=report", "mistake in the sandbox itself", "hint: this is a bug")
}
