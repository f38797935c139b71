package deputy

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Unix sockets tell their peers who is at the other end: SO_PEERCRED has the effective IDs and the groups of whoever
// called connect(2) or listen(2) (init_peercred in net/unix/af_unix.c), SCM_CREDENTIALS the real IDs of whoever sent
// (scm_send in include/net/scm.h). So for these calls the thread becomes the task as others see it.
//
// Its saved IDs stay the tracer's, so the way back is open: with user 0 among the three the permitted capabilities
// stay (capabilities(7), "Effect of user ID changes"). As long as the real ones stay, too, nobody gains the right to
// signal the thread (kill_ok_by_cred in kernel/signal.c looks at real and saved ones), and the effective ones are
// enough for all but descriptors that are sent: those are counted for the real user until they are received
// (too_many_unix_fds in net/core/scm.c). While a thread has the task's real IDs, for that one call, processes of the
// task's user could signal it: those of the tree cannot, because their kill(2) is judged or they are below Landlock's
// signal scope. Nobody may trace it or look into it: that takes all three IDs (__ptrace_may_access in
// kernel/ptrace.c), and a process that is dumpable.
//
// The process ID that a peer is told is the tracer's, but see send_control.go.

// Seen gives the thread the task's rights as Task does, and the effective IDs that peers are told of. Own takes all
// back. An error means that it has them in part: nothing must be done but Own.
func (d *Deputy) Seen() syscall.Errno { return d.become(false) }

// Whole is Seen with the task's real IDs besides.
func (d *Deputy) Whole() syscall.Errno { return d.become(true) }

func (d *Deputy) become(whole bool) syscall.Errno {
	if errno := d.Task(); errno != 0 {
		return errno
	}
	if d.whole || d.alone || d.looksAlike(whole) {
		return 0
	}
	if errno := d.setCaps(d.permitted); errno != 0 {
		return errno
	}
	d.whole = true
	users, groups := d.own.users, d.own.groupIDs
	users.effective, groups.effective = d.task.users.effective, d.task.groupIDs.effective
	if whole {
		users.real, groups.real = d.task.users.real, d.task.groupIDs.real
	}
	errno := setresgid(groups)
	if errno == 0 {
		errno = setresuid(users)
	}
	d.nowCaps = unknownCaps // what is effective went with user 0
	if errno != 0 {
		return errno
	}
	if d.exposing {
		setUndumpable()
	}
	// The file system IDs have become the effective ones (setresuid(2)).
	if d.task.uid != users.effective || d.task.gid != groups.effective {
		if errno := d.setCaps(d.permitted); errno != 0 {
			return errno
		}
		setfsgid(d.task.gid)
		setfsuid(d.task.uid)
		d.nowCaps = unknownCaps
	}
	if setfsgid(noID) != d.task.gid || setfsuid(noID) != d.task.uid {
		return unix.EPERM
	}
	return d.setCaps(d.acting)
}

// looksAlike says whether others cannot tell the task from the tracer by its IDs.
func (d *Deputy) looksAlike(whole bool) bool {
	a, b := &d.task, &d.own
	return a.users.effective == b.users.effective && a.groupIDs.effective == b.groupIDs.effective &&
		(!whole || a.users.real == b.users.real && a.groupIDs.real == b.groupIDs.real)
}

// partAgain takes back what Seen and Whole gave beyond Task's. What the thread has for files is unknown afterwards.
func (d *Deputy) partAgain() syscall.Errno {
	d.now, d.nowCaps = nil, unknownCaps
	if errno := d.setCaps(d.permitted); errno != 0 {
		return errno
	}
	errno := setresuid(d.own.users)
	d.nowCaps = unknownCaps
	if errno == 0 {
		errno = d.setCaps(d.permitted)
	}
	if errno == 0 {
		errno = setresgid(d.own.groupIDs)
	}
	if d.exposing {
		setUndumpable()
	}
	if errno != 0 {
		return errno
	}
	d.whole = false
	return 0
}
