package main

import (
	"fmt"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/event"
	"sydbox/netres"
	"sydbox/policy"
	"sydbox/sandbox/report"
	"sydbox/syscalls"
)

// addressFinding is what is decided about a destination.
type addressFinding struct {
	destination
	verdict verdict
	why     string
	judged  bool // decision holds
	// decision is what holds, and of what can not be told beforehand what holds if the command has not bound the address
	// itself; bound is the rule that lets it pass if it has.
	decision policy.Decision
	bound    *policy.Rule
	lost     []policy.Match
	// made is about the file that binding to a path makes.
	made *answer
}

// addressChecker decides about addresses as the sandbox would.
type addressChecker struct {
	policy *policy.Policy
	// local says whether an address is one of this machine.
	local func(netip.Addr) bool
}

func newAddressChecker(pol *policy.Policy) (*addressChecker, func()) {
	kernel, err := netres.Open()
	if err != nil {
		// Nobody can say of any address that it is not one of this machine.
		return &addressChecker{pol, func(netip.Addr) bool { return true }}, func() {}
	}
	local := func(ip netip.Addr) bool {
		is, err := kernel.Local(ip, 0)
		return is || err != nil
	}
	return &addressChecker{pol, local}, func() { _ = kernel.Close() } // nothing was written
}

// owned answers `bound` one way.
type owned bool

func (o owned) Owns(*access.Address) bool { return bool(o) }

func (c *addressChecker) query(d *destination, op access.Op) *policy.Query {
	q := &policy.Query{Op: op, Path: d.path(), Addr: &d.addr, Owner: owned(false)}
	if d.host != "" {
		q.Hosts = []string{d.host}
	}
	return q
}

// check decides about one destination.
func (c *addressChecker) check(d destination) addressFinding {
	f := addressFinding{destination: d}
	switch {
	case d.fault != nil:
		f.verdict, f.why = verdictUnknown, d.fault.Error()
		return f
	case d.addr.Family != unix.AF_UNIX && !d.addr.Inet():
		c.family(&f)
		return f
	}
	q := c.query(&d, d.op)
	f.judged = true
	f.decision, f.lost = c.policy.Explain(q)
	c.errno(&f)
	if f.decision.Denied() {
		f.verdict = verdictDenied
	}
	if d.op == access.Bind && d.file != nil {
		made := ask(c.policy, access.Create, d.file, d.typed)
		f.made = &made
		if made.denied {
			f.verdict = verdictDenied
		}
	}
	if d.op == access.Bind && f.decision.Local {
		f.why = "it hears this machine only"
	}
	if d.op == access.Connect {
		q.Owner = owned(true)
		if own := c.policy.Decide(q); own.Rule != f.decision.Rule && own.Denied() != f.decision.Denied() && c.bindable(&d) {
			f.verdict, f.bound = verdictUnknown, own.Rule
			f.why = "what the command has bound itself is not known beforehand"
		}
	}
	return f
}

// family is about an address family without addresses that rules could name.
func (c *addressChecker) family(f *addressFinding) {
	args := [6]uint64{uint64(f.addr.Family), unix.SOCK_STREAM}
	if f.addr.Family == unix.AF_NETLINK {
		args[1] = unix.SOCK_RAW
	}
	for _, abi := range arch.Native()[:1] {
		if refusal, errno := c.policy.Refuses(abi, syscalls.ByName("socket"), &args); refusal != nil {
			f.verdict, f.why, f.decision.Errno = verdictDenied, "refusal "+refusal.Name, errno
			return
		}
	}
	f.judged, f.decision = true, c.policy.Family(f.addr.Family)
	if f.decision.Denied() {
		f.verdict = verdictDenied
	}
}

// errno is what the sandbox answers to an address of this machine that it denies: that of another interface refuses
// connections, it is not unreachable.
func (c *addressChecker) errno(f *addressFinding) {
	d := &f.decision
	if d.Denied() && !d.ErrnoSet && f.op == access.Connect && f.addr.Inet() && c.local(f.addr.IP) {
		d.Errno = syscall.ECONNREFUSED
	}
}

// bindable says whether the command could have bound an address: it is one of this machine's, or a path where it may
// make a socket.
func (c *addressChecker) bindable(d *destination) bool {
	allowed := func(d *destination, op access.Op) bool {
		decision := c.policy.Decide(c.query(d, op))
		return !decision.Denied()
	}
	switch {
	case d.file != nil:
		return allowed(d, access.Bind) && allowed(d, access.Create) &&
			(d.file.Kind == access.Missing || allowed(d, access.Delete))
	case !d.addr.Inet():
		return allowed(d, access.Bind)
	case !c.local(d.addr.IP):
		return false
	}
	for _, ip := range []netip.Addr{d.addr.IP, netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		at := destination{op: access.Bind}
		at.setIP(ip, int(d.addr.Port))
		if allowed(&at, access.Bind) {
			return true
		}
	}
	return false
}

// answers are the lines about a destination.
func (f *addressFinding) answers() []answer {
	op := f.op.String()
	switch {
	case f.bound != nil:
		not := answerOf("", f.decision, f.lost)
		not.rule += "  (if it has not)"
		not.denied = false // that is not known
		return []answer{{ops: op, verdict: f.verdict.String(), rule: f.why, unknown: true},
			{verdict: f.bound.Action.String(), rule: report.Rule(f.bound) + "  (if it has)"}, not}
	case f.verdict == verdictDenied && !f.judged:
		deny := fmt.Sprintf("deny (%s)", unix.ErrnoName(f.decision.Errno))
		return []answer{{ops: op, verdict: deny, rule: f.why, denied: true}}
	case !f.judged:
		return []answer{{ops: op, verdict: f.verdict.String(), rule: f.why, unknown: true}}
	}
	a := answerOf(op, f.decision, f.lost)
	if f.why != "" {
		a.rule += "  (" + f.why + ")"
	}
	if f.made != nil {
		return []answer{a, *f.made}
	}
	return []answer{a}
}

// title names what was asked, and the address that it leads to if that is something else.
func (f *addressFinding) title() string {
	text := event.Quote(f.typed)
	if f.fault != nil {
		return text
	}
	if to := f.addr.Text(f.path()); to != f.typed {
		text += " -> " + event.Quote(to)
	}
	return text
}
