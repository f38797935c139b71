package sandbox

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/policy"
)

// verdict is the strictest of what the rules say about all accesses of a call.
type verdict struct {
	decision policy.Decision
	// index and op tell which access and which operation decided.
	index int
	op    access.Op
	// natural is what the kernel would answer to the call anyway; 0 if nothing stands against it.
	natural syscall.Errno
	// why is set where no rule decided: the object cannot be judged.
	why string
}

// judge decides about all accesses in b.acc. A call is as forbidden as its strictest part.
func (b *box) judge() verdict {
	var v verdict
	for i := range b.acc.N {
		a := &b.acc.List[i]
		if v.natural == 0 {
			v.natural = a.Natural
		}
		b.judgeOne(i, a, &v)
	}
	return v
}

func (b *box) judgeOne(i int, a *access.Access, v *verdict) {
	o := &a.Object
	if o.Refuse != 0 {
		b.judgeNameless(i, a, v)
		return
	}
	if a.Mode&unix.S_IFMT != 0 && isDevice(a.Mode) && !b.devices {
		v.take(policy.Decision{Action: policy.Deny, Errno: unix.EPERM}, i, access.Create, whyDevice)
		return
	}
	if a.Addr.Family != 0 && !a.Addr.Path() {
		b.judgeAddress(i, a, v)
		return
	}
	if o.Kind == access.Anonymous {
		a.ByInode = true
		b.borrows(i, a, v)
		return // pipes, sockets, memfds, deleted files: free to whoever holds them
	}
	if len(o.Path) == 0 {
		// The name leads nowhere (EBADF): the kernel would fail the call, so nothing but that failure may come out.
		if o.Errno != 0 {
			v.take(policy.Decision{Action: policy.Mute, Errno: o.Errno}, i, firstOp(a.Op), "")
		}
		return
	}
	if b.reaches(i, a, v) {
		return
	}
	if b.holds(a) {
		v.take(policy.Decision{Action: policy.Mute, Errno: unix.EBUSY}, i, access.Delete, "")
		return
	}
	if ablated(protectHeld) && o.Held != 0 {
		return
	}
	ops := a.Op &^ (o.Held & (access.Read | access.Write)) // reopening one's own descriptor gives nothing new
	a.ByInode = a.ByInode || ops != a.Op
	for op := range ops.Ops() {
		if d := b.decide(op, a); d.Action > v.decision.Action {
			v.take(d, i, op, "")
		}
	}
}

// judgeNameless decides about an object that no rule can speak of, because it has no name in the target's root.
func (b *box) judgeNameless(i int, a *access.Access, v *verdict) {
	o := &a.Object
	if o.Refuse == unix.ENOENT || o.Refuse == unix.ESRCH {
		// The task was killed while it was stopped here: nothing in /proc leads anywhere any more. It will never see
		// this answer, and nobody needs to read of it.
		v.take(policy.Decision{Action: policy.Mute, Errno: o.Refuse}, i, firstOp(a.Op), "")
		return
	}
	if a.Op&^o.Held == 0 || ablated(protectNameless) {
		// An O_TMPFILE that was given a name, say: whoever holds it writable may write it.
		o.Refuse, a.ByInode = 0, true
		return
	}
	v.take(policy.Decision{Action: policy.Deny, Errno: o.Refuse}, i, firstOp(a.Op), whyNameless(o.Refuse))
}

// decide asks the policy about one operation.
func (b *box) decide(op access.Op, a *access.Access) policy.Decision {
	o, q := &a.Object, &b.query
	*q = policy.Query{Op: op, Path: o.Path}
	if op&(access.Connect|access.Bind) != 0 {
		b.addressQuery(q, a)
	}
	q.Member = o.PID != 0 && (b.members.own(o.PID) || ablated(protectMembers))
	q.Stdio = o.Kind != access.Missing && b.stdio.covers(o, op)
	a.ByInode = a.ByInode || q.Stdio || q.Member
	return b.policy.Decide(q)
}

func (v *verdict) take(d policy.Decision, index int, op access.Op, why string) {
	if d.Action <= v.decision.Action {
		return
	}
	v.decision, v.index, v.op, v.why = d, index, op, why
}

// Reasons of denials that no rule made.
const (
	whyRefused = "the name cannot be judged: it has no place in the sandbox's root, or the process may not be looked into"
	whyDevice  = "device nodes are not made in a sandbox; lift it with [syscalls] allow = [\"devices\"]"
	whyRights  = "sydbox may not take the rights of the process's user; `sydbox features` says what to change"
	whyBlind   = "the process made itself non-dumpable, so an unprivileged tracer cannot read its arguments"
)

// firstOp returns the operation of a set that a report names first.
func firstOp(ops access.Op) access.Op {
	for op := range ops.Ops() {
		return op
	}
	return 0
}

// isDevice says whether mode makes a device node. Character device 0:0 is a whiteout, but its number is in another
// register; overlay work is no build's business.
func isDevice(mode uint32) bool {
	t := mode & unix.S_IFMT
	return t == unix.S_IFCHR || t == unix.S_IFBLK
}
