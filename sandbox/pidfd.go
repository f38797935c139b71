package sandbox

import (
	"bytes"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// pidfd_send_signal(2) takes a pidfd or a directory /proc/PID. What a descriptor's number means can change before the
// kernel looks it up, so the tracer reads what it is on now, and sends the signal itself to the member that it is.

// Flags of pidfd_send_signal (linux/pidfd.h, Linux 6.9). Without one a pidfd says by its making what it is for.
const (
	pidfdThread = 1 << iota
	pidfdProcess
	pidfdGroup
)

// Numbers that stand for the caller without a descriptor (linux/fcntl.h). Linux 6.14 had another one for the process.
const (
	pidfdSelfThread = -10000
	pidfdSelf       = -10001
	pidfdSelfBefore = -20000
)

// pidfdSignal judges it.
func (b *box) pidfdSignal(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	if b.mode == WarnOnly {
		return tracer.Action{}
	}
	sig, flags := int(inv.Int(1)), inv.Uint(3)
	if flags != 0 && !pidfdFlags(flags) {
		return tracer.Deny(unix.EINVAL)
	}
	if inv.Int(0) < 0 && flags&pidfdGroup == 0 {
		return tracer.Action{} // the caller itself (PIDFD_SELF, Linux 6.14), or EBADF: no table is looked into
	}
	if b.namespaceOf(t) == namespaceTheirs {
		// From there the kernel lets a pidfd reach only whom the tree has made, and init drops what comes from inside
		// (access_pidfd_pidns, kernel/signal.c, Linux 5.1). And it says whom a signal is from, which for somebody outside it
		// replaces by 0.
		return tracer.Action{}
	}
	pid, single, errno := b.pidfd(t, int(inv.Int(0)))
	if errno != 0 {
		return tracer.Deny(errno)
	}
	if pid == 0 { // in a namespace that the tracer's has no numbers for
		return b.denyOutsider(t, inv, actSignal, event.Process{}, whyOutside)
	}
	var from sender
	var target taskStatus
	if b.ownRights() != 0 || b.sender(t, &from) != 0 {
		return tracer.Deny(unix.EPERM)
	}
	info, errno := b.pidfdInfo(t, inv, &from, sig)
	switch {
	case errno != 0:
		return tracer.Deny(errno)
	case flags&pidfdGroup != 0:
		return b.signalMany(t, inv, pid, sig)
	case !b.members.has(pid):
		return b.counted(t, inv, actSignal, pid)
	case b.carrier.domains.of[t.Process.TGID] != nil:
		return tracer.Deny(unix.EPERM) // as in signalMany
	case b.proc.status(pid, &target) != 0:
		return tracer.Deny(unix.ESRCH)
	case !from.may(unix.Signal(sig), pid, &target):
		return tracer.Deny(unix.EPERM)
	case flags&pidfdThread != 0, flags == 0 && single:
		return tracer.Deny(sigqueueThread(target.tgid, pid, sig, info))
	}
	return tracer.Deny(sigqueue(target.tgid, sig, info))
}

// pidfdFlags says whether this kernel knows the flags: it is asked with a signal that is none.
func pidfdFlags(flags uint32) bool {
	me, err := unix.PidfdOpen(unix.Getpid(), 0)
	if err != nil {
		return false
	}
	defer unix.Close(me)
	return unix.PidfdSendSignal(me, 0, nil, int(flags)) == nil
}

// pidfd returns the process that a descriptor of a task stands for, and whether it stands for a single thread.
func (b *box) pidfd(t *tracer.Task, fd int) (pid int, single bool, errno syscall.Errno) {
	switch {
	case fd == pidfdSelfThread, fd == pidfdSelf, fd == pidfdSelfBefore:
		return t.Process.TGID, false, 0
	case fd < 0:
		return 0, false, unix.EBADF
	}
	text, errno := b.proc.readFDInfo(t.TID, fd)
	if errno != 0 {
		return 0, false, unix.EBADF
	}
	flags, isFlags := infoLine(text, "flags:")
	number, isPidfd := infoLine(text, "Pid:")
	switch {
	case !isPidfd:
		return b.procDirectory(t, fd)
	case number[0] == '-':
		return 0, false, unix.ESRCH // it has been reaped
	}
	if isFlags {
		single = nextNumber(&flags, 8)&unix.O_EXCL != 0 // PIDFD_THREAD is O_EXCL
	}
	return int(nextNumber(&number, 10)), single, 0
}

// procDirectory is pidfd for a directory /proc/PID, which is one of the tracer's procfs or of nobody known.
func (b *box) procDirectory(t *tracer.Task, fd int) (pid int, single bool, errno syscall.Errno) {
	const flags = unix.O_PATH | unix.O_CLOEXEC | unix.O_DIRECTORY
	link := "/proc/" + strconv.Itoa(t.TID) + "/fd/" + strconv.Itoa(fd)
	dir, err := unix.Open(link, flags, 0)
	if err != nil {
		return 0, false, unix.EBADF
	}
	defer unix.Close(dir)
	var fs unix.Statfs_t
	var at, own unix.Stat_t
	var buf [64]byte
	n, err := unix.Readlink(link, buf[:])
	if err != nil || unix.Fstatfs(dir, &fs) != nil || fs.Type != unix.PROC_SUPER_MAGIC {
		return 0, false, unix.EBADF
	}
	number, ok := bytes.CutPrefix(buf[:n], []byte("/proc/"))
	if pid = leadingNumber(append(number, 0)); !ok || pid == 0 {
		return 0, false, unix.EBADF
	}
	// The text is what the directory was called when it was opened. It is that process if its inode is, which is its own
	// for as long as the process is not reaped.
	if unix.Fstat(dir, &at) == nil && b.inner != nil && b.res.Inner(uint64(at.Dev)) {
		name := "../" + strconv.Itoa(pid)
		if unix.Fstatat(dir, name, &own, unix.AT_SYMLINK_NOFOLLOW) != nil || at.Ino != own.Ino || at.Dev != own.Dev ||
			b.ownRights() != 0 {
			return 0, false, unix.ESRCH
		}
		return b.inner.find(pid), false, 0
	}
	if unix.Fstat(dir, &at) != nil || unix.Stat("/proc/"+strconv.Itoa(pid), &own) != nil ||
		at.Ino != own.Ino || at.Dev != own.Dev {
		return 0, false, unix.ESRCH
	}
	return pid, false, 0
}

// infoLine returns the value of a line of an fdinfo.
func infoLine(text []byte, key string) ([]byte, bool) {
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte(key)); ok {
			value = bytes.TrimSpace(value)
			return value, len(value) > 0
		}
	}
	return nil, false
}

// pidfdInfo is what the signal says of itself: what the caller wants it to say, from a copy of it.
func (b *box) pidfdInfo(t *tracer.Task, inv *syscalls.Invocation, from *sender, sig int) (unix.Siginfo, syscall.Errno) {
	if inv.Pointer(2) == 0 {
		return from.info(sig), 0
	}
	var raw [128]byte
	if errno := t.Read(inv.Pointer(2), raw[:]); errno != 0 {
		return unix.Siginfo{}, unix.EFAULT
	}
	order := byteOrder(inv)
	number := func(at int) int { return int(int32(order.Uint32(raw[at:]))) }
	// Three ints, of which MIPS has the last two the other way round, and then a union: process, user, value.
	code, fields := number(8), 12
	if runtimeMIPS {
		code = number(4)
	}
	if inv.ABI.PointerSize == 8 {
		fields = 16
	}
	switch {
	case number(0) != sig:
		return unix.Siginfo{}, unix.EINVAL
	case code >= 0, code == siTkill:
		return unix.Siginfo{}, unix.EPERM // it would pass for the kernel's own, or for kill(2)
	}
	value := uint64(order.Uint32(raw[fields+8:]))
	if inv.ABI.PointerSize == 8 {
		value = order.Uint64(raw[fields+8:])
	}
	return queueInfo(sig, code, number(fields), uint32(number(fields+4)), value), 0
}

// siTkill is SI_TKILL of asm-generic/siginfo.h.
const siTkill = -6
