package tracer

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// runAs lets another call run in place of the one that the task stopped before. From Linux 4.8 on the kernel runs the
// filter again on the number that it finds after a seccomp-stop (__seccomp_filter in kernel/seccomp.c): a verdict to trace
// passes, all others apply.
func (t *tracer) runAs(task *Task, action *Action) {
	s := &task.state
	nr, known := syscalls.Number(s.inv.ABI, action.Call.Name)
	size, errno := getRegset(task.TID, setPrstatus, t.regs.Buffer())
	switch {
	case errno == unix.ESRCH:
		return
	case !known || errno != 0 || !t.regs.Bind(s.inv.ABI, size):
		t.giveResult(task, -int64(unix.ENOSYS))
		return
	}
	if s.args == nil {
		s.args = new([6]uint64)
	}
	for i, v := range action.Args {
		s.args[i] = t.argWord(i, v)
	}
	if t.cannotSet() {
		if t.becomeByInfo(task.TID, int32(nr), &action.Args) != 0 {
			t.giveResult(task, -int64(unix.ENOSYS)) // before 6.16
			return
		}
	} else if errno := t.become(task.TID, int32(nr)); errno != 0 {
		t.check(task.TID, errno)
		return
	}
	s.wanted = wantArgs
	t.resume(task)
}

// putArgsBack gives the task the registers that it called with: programs rely on them (the i386 ABI clobbers none but
// the result). It does so at the exit stop of the call.
func (t *tracer) putArgsBack(task *Task) (errno syscall.Errno) {
	s := &task.state
	size, errno := getRegset(task.TID, setPrstatus, t.regs.Buffer())
	if errno != 0 {
		return errno
	}
	if !t.regs.Bind(s.inv.ABI, size) {
		return unix.EIO
	}
	layout := t.regs.Layout()
	for i, v := range s.args {
		if layout.Args[i] != layout.Result { // where it is, the program sees the result
			t.argWord(i, v)
		}
	}
	if origAX == 0 {
		t.regs.SetNumber(int32(s.inv.Nr)) // as in setResult
	}
	return setRegset(task.TID, setPrstatus, t.regs.Bytes())
}
