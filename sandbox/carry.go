package sandbox

import (
	"errors"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/deputy"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// How an allowed call is carried out: by the tracer, on the objects that were judged. Then nothing that another thread,
// process or program does to the arguments or to the names on the way changes what happens.

// attempts is how often a call whose names move under the tracer's hands is judged anew. No build moves names as fast
// as that; who does gets EAGAIN, which openat2(2) knows too.
const attempts = 64

// carrier does allowed calls. It belongs to the tracer's thread, on which it is made.
type carrier struct {
	options deputy.Options
	deputy  *deputy.Deputy // nil: calls are left to the kernel
	domains domains
	opens   waitingOpens
	// watched are the calls that were left to the kernel and are looked at again at their exit, by TID.
	watched map[int]watched
}

// beginCarrying gets ready, on the tracer's thread, before the target runs.
func (b *box) beginCarrying(t *tracer.Task) error {
	b.inForce.Judges = b.policesOpens()
	if err := b.beginTraffic(t); err != nil {
		return err
	}
	if !b.pin {
		return nil
	}
	if err := b.carrier.begin(); err != nil {
		return err
	}
	if !ablated(protectRights) {
		b.res.Rights = b.carrier.deputy
	}
	b.inForce.Opens = PinDetects
	if t.Gives() {
		b.inForce.Opens = PinHeld
	}
	if b.policy.Pinning() == "required" && !t.Gives() && (b.policesOpens() || b.policy.PolicesNetwork()) {
		return errNoHandover
	}
	if b.policy.Pinning() == "required" && b.policy.PolicesNetwork() && !deputy.Borrows() {
		return errNoSockets
	}
	return nil
}

// policesOpens says whether an open could be denied: by a rule, or because it is of an outsider's memory.
func (b *box) policesOpens() bool {
	return b.guarded || b.policy.Polices(access.Read) || b.policy.Polices(access.Write) || b.policy.Polices(access.Create)
}

var errNoSockets = errors.New("[harden] pinning is \"required\", but calls on sockets can only be judged and left to the " +
	"kernel: it does not let sydbox have the sockets (pidfd_getfd, Linux 5.6)")

var errNoHandover = errors.New("[harden] pinning is \"required\", but opens can only be looked at when they have " +
	"happened: this kernel does not hand over descriptors (sydbox features says why)")

// begin makes the deputy.
func (c *carrier) begin() error {
	d, err := deputy.New(c.options)
	if err != nil {
		return err
	}
	c.deputy, c.watched = d, make(map[int]watched)
	return nil
}

// close gives back what the carrier has.
func (c *carrier) close() {
	c.domains.close()
	if c.deputy != nil {
		c.deputy.Close()
	}
}

// carry does the call in b.acc, which was allowed. again says that its names lead elsewhere by now.
func (b *box) carry(t *tracer.Task, inv *syscalls.Invocation) (action tracer.Action, again bool) {
	c := &b.carrier
	if c.deputy == nil || b.acc.N == 0 || !deputy.Does(inv.Call) {
		return b.watch(t, inv), false
	}
	if opens(inv.Call) && (!t.Gives() || b.acc.How.Flags&unix.O_PATH != 0) {
		// The kernel hands over no O_PATH descriptors (fget in seccomp_notify_addfd). Such an open changes nothing.
		return b.watch(t, inv), false
	}
	out := c.do(t, inv, b)
	switch out.Kind {
	case deputy.Done:
		return tracer.Action{Kind: tracer.Return, Value: out.Value}, false
	case deputy.Opened:
		return tracer.Action{Kind: tracer.Give, FD: out.FD, CloseOnExec: out.CloseOnExec}, false
	case deputy.Blocks:
		return c.opens.wait(&out), false
	case deputy.Again:
		return tracer.Action{}, true
	}
	return b.watch(t, inv), false
}

// do has the call done by the tracer's own deputy, or by the one in the task's Landlock domain.
func (c *carrier) do(t *tracer.Task, inv *syscalls.Invocation, b *box) deputy.Outcome {
	d := c.domains.of[t.Process.TGID]
	switch {
	case d == nil:
		return c.deputy.Do(inv, t, b.res, &b.acc)
	case d.hand == nil: // nobody can act in that domain
		return deputy.Outcome{Kind: deputy.Done, Value: -int64(unix.EACCES)}
	}
	return d.hand.Do(t.TID, inv, t, b.res, &b.acc)
}

var opening = map[*syscalls.Call]bool{
	syscalls.ByName("open"): true, syscalls.ByName("openat"): true,
	syscalls.ByName("openat2"): true, syscalls.ByName("creat"): true,
}

// opens says whether a call returns a descriptor of a file that it names.
func opens(call *syscalls.Call) bool { return opening[call] }
