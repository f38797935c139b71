package sandbox

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/pathres"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer"
	"sydbox/tracer/launch"
)

// box is the tracer's Handler: it turns stops into decisions. Everything in it belongs to the tracer's thread; only
// the reports leave it, over a channel.
type box struct {
	policy  *policy.Policy
	mode    Mode
	res     *pathres.Resolver
	stdio   stdio
	members members
	reports *reports

	// deniesCalls: [harden] deny_calls holds.
	deniesCalls bool
	// devices says that mknod of a device is judged like any other file ("devices" is lifted).
	devices bool
	// unprivileged: no_new_privs is required, so no program of the tree has more rights than the tracer.
	unprivileged bool
	// execs is nil if no rule can deny an exec.
	execs *execJudge
	// net is what calls on sockets are judged by.
	net traffic
	// carrier does what was allowed.
	carrier carrier
	// pin says whether calls are to be carried out by the tracer.
	pin bool
	// near: tasks may stay on the tracer's CPU.
	near bool
	// inForce is what protects this run; complete before the target runs.
	inForce InForce
	// inside are the namespaces that the tree was born into; complete as above.
	inside launch.Inside
	// inner is nil unless the tree has a PID namespace to itself.
	inner *innerNumbers
	// covers are the files that something is mounted on in there; nil for none.
	covers map[cover]bool
	// hardening is what the target was started with; complete as above.
	hardening hardening
	// err is what ended the run before the target ran.
	err error

	// proc looks into /proc for calls that act on processes; guarded says that outsiders are out of bounds.
	proc    procfs
	guarded bool

	// Reused at each stop, so that an allowed call allocates nothing.
	acc   access.Accesses
	query policy.Query
}

func newBox(c *Cmd, res *pathres.Resolver, reports *reports) *box {
	b := &box{
		policy:  c.Policy,
		mode:    c.Mode,
		res:     res,
		reports: reports,
		devices: c.Policy.Lifted("devices"),

		deniesCalls: c.Mode == Enforce && !ablated(protectCalls),

		unprivileged: c.NoNewPrivs == Required,
		pin:          c.Mode == Enforce && c.Policy.Pinning() != "off" && !ablated(protectPinning),
		near:         c.Policy.Run().Placement == "near",
	}
	b.members = newMembers(&b.proc)
	b.guarded = !c.Policy.Lifted(refusalOutsiders)
	if b.guarded {
		b.carrier.options.Member = b.members.own
	}
	b.carrier.options.Routing = !c.Policy.PolicesNetwork() || c.Policy.Lifted("routing")
	// Also where it was only preferred and could not be had: then there is nothing to lead to but the host's network.
	network, obstacle := c.Policy.NetworkNamespace()
	b.carrier.options.OwnNetwork = levelNamed(network) != Off && obstacle == nil
	b.carrier.options.UserNamespaces = c.Policy.Lifted("userns") || c.Policy.Lifted("clone3")
	if c.Policy.Polices(access.Exec) {
		b.execs = newExecJudge(b)
	}
	res.Member = b.members.has
	return b
}

// Syscall judges a call that the prefilter stopped.
func (b *box) Syscall(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	if b.deniesCalls {
		if errno, denied := b.policy.Denies(inv); denied {
			return tracer.Deny(errno)
		}
	}
	switch inv.Call {
	case callSocketcall:
		if action, done := b.socketcall(t, inv); done {
			return action
		}
	case callPrctl:
		return b.setName(t, inv) // PR_SET_SECCOMP stops for the tracer itself
	case callGetCPUs:
		return tracer.Action{} // stops for the tracer itself
	case callSetCPUs, callSetScheduling:
		if !b.guarded {
			return tracer.Action{} // the same
		}
	case callAddRule:
		if b.carrier.deputy != nil {
			return b.carrier.domains.addRule(t, inv)
		}
		return tracer.Action{}
	case callChroot:
		if b.execs != nil {
			b.execs.ways.leave()
		}
		if !b.policy.Polices(access.Stat) {
			return tracer.Action{} // it stops for that alone
		}
	case callRestrictSelf:
		if b.carrier.deputy != nil {
			return b.carrier.domains.restrict(t, inv)
		}
		return tracer.Action{}
	}
	if n := b.net.names; n != nil {
		// A call that stops anyway may be one of those that are waited for.
		n.join(t)
		if action, done := n.followed(t, inv); done {
			return action
		}
	}
	switch {
	case inv.Call == callSocket, inv.Call == callSocketpair:
		return b.family(t, inv, &inv.Args)
	case inv.Call.Class == syscalls.Net:
		return b.network(t, inv)
	}
	if judge := taskCallOf(inv); judge != nil {
		return judge(b, t, inv)
	}
	for range attempts {
		action, again := b.once(t, inv)
		if !again {
			return action
		}
	}
	return tracer.Deny(unix.EAGAIN)
}

// turnTo makes t the task whose names are looked up from now on, and with whose rights. It is called at each stop at
// which anything is looked up: what the last one left behind is another task's.
func (b *box) turnTo(t *tracer.Task) syscall.Errno {
	b.res.Task(t.TID, t.Process.TGID)
	b.res.Shared = b.pin && t.Process.SharesFiles() // with pinning off races are nobody's business
	if d := b.carrier.deputy; d != nil && !ablated(protectRights) {
		return d.Assume(t.TID)
	}
	return 0
}

// describe reads what a call does to what, into b.acc. done says that the action is the answer to it: it cannot be told, or
// the kernel would not understand it either.
func (b *box) describe(t *tracer.Task, inv *syscalls.Invocation) (action tracer.Action, done bool) {
	if errno := b.turnTo(t); errno != 0 {
		return b.blind(t, inv, errno), true
	}
	b.res.NoteLinks = b.execs != nil && inv.Call.Class == syscalls.Exec // a program is known by its links, too
	errno := access.Describe(inv, t, b.res, &b.acc)
	b.res.NoteLinks = false
	if errno := b.ownRights(); errno != 0 { // judging looks into /proc
		return b.blind(t, inv, errno), true
	}
	switch {
	case errno == unix.EPERM:
		// Not even the kernel's own interface lets the tracer look (a non-dumpable task, an unprivileged tracer).
		return b.blind(t, inv, errno), true
	case errno != 0 && ablated(protectMemory):
		return tracer.Action{}, true
	case errno != 0:
		return tracer.Deny(errno), true
	}
	return tracer.Action{}, false
}

// once judges a call by what its names lead to now, and carries it out. again says that they lead elsewhere by then.
func (b *box) once(t *tracer.Task, inv *syscalls.Invocation) (action tracer.Action, again bool) {
	exec := inv.Call.Class == syscalls.Exec && b.execs != nil
	if exec && b.execs.known(t, inv) {
		return tracer.Action{}, false
	}
	if action, done := b.describe(t, inv); done {
		return action, false
	}
	if exec {
		return b.exec(t, inv), false
	}
	v := b.judge()
	if !v.decision.Denied() && b.launders(inv) {
		v = b.moveVerdict(v.natural)
	}
	if v.decision.Action != policy.Allow {
		if action := b.carryOut(t, inv, &v); action.Kind != tracer.Continue {
			return action, false
		}
	}
	return b.carry(t, inv)
}

// Followed looks at the calls of a process that talks to a name service.
func (b *box) Followed(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	action, _ := b.net.names.followed(t, inv)
	return action
}

// Birth and Death keep the list of members.
func (b *box) Birth(parent, child *tracer.Task) {
	b.members.add(child)
	b.carrier.domains.born(parent, child)
	if parent != nil && child.Process.Data == nil {
		child.Process.Data = parent.Process.Data // it runs the same image until it executes another
	}
	if b.net.names != nil {
		b.net.names.join(child)
	}
}

// Death forgets a task.
func (b *box) Death(t *tracer.Task, _ unix.WaitStatus) {
	b.members.remove(t)
	if b.inner != nil && t.TID == t.Process.TGID {
		b.inner.over(t.TID)
	}
	b.carrier.unwatch(t.TID)
	if b.net.names != nil && t.Process.Tasks == 0 {
		b.net.names.gone(t.Process)
	}
	b.carrier.domains.died(t)
	if b.execs != nil {
		delete(b.execs.pending, t.TID)
	}
}
