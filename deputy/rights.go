package deputy

import (
	"fmt"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// rights is with whose rights the thread looks and acts.
//
// Usually a task has the tracer's own and nothing is switched. A tracer without capabilities cannot meet any other:
// credentials that differ take a capability or a set-user-ID program, and the kernel gives a traced program neither
// unless its tracer has CAP_SYS_PTRACE (cap_bprm_creds_from_file in security/commoncap.c). Any other tracer reads the
// task's at each stop: a task that waits in its stop cannot change them, and its number belongs to nobody else until
// the tracer has reaped it.
//
// Switching changes file system IDs, groups and effective capabilities of this thread only, never the real or saved
// IDs: nobody gains the right to signal or trace it, and the way back is always open. The thread has no capability
// then that the task lacks: CAP_DAC_OVERRIDE would open what is closed to it, and CAP_SYS_PTRACE other processes'
// entries of procfs. What the tracer looks up for itself it does with its own. Only for calls that others are told
// the caller's real or effective IDs of it takes those, too: see Seen.
type rights struct {
	own                    identity
	permitted, inheritable uint64
	alone                  bool // every task has the tracer's rights
	namespaces             bool // tasks may be in other user namespaces
	ownNetwork             bool // the tree has a network namespace of its own
	namespace              [64]byte
	namespaceLen           int
	introduces             bool // what a task says of itself can be said for it
	exposing               bool // fs.suid_dumpable is 1: a change of IDs makes the tracer dumpable

	tid    int
	tgid   int // 0 if it was not read at this stop
	task   identity
	acting uint64 // the capabilities that the thread has for the task
	same   bool   // they and the rest are the tracer's own: nothing is switched
	alike  bool   // the rest is: only capabilities are switched
	one    bool   // the task's real IDs are those for files
	may    uint64 // the task's permitted capabilities, as far as the tracer has them

	now     *identity // what the thread has; nil if a switch failed on the way
	nowCaps uint64    // its effective capabilities, unknownCaps if they have to be set anew
	whole   bool      // its effective IDs, and perhaps the real ones, are or may be the task's
	refused bool      // a switch has failed

	umask     int // the thread's, -1 if it was never set
	ownUmask  int // the process's, while the thread has the task's and shares it
	shared    bool
	taskUmask int // the task's, -1 if it was not read at this stop

	status []byte   // room for a /proc/TID/status
	spare  []uint32 // room for groups that nobody asked for
}

// identity is what decides about access to files.
type identity struct {
	uid, gid  uint32 // for files: fsuid and fsgid
	groups    []uint32
	effective uint64
	// users and groupIDs are what others are told. They do not decide about files.
	users, groupIDs triple
}

// triple are the real, effective and saved ID of a thread.
type triple struct{ real, effective, saved uint32 }

func (t triple) has(id uint32) bool { return id == t.real || id == t.effective || id == t.saved }

func (a *identity) is(b *identity) bool {
	return a.uid == b.uid && a.gid == b.gid && slices.Equal(a.groups, b.groups)
}

const (
	unknownCaps = ^uint64(0)
	// statusMax bounds a status file: 65536 groups (NGROUPS_MAX) of ten digits are its longest line.
	statusMax = 1 << 20
)

// readOwn notes the tracer's rights.
func (d *Deputy) readOwn(o Options) error {
	d.status = make([]byte, 8<<10)
	d.umask, d.taskUmask, d.same, d.namespaces = -1, -1, true, o.UserNamespaces
	d.ownNetwork = o.OwnNetwork
	var s status
	if errno := d.readStatus(0, &s, &d.own); errno != 0 {
		return fmt.Errorf("read /proc/thread-self/status for the tracer's own rights: %w", errno)
	}
	d.permitted, d.inheritable = s.permitted, s.inheritable
	d.alone = s.permitted == 0 && s.one
	d.one = d.alone
	d.introduces = d.own.effective&introducing == introducing && canIntroduce()
	d.now, d.nowCaps = &d.own, d.own.effective
	dumpable, known := d.setting("sys/fs/suid_dumpable\x00")
	d.exposing = dumpable == 1 || !known
	if d.namespaces {
		n, errno := readlink(d.proc, d.entry(0, "ns/user"), d.namespace[:])
		if errno != 0 && errno != unix.ENOENT { // ENOENT: a kernel without user namespaces
			return fmt.Errorf("read /proc/thread-self/ns/user: %w", errno)
		}
		d.namespaceLen = max(n, 0)
	}
	return nil
}

// Assume makes tid, a task in a ptrace-stop, the one that is acted for from now on. It is called at each stop before
// anything is looked up; the thread keeps its own rights. An error means that the task's rights cannot be told, and so
// nothing may be done for it: ESRCH if it is gone. It allocates nothing.
func (d *Deputy) Assume(tid int) syscall.Errno {
	d.tid, d.tgid, d.taskUmask = tid, 0, -1
	if errno := d.Own(); errno != 0 {
		return errno
	}
	if d.alone {
		return 0
	}
	d.same, d.alike = false, false
	d.acting = 0
	var s status
	if errno := d.readStatus(tid, &s, &d.task); errno != 0 {
		return errno
	}
	d.taskUmask, d.one, d.tgid = s.umask, s.one, s.tgid
	effective, may := d.task.effective, s.permitted
	if d.namespaces && d.elsewhere() {
		effective, may = 0, 0 // capable towards its own namespace only
	}
	d.acting, d.may = effective&d.permitted, may&d.permitted
	d.alike = d.task.is(&d.own)
	d.same = d.alike && d.acting == d.own.effective
	return 0
}

// elsewhere says whether the task is in another user namespace than the tracer, or that this cannot be told.
func (d *Deputy) elsewhere() bool {
	if d.onTracer != nil {
		return d.askElsewhere()
	}
	return d.elsewhereHere()
}

func (d *Deputy) elsewhereHere() bool {
	var text [len(d.namespace)]byte
	n, errno := readlink(d.proc, d.entry(d.tid, "ns/user"), text[:])
	if errno == unix.ENOENT && d.namespaceLen == 0 {
		return false
	}
	return errno != 0 || string(text[:n]) != string(d.namespace[:d.namespaceLen])
}

// Task gives the thread the task's rights. An error means that it does not have them, and must neither look nor act.
func (d *Deputy) Task() syscall.Errno {
	if d.same {
		return d.Own()
	}
	who := d.who()
	if d.now == who && d.nowCaps == d.acting {
		return 0
	}
	return d.change(who, d.acting)
}

// who is what decides about the files of the task, the tracer's own where that is the same: then the thread needs no
// other IDs, whose change costs several times what capabilities do.
func (d *Deputy) who() *identity {
	if d.same || d.alike {
		return &d.own
	}
	return &d.task
}

// act is Task for a call that is about to be done. With creates it gives the thread the task's umask too, which stays
// until the next such call: only the tracer's thread has it.
func (d *Deputy) act(creates bool) syscall.Errno {
	if creates {
		if errno := d.takeUmask(); errno != 0 {
			return errno
		}
	}
	return d.Task()
}

// Own gives the thread its own rights back.
func (d *Deputy) Own() syscall.Errno {
	if d.whole {
		if errno := d.partAgain(); errno != 0 {
			return errno
		}
	}
	if d.now == &d.own && d.nowCaps == d.own.effective {
		return 0
	}
	return d.change(&d.own, d.own.effective)
}

// change switches the thread. All that is permitted is in effect meanwhile: it takes CAP_SETUID and CAP_SETGID. If it
// fails, the thread has a mixture that the next change replaces; until then nothing is done for anybody.
func (d *Deputy) change(who *identity, caps uint64) syscall.Errno {
	errno := d.changeTo(who, caps)
	d.refused = d.refused || errno != 0
	return errno
}

func (d *Deputy) changeTo(who *identity, caps uint64) syscall.Errno {
	if d.now != who {
		var have []uint32
		if d.now != nil {
			have = d.now.groups
		}
		if errno := d.setCaps(d.permitted); errno != 0 {
			return errno
		}
		known := d.now != nil
		d.now = nil
		if !known || !slices.Equal(have, who.groups) {
			if errno := setgroups(who.groups); errno != 0 {
				return errno
			}
		}
		// These have no error of their own: what they changed from is what they return (setfsuid(2), BUGS).
		setfsgid(who.gid)
		setfsuid(who.uid)
		if d.exposing {
			setUndumpable() // commit_creds gives the process the value of fs.suid_dumpable, in either direction
		}
		d.nowCaps = unknownCaps // changed with the IDs: capabilities(7), "Effect of user ID changes"
		if setfsgid(noID) != who.gid || setfsuid(noID) != who.uid {
			return unix.EPERM
		}
		d.now = who
	}
	return d.setCaps(caps)
}

func (d *Deputy) setCaps(effective uint64) syscall.Errno {
	if d.nowCaps == effective {
		return 0
	}
	d.nowCaps = unknownCaps
	errno := capset(effective, d.permitted, d.inheritable)
	if errno == 0 {
		d.nowCaps = effective
	}
	return errno
}

// takeUmask gives the thread the task's umask, which is in its status since Linux 4.7.
func (d *Deputy) takeUmask() syscall.Errno {
	if d.taskUmask < 0 {
		var s status
		if errno := d.readStatus(d.tid, &s, &d.task); errno != 0 {
			return errno
		}
		d.taskUmask = s.umask
	}
	if d.taskUmask != d.umask {
		d.ownUmask = setUmask(d.taskUmask)
		d.umask = d.taskUmask
	}
	return 0
}

// returnUmask gives the process its own umask back where the thread has none for itself.
func (d *Deputy) returnUmask() {
	if d.shared && d.umask >= 0 {
		setUmask(d.ownUmask)
		d.umask = -1
	}
}
