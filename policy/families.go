package policy

import (
	"slices"
	"syscall"

	"sydbox/access"
	"sydbox/syscalls"
)

// familyRules are the rules about making sockets of a family. Their rank alone says which of two holds.
type familyRules struct {
	best map[uint16]int32
	// denied and warned stop: the one before refusals answer, so that it is reported; the other behind them.
	denied, warned []uint16
	// lifted are let through by `sockets`, with whatever type and protocol.
	lifted []uint16
	// socket and socketpair are what is left of the refusals of these calls; nil if all of it is.
	socket, socketpair []condition
}

// judgedFamilies have addresses that rules speak about. Netlink tells what addresses the machine has.
var judgedFamilies = []uint16{afUnix, afInet, afInet6}

func (f *familyRules) add(r *rule, rank int32) {
	number := r.addr.family
	if _, known := f.best[number]; known {
		return
	}
	if f.best == nil {
		f.best = make(map[uint16]int32)
	}
	f.best[number] = rank
	if r.Action >= Mute {
		f.denied = append(f.denied, number)
		return
	}
	if r.Action == Warn {
		f.warned = append(f.warned, number)
	}
	if !slices.Contains(judgedFamilies, number) {
		f.lifted = append(f.lifted, number)
	}
}

// build adapts the refusals.
func (f *familyRules) build() {
	for _, list := range [][]uint16{f.denied, f.warned, f.lifted} {
		slices.Sort(list)
	}
	if len(f.lifted) > 0 {
		f.socket, f.socketpair = f.left(conditional()["socket"]), f.left(conditional()["socketpair"])
	}
}

// left returns the conditions without the families that are lifted.
func (f *familyRules) left(list []condition) (left []condition) {
	for _, c := range list {
		own := func(t syscalls.Test) bool { // it is about one of these families
			return !t.Not && t.Arg == 0 && slices.Contains(f.lifted, uint16(t.Value))
		}
		if slices.ContainsFunc(c.tests, own) {
			continue
		}
		if sameTests(c.tests, foreignFamily.tests) {
			c.tests = slices.Clone(c.tests)
			for _, number := range f.lifted {
				if number != afNetlink {
					c.tests = append(c.tests, argIsNot(0, uint32(number)))
				}
			}
		}
		left = append(left, c)
	}
	return left
}

func sameTests(a, b []syscalls.Test) bool { return slices.Equal(a, b) }

// familyClauses are the stops of socket and socketpair for families.
func familyClauses(families []uint16) (list []syscalls.Clause) {
	for _, number := range families {
		list = append(list, syscalls.Clause{
			Tests: tests(argIs(0, uint32(number))), Verdict: stopAnswer, Why: access.Connect.String(),
		})
	}
	return list
}

// makesSockets says whether a call makes sockets of a family in its first argument.
func makesSockets(call *syscalls.Call) bool {
	return call.Name == "socket" || call.Name == "socketpair"
}

// Family answers for making a socket of a family (socket(2), socketpair(2)). What the refusal `sockets` keeps away
// is not asked about: the filter, or Refuses, has answered. It allocates nothing.
func (p *Policy) Family(family uint16) Decision {
	rank, known := p.families.best[family]
	if !known {
		return Decision{Action: Allow, Rule: &unjudged[0]}
	}
	return p.familyDecision(ConnectSection, rank)
}

// decideForeign answers for an address of a family that has none that rules could name: who may have a socket of the
// family may use it. One that the refusal `sockets` keeps away can only have been handed in, and is the default's.
func (p *Policy) decideForeign(s Section, family uint16) Decision {
	rank, known := p.families.best[family]
	switch {
	case known:
		return p.familyDecision(s, rank)
	case family == afNetlink, p.Lifted("sockets"), !p.Polices(s.Op()):
		return Decision{Action: Allow, Rule: &unjudged[s-ConnectSection]}
	}
	return p.familyDecision(s, none)
}

func (p *Policy) familyDecision(s Section, rank int32) Decision {
	d := p.decision(s, rank)
	if d.Denied() && !d.ErrnoSet {
		d.Errno = syscall.EAFNOSUPPORT
	}
	return d
}
