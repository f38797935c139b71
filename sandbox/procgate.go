package sandbox

import (
	"bytes"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/policy"
)

// What lies below /proc/PID of an outsider is the outsider: writing there changes its memory, its name, how soon it is
// killed when memory is short. No rule about files can mean that, so it is refused whatever the rules say, by the name
// "outsiders". Reading is refused where opens for reading stop anyway, and only what the kernel itself keeps from
// processes that may not trace one another.

// reaches says whether an access is to an outsider in that way, and decides about it.
func (b *box) reaches(i int, a *access.Access, v *verdict) bool {
	o := &a.Object
	if o.PID == 0 || !b.guarded || b.members.own(o.PID) && !b.sharesSession(o) {
		return false
	}
	wanted := a.Op &^ (o.Held & (access.Read | access.Write)) // what was inherited was given
	op := wanted & (access.Write | access.Create | access.Delete | access.Attr)
	if op == 0 && private(o.Path) {
		op = wanted & access.Read
	}
	if op == 0 {
		return false
	}
	v.take(policy.Decision{Action: policy.Deny, Errno: unix.EACCES}, i, firstOp(op), whyOutside)
	return true
}

// sharesSession says whether an entry of a process is its whole session's, and that of outsiders: "autogroup" is how much
// of the processors all of a session get (sched(7)). Whose session's leader is gone counts as an outsider's.
func (b *box) sharesSession(o *access.Object) bool {
	if !bytes.HasSuffix(o.Path, []byte("/autogroup")) {
		return false
	}
	leader, err := unix.Getsid(o.PID)
	return err != nil || !b.members.has(leader)
}

// borrows decides about an object without a name that was reached through a descriptor: it must be open there for what
// is wanted. A handle (O_PATH) can be had on anything, an outsider's deleted file and pipes too, and so can a descriptor
// for reading where reads do not stop. Who holds one for writing was given it, or has made the object.
func (b *box) borrows(i int, a *access.Access, v *verdict) {
	o := &a.Object
	if !b.guarded || o.PID == 0 && !a.Name.FD && !a.Name.Empty {
		return
	}
	over := access.Op(0)
	if o.Held&access.Write == 0 {
		over = a.Op & access.Write
	}
	if o.Held == 0 && o.PID != 0 {
		over |= a.Op & (access.Read | access.Attr)
	}
	if over != 0 {
		v.take(policy.Decision{Action: policy.Deny, Errno: unix.EACCES}, i, firstOp(over), whyBorrowed)
	}
}

// privateEntries are the entries of /proc/PID that the kernel shows to those only who may trace the process (proc(5)).
var privateEntries = map[string]bool{
	"auxv": true, "environ": true, "fd": true, "fdinfo": true, "io": true, "map_files": true, "maps": true, "mem": true,
	"numa_maps": true, "pagemap": true, "personality": true, "smaps": true, "smaps_rollup": true, "stack": true,
	"syscall": true, "timers": true,
}

// private says whether a path in /proc/PID is one of them, or below it. It allocates nothing.
func private(path []byte) bool {
	var parts [4][]byte // PID, entry; or PID, "task", TID, entry
	n := 0
	rest, _ := bytes.CutPrefix(path, []byte("/proc/"))
	for more := true; more && n < len(parts); n++ {
		parts[n], rest, more = bytes.Cut(rest, []byte{'/'})
	}
	entry := parts[1]
	if string(entry) == "task" {
		entry = parts[3]
	}
	return privateEntries[string(entry)]
}
