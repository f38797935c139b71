package tracer

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// rawCall is a call as the kernel describes it: a number, registers, and the ABI that they belong to.
type rawCall struct {
	abi  *arch.ABI // nil: nobody knows
	ip   uint64
	nr   uint64
	args [6]uint64
}

// readCall says which call the task makes at its seccomp stop. ESRCH means that the task is dying, or is no longer the
// one that stopped: its next wait status will tell.
func (t *tracer) readCall(tid int, c *rawCall) syscall.Errno {
	if t.noInfo {
		return t.callFromRegisters(tid, c)
	}
	errno := getSyscallInfo(tid, &t.info)
	switch errno {
	case 0:
	case unix.ESRCH:
		return errno
	default:
		// EIO: before Linux 5.3, or a port without it. Once is enough: it does not come back.
		t.noInfo = true
		return t.callFromRegisters(tid, c)
	}
	if t.info.op != opSeccomp {
		// The leader of a thread group stopped, and before we looked another thread's exec took its TID over: this is
		// that thread in PTRACE_EVENT_EXEC, and must not be resumed before its event has been seen. From 5.13 (and
		// stable kernels) ptrace refuses with ESRCH by itself until then.
		return unix.ESRCH
	}
	// Only the low 32 bits of a number count, as in the kernel; garbage above them must not hide a call.
	c.nr = uint64(uint32(t.info.nr))
	c.args, c.ip = t.info.args, t.info.ip
	c.abi = arch.Find(t.info.arch, c.nr)
	return 0
}

// callFromRegisters does the same without PTRACE_GET_SYSCALL_INFO.
func (t *tracer) callFromRegisters(tid int, c *rawCall) syscall.Errno {
	size, errno := getRegset(tid, setPrstatus, t.regs.Buffer())
	if errno != 0 {
		return errno
	}
	c.abi = t.abiFromRegisters(tid, size)
	if c.abi == nil || !t.regs.Bind(c.abi, size) {
		// Nobody knows; or what was looked at was no longer that of the task that stopped, because it was killed
		// meanwhile or another thread's exec took its TID and its memory. Then ptrace says ESRCH now.
		c.abi = nil
		_, errno := getRegset(tid, setPrstatus, t.regs.Buffer())
		return errno
	}
	c.nr, c.ip = uint64(t.regs.Number()), t.regs.IP()
	for i := range c.args {
		v, ok := t.regs.Arg(i)
		if !ok {
			c.abi = nil // riscv64 loses argument 0; but seccomp is younger there than the request, so it has that
			return 0
		}
		c.args[i] = v
	}
	return 0
}

// callResult returns at which end of its call a task is that stopped there (opEntry, opExit), and what the call
// returned.
func (t *tracer) callResult(task *Task) (value int64, op uint8, errno syscall.Errno) {
	if !t.noInfo {
		if errno := getSyscallInfo(task.TID, &t.info); errno != 0 {
			return 0, 0, errno
		}
		return t.info.result(), t.info.op, 0
	}
	size, errno := getRegset(task.TID, setPrstatus, t.regs.Buffer())
	if errno != 0 {
		return 0, 0, errno
	}
	if t.regs.Bind(task.state.inv.ABI, size) {
		return t.regs.Result(), opExit, 0
	}
	// The call was an exec into the other mode: whatever the registers are called now, it succeeded.
	return 0, opExit, 0
}

// result is what the call returned at whose exit the kernel described it.
func (i *syscallInfo) result() int64 {
	if abi := arch.Find(i.arch, 0); abi != nil {
		return abi.Result(i.nr)
	}
	return int64(i.nr)
}

// skip makes the kernel leave out the call that the task stopped before and return value instead. On kernels from 4.8
// on one stop does: number -1 skips, and the result register is left as it is set here. reason wantResult asks for the
// exit stop, where alone a result can be set on a port whose registers nobody has written down.
func (t *tracer) skip(tid int, abi *arch.ABI, value int64) (reason exitReason, errno syscall.Errno) {
	size, errno := getRegset(tid, setPrstatus, t.regs.Buffer())
	if errno == unix.ESRCH {
		return wantNothing, errno
	}
	if errno != 0 || !t.regs.Bind(abi, size) {
		return wantResult, t.becomeByInfo(tid, -1, nil)
	}
	t.regs.SetResult(value)
	return wantNothing, t.become(tid, -1)
}

// become makes number nr of the call that the task stopped before, with the registers that are bound.
func (t *tracer) become(tid int, nr int32) syscall.Errno {
	if !t.regs.SetNumber(nr) {
		if errno := setSystemCall(tid, nr); errno != 0 {
			return errno
		}
	}
	return setRegset(tid, setPrstatus, t.regs.Bytes())
}

// becomeByInfo does it through PTRACE_SET_SYSCALL_INFO, which knows every port's registers (Linux 6.16; EIO before),
// also where a result lies over argument 0 (arch.RegLayout.Arg0Lost). Without args they stay as they are.
func (t *tracer) becomeByInfo(tid int, nr int32, args *[6]uint64) syscall.Errno {
	if t.noInfo {
		return unix.EIO
	}
	if errno := getSyscallInfo(tid, &t.info); errno != 0 {
		return errno
	}
	t.info.nr, t.info.retData = uint64(int64(nr)), 0
	if args != nil {
		t.info.args = *args
	}
	return setSyscallInfo(tid, &t.info)
}

// cannotSet says that argument 0 is out of reach of the bound register set.
func (t *tracer) cannotSet() bool { return t.opt.infoSets || t.regs.Layout().Arg0Lost }

// setResult sets at its exit stop what a call returned that was made to do nothing.
func (t *tracer) setResult(task *Task) syscall.Errno {
	s := &task.state
	size, errno := getRegset(task.TID, setPrstatus, t.regs.Buffer())
	if errno != 0 {
		return errno
	}
	if !t.regs.Bind(s.inv.ABI, size) {
		return t.setResultByInfo(task.TID, s.value)
	}
	if s.spoilt {
		t.argWord(0, s.fd)
		s.spoilt = false
	}
	if origAX == 0 {
		t.regs.SetNumber(int32(s.inv.Nr)) // where the program sees that register (riscv64)
	}
	t.regs.SetResult(s.value) // where that register is argument 0 too, the result is what the program sees
	return setRegset(task.TID, setPrstatus, t.regs.Bytes())
}

// setResultByInfo does it as becomeByInfo.
func (t *tracer) setResultByInfo(tid int, value int64) syscall.Errno {
	if errno := getSyscallInfo(tid, &t.info); errno != 0 {
		return errno
	}
	t.info.nr = uint64(value)
	t.info.args[0] = 0 // is_error follows the result
	if value < 0 && value >= -maxErrno {
		*t.info.isError() = 1
	}
	return setSyscallInfo(tid, &t.info)
}

// maxErrno is the kernel's MAX_ERRNO: results from -4095 to -1 are errors.
const maxErrno = 4095
