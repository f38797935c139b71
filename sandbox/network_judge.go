package sandbox

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer"
)

var wildcard4 = netip.IPv4Unspecified()

// judgeAddress decides about an address that is no path.
func (b *box) judgeAddress(i int, a *access.Access, v *verdict) {
	switch {
	case b.mismatched(a):
		// The kernel will fail the call whatever the rules say.
		if v.natural == 0 {
			v.natural = familyErrno(b.net.socket.Domain, len(a.Addr.Raw))
		}
		v.take(policy.Decision{Action: policy.Mute, Errno: v.natural}, i, firstOp(a.Op), "")
		return
	case !a.Addr.Inet() && a.Addr.Family != unix.AF_UNIX:
		// Rules speak of such families as a whole, when a socket is made.
		return
	}
	for op := range a.Op.Ops() {
		d := b.decide(op, a)
		b.net.socket.Muffled = op == access.Bind && d.Local && !b.net.listensForAnswers(a) && !ablated(protectMuffled)
		if d.Action > v.decision.Action {
			v.take(d, i, op, "")
		}
	}
}

// mismatched says whether the address is of a family that the socket does not take. An IPv6 socket takes IPv4 addresses
// for datagrams.
func (b *box) mismatched(a *access.Access) bool {
	s := &b.net.socket
	if s.FD < 0 || b.carrier.deputy == nil || a.Addr.Family == 0 || int(a.Addr.Family) == s.Domain {
		return false
	}
	return s.Domain == unix.AF_UNIX || a.Addr.Family == unix.AF_UNIX || s.Domain == unix.AF_INET ||
		s.Type != unix.SOCK_DGRAM
}

// fails says whether what is denied would fail by itself, because nobody hears there: then the program is told what it
// would be told without rules, and nothing is reported. decoyed says that the call has been turned to where surely nobody
// hears, and can be done.
func (b *box) fails(v *verdict) (decoyed bool) {
	if v.op != access.Connect || v.natural != 0 || v.why != "" || b.net.owned == nil {
		return false
	}
	a := &b.acc.List[v.index]
	switch {
	case a.Addr.Path():
		v.natural = b.heardElse(&a.Addr)
	case !b.net.owned.Nobody(&a.Addr):
	case b.net.itself(&a.Addr):
		return true
	case b.carrier.deputy == nil:
		v.natural = unix.ECONNREFUSED
	case a.Addr.Inet() && b.net.socket.FD >= 0 && (a.Addr.Port == 0 || b.net.decoys.redirect(b.net.socket.Type, &a.Addr)):
		return true // nobody can have port 0
	default:
		v.natural = unix.ECONNREFUSED
	}
	return false
}

// listensForAnswers says whether a datagram socket is bound to a port of the kernel's choice where rules let it send beyond
// this machine: resolvers do that before they ask, and must hear the answer.
func (n *traffic) listensForAnswers(a *access.Access) bool {
	return n.beyond && n.socket.Type == unix.SOCK_DGRAM && a.Addr.Port == 0
}

// itself says whether a stream is to be connected to the port that it has itself, which nobody else can have then.
func (n *traffic) itself(a *access.Address) bool {
	s := &n.socket
	if s.FD < 0 || s.Type != unix.SOCK_STREAM {
		return false
	}
	local := s.Local()
	return local.Port() != 0 && local.Port() == a.Port && local.Addr() == a.IP
}

// heardElse is what the kernel says to a path where nobody hears, or only sockets of the tree of another type
// (unix_find_bsd in net/unix/af_unix.c); 0 if somebody does.
func (b *box) heardElse(a *access.Address) (errno unix.Errno) {
	o := b.net.owned
	own := o.asker.typ
	defer func() { o.asker.typ = own }()
	errno = unix.ECONNREFUSED
	for _, typ := range [...]int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET} {
		o.asker.typ = typ
		switch {
		case o.Nobody(a):
		case typ == own || !o.Owns(a):
			return 0
		default:
			errno = unix.EPROTOTYPE
		}
	}
	return errno
}

// familyErrno is what a socket says to an address of another family.
func familyErrno(domain, length int) unix.Errno {
	const rfc2133 = 24 // SIN6_LEN_RFC2133 of net/ipv6.h: what an IPv6 socket asks first
	if domain == unix.AF_UNIX || domain == unix.AF_INET6 && length < rfc2133 {
		return unix.EINVAL
	}
	return unix.EAFNOSUPPORT
}

// addressQuery is what the policy is asked about an address besides.
func (b *box) addressQuery(q *policy.Query, a *access.Access) {
	n := &b.net
	q.Addr = &a.Addr
	if n.owned == nil {
		return // no rule speaks of addresses
	}
	q.Owner = n.owned
	if a.Addr.Path() {
		n.owned.askAt(b.res.Object(0), &a.Object)
	}
	if a.Op&access.Connect != 0 && a.Addr.Inet() {
		q.Hosts = n.names.of(a.Addr.IP)
	}
}

// netErrno chooses what a denied call on a socket returns, unless the policy says it.
//
//   - An internet address beyond this machine: ENETUNREACH, as in a network namespace without any interface. It is final:
//     programs give up at once, where after ECONNREFUSED many wait for a server to come up.
//   - This machine, and abstract names: ECONNREFUSED, as if nobody heard there.
//   - The path of a socket, and binding: EACCES (connect(2), bind(2)).
func (b *box) netErrno(v *verdict) {
	d := &v.decision
	if !d.Denied() || d.ErrnoSet || v.why != "" || v.index < 0 || v.index >= b.acc.N {
		return
	}
	a := &b.acc.List[v.index]
	switch {
	case v.op != access.Connect:
	case a.Addr.Inet() && !b.net.owned.Local(&a.Addr):
		d.Errno = unix.ENETUNREACH
	case a.Addr.Inet(), a.Addr.Family == unix.AF_UNIX && !a.Addr.Path():
		d.Errno = unix.ECONNREFUSED
	}
}

// family judges the making of a socket by its family. It stops only for families that a rule denies or reports.
func (b *box) family(t *tracer.Task, inv *syscalls.Invocation, args *[6]uint64) tracer.Action {
	family := uint16(args[0])
	v := verdict{decision: b.policy.Family(family), op: access.Connect, index: 0}
	if v.decision.Action == policy.Allow {
		return tracer.Action{}
	}
	if v.decision.Denied() && !v.decision.ErrnoSet {
		v.decision.Errno = unix.EAFNOSUPPORT
	}
	b.acc.N = 1
	b.acc.List[0] = access.Access{Op: access.Connect, Addr: access.Address{Family: family}}
	b.net.socket.FD = -1
	return b.carryOut(t, inv, &v)
}
