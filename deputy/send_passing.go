package deputy

import (
	"encoding/binary"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// What a message passes on: descriptors, and who sends it. The rules are those of send_control.go.

// rights is SCM_RIGHTS.
func (k *control) rights(d *Deputy, s *Socket, data []byte) syscall.Errno {
	if s.Domain != unix.AF_UNIX {
		k.append(unix.SOL_SOCKET, unix.SCM_RIGHTS, nil) // EINVAL, or ignored; never a number of a descriptor of ours
		return 0
	}
	n := len(data) / 4
	if n > rightsMax || len(k.borrowed)+n > rightsMax {
		return unix.EINVAL
	}
	to := k.append(unix.SOL_SOCKET, unix.SCM_RIGHTS, data[:4*n])
	for i := range n {
		fd, errno := d.borrow(int32(binary.NativeEndian.Uint32(to[4*i:])))
		switch errno {
		case 0:
		case unix.ENOSYS:
			return unix.EPERM
		default:
			return errno
		}
		k.borrowed = append(k.borrowed, fd)
		binary.NativeEndian.PutUint32(to[4*i:], uint32(fd))
	}
	return 0
}

// credentials is SCM_CREDENTIALS. may: the tracer may introduce the task.
func (k *control) credentials(d *Deputy, s *Socket, data []byte, may bool) syscall.Errno {
	if s.Domain != unix.AF_UNIX && s.Domain != unix.AF_NETLINK {
		k.append(unix.SOL_SOCKET, unix.SCM_CREDENTIALS, data) // ignored
		return 0
	}
	if len(data) != unix.SizeofUcred {
		return unix.EINVAL
	}
	number := func(i int) uint32 { return binary.NativeEndian.Uint32(data[4*i:]) }
	pid, depth, errno := d.innermost()
	if errno != 0 {
		return errno
	}
	if errno := d.mayClaim(number(1), number(2)); errno != 0 {
		return errno
	}
	switch {
	case pid == int(int32(number(0))):
		return k.claim(d, number(1), number(2), may && s.Domain == unix.AF_UNIX)
	case d.can(unix.CAP_SYS_ADMIN) && d.introduces && depth == 1: // numbers mean to the tracer what they mean to the task
		k.append(unix.SOL_SOCKET, unix.SCM_CREDENTIALS, data)
		return 0
	}
	return unix.EPERM
}

// claim says that the task is who sends.
func (k *control) claim(d *Deputy, uid, gid uint32, may bool) syscall.Errno {
	pid := unix.Getpid()
	if may {
		var errno syscall.Errno
		if pid, errno = d.process(); errno != 0 {
			return errno
		}
		k.introduces = true
	}
	var data [unix.SizeofUcred]byte
	binary.NativeEndian.PutUint32(data[0:], uint32(pid))
	binary.NativeEndian.PutUint32(data[4:], uid)
	binary.NativeEndian.PutUint32(data[8:], gid)
	k.append(unix.SOL_SOCKET, unix.SCM_CREDENTIALS, data[:])
	return 0
}

// introducing are the capabilities that let a thread claim to be anybody.
const introducing = 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID

// canIntroduce says whether the calling thread can claim process IDs that are not its own: CAP_SYS_ADMIN has to be one
// towards the user namespace that its PID namespace belongs to. It is tried with the number of another thread.
func canIntroduce() bool {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return false
	}
	for _, t := range threads {
		tid, _ := strconv.Atoi(t.Name())
		if tid == 0 || tid == unix.Getpid() {
			continue
		}
		who := unix.UnixCredentials(&unix.Ucred{Pid: int32(tid), Uid: uint32(unix.Getuid()), Gid: uint32(unix.Getgid())})
		if err := unix.Sendmsg(pair[0], nil, who, nil, 0); err != unix.ESRCH { // of a thread that has just ended
			return err == nil
		}
	}
	return false
}

// mayIntroduce says whether the tracer may claim for the task what it sends with these control messages.
func (d *Deputy) mayIntroduce(r controlReader) bool {
	if d.alone || !d.introduces {
		return false
	}
	for !d.can(unix.CAP_SYS_ADMIN) {
		level, kind, data, errno := r.next()
		if errno != 0 || data == nil {
			break
		}
		if level == unix.SOL_SOCKET && kind == unix.SCM_RIGHTS && len(data) >= 4 {
			return false
		}
	}
	return true
}

// can says whether the task has a capability.
func (d *Deputy) can(capability int) bool {
	if d.alone {
		return d.own.effective&(1<<capability) != 0
	}
	return d.acting&(1<<capability) != 0
}

// mayClaim says whether the task may say that it has these IDs: EPERM if not.
func (d *Deputy) mayClaim(uid, gid uint32) syscall.Errno {
	who := &d.task
	if d.alone {
		who = &d.own
	}
	if (who.users.has(uid) || d.can(unix.CAP_SETUID)) && (who.groupIDs.has(gid) || d.can(unix.CAP_SETGID)) {
		return 0
	}
	return unix.EPERM
}
