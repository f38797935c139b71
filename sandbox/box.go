package sandbox

import (
	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/pathres"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer"
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

	// devices says that mknod of a device is judged like any other file ("devices" is lifted).
	devices bool
	// unprivileged: no_new_privs is required, so no program of the tree has more rights than the tracer.
	unprivileged bool
	// execs is nil if no rule can deny an exec.
	execs *execJudge

	// Reused at each stop, so that an allowed call allocates nothing.
	acc   access.Accesses
	query policy.Query
}

func newBox(c *Cmd, res *pathres.Resolver, reports *reports) *box {
	b := &box{
		policy:  c.Policy,
		mode:    c.Mode,
		res:     res,
		members: make(members),
		reports: reports,
		devices: c.Policy.Lifted("devices"),

		unprivileged: c.NoNewPrivs == Required,
	}
	if c.Policy.Polices(access.Exec) {
		b.execs = newExecJudge(c.Policy, view{res: res, writable: b.writable})
	}
	res.Member = b.members.has
	return b
}

// Syscall judges a call that the prefilter stopped.
func (b *box) Syscall(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	b.res.Task(t.TID, t.Process.TGID)
	switch inv.Call {
	case callSocketcall:
		if errno := b.refuseSocket(t, inv); errno != 0 {
			return tracer.Deny(errno)
		}
	case callPrctl:
		return b.setName(t, inv) // the only option that stops
	}
	if errno := access.Describe(inv, t, b.res, &b.acc); errno != 0 {
		if errno == unix.EPERM {
			// Not even the kernel's own interface lets the tracer look (a non-dumpable task, an unprivileged tracer).
			return b.blind(t, inv)
		}
		return tracer.Deny(errno)
	}
	if inv.Call.Class == syscalls.Exec && b.execs != nil {
		return b.exec(t, inv)
	}
	v := b.judge()
	if !v.decision.Denied() && b.launders(inv) {
		v = moveVerdict(v.natural)
	}
	if v.decision.Action == policy.Allow {
		return tracer.Action{}
	}
	return b.carryOut(t, inv, &v)
}

// SyscallExit is never asked for.
func (b *box) SyscallExit(*tracer.Task, *syscalls.Invocation, int64) {}

// Birth and Death keep the list of members.
func (b *box) Birth(parent, child *tracer.Task) {
	b.members.add(child)
	if parent != nil && child.Process.Data == nil {
		child.Process.Data = parent.Process.Data // it runs the same image until it executes another
	}
}

// Death forgets a task.
func (b *box) Death(t *tracer.Task, _ unix.WaitStatus) {
	b.members.remove(t)
	if b.execs != nil {
		delete(b.execs.pending, t.TID)
	}
}

// members are the tasks of the tree by TID: whose /proc/PID is the tree's own.
type members map[int]struct{}

func (m members) add(t *tracer.Task)    { m[t.TID] = struct{}{} }
func (m members) remove(t *tracer.Task) { delete(m, t.TID) }

func (m members) has(pid int) bool {
	_, ok := m[pid]
	return ok
}
