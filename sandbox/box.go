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
	// looksAtExec says that an exec can be denied, so what the kernel loaded is judged again at PTRACE_EVENT_EXEC.
	looksAtExec bool

	// Reused at each stop, so that an allowed call allocates nothing.
	acc   access.Accesses
	query policy.Query
}

func newBox(c *Cmd, res *pathres.Resolver, reports *reports) *box {
	b := &box{
		policy:      c.Policy,
		mode:        c.Mode,
		res:         res,
		members:     make(members),
		reports:     reports,
		devices:     c.Policy.Lifted("devices"),
		looksAtExec: c.Policy.Polices(access.Exec),
	}
	res.Member = b.members.has
	return b
}

// Syscall judges a call that the prefilter stopped.
func (b *box) Syscall(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	if inv.Call == callSocketcall {
		if errno := b.refuseSocket(t, inv); errno != 0 {
			return tracer.Deny(errno)
		}
	}
	b.res.Task(t.TID, t.Process.TGID)
	if errno := access.Describe(inv, t, b.res, &b.acc); errno != 0 {
		if errno == unix.EPERM {
			// Not even the kernel's own interface lets the tracer look (a non-dumpable task, an unprivileged tracer).
			return b.blind(t, inv)
		}
		return tracer.Deny(errno)
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

// Exec judges what the kernel really loaded. Nothing of the new image has run and no other thread shares its memory,
// so neither a swapped link nor rewritten arguments get past this look; but all that is left to do is to kill.
func (b *box) Exec(t *tracer.Task, launch bool) tracer.Action {
	if launch || !b.looksAtExec {
		return tracer.Action{}
	}
	b.res.Task(t.TID, t.Process.TGID)
	a := &b.acc.List[0]
	*a = access.Access{Op: access.Exec, Name: access.Name{Dirfd: unix.AT_FDCWD, UnsafePath: procSelfExe, Follow: true}}
	b.acc.N = 1
	b.res.Resolve(0, &a.Name, &a.Object)
	a.Natural = 0
	v := b.judge()
	if v.decision.Action == policy.Allow || v.decision.Action == policy.Warn {
		return tracer.Action{} // a warning was given at the entry
	}
	return b.killExec(t, &v)
}

var procSelfExe = []byte("/proc/self/exe")

// Birth and Death keep the list of members.
func (b *box) Birth(_, child *tracer.Task) { b.members.add(child) }

// Death forgets a task.
func (b *box) Death(t *tracer.Task, _ unix.WaitStatus) { b.members.remove(t) }

// members are the tasks of the tree by TID: whose /proc/PID is the tree's own.
type members map[int]struct{}

func (m members) add(t *tracer.Task)    { m[t.TID] = struct{}{} }
func (m members) remove(t *tracer.Task) { delete(m, t.TID) }

func (m members) has(pid int) bool {
	_, ok := m[pid]
	return ok
}
