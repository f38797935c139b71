package sandbox

import (
	"sydbox/access"
	"sydbox/deputy"
	"sydbox/policy"
	"sydbox/tracer"
	"sydbox/tracer/landlock"
)

// What of the network is left to the kernel is held by the wall, as far as Landlock knows it: ports of TCP at connect
// and bind, and abstract unix sockets that were made outside; from Linux 7.1 on those at paths, from 7.2 on ports of
// UDP.
//
// Where the tracer does every connect and bind that is judged, from outside of the domain, nothing is left: there are
// no rules (but that of keepIn), and what comes to the kernel by any other way is refused. What the tracer leaves to the kernel
// because no race can matter is nothing that Landlock asks about: sending over what is connected, listening.
//
// Where calls are left to the kernel the wall must not be stricter than the rules. Then it has the ports that some rule
// may allow, whatever the host, if they are few, and keeps abstract names in only if no rule may allow one. (Not even
// for `bound`: a socket that was made outside, and bound here, is the tree's, but to Landlock it is an outsider's.)

// Ports of UDP and sockets at paths are only kept in where the tracer does every call: rules for UDP would need one for
// each socket that is bound by sending from it, and the hull of the rules speaks no more of paths than of hosts.

// manyPorts bounds the rules for ports: each is a system call at every start.
const manyPorts = 256

// outlineNetwork adds the outline of the rules about addresses to a ruleset. carried says that the tracer does every
// call that is judged.
func outlineNetwork(r *landlock.Ruleset, p *policy.Policy, carried bool) {
	for _, of := range []struct {
		op      access.Op
		section policy.Section
		right   landlock.Net
	}{
		{access.Connect, policy.ConnectSection, landlock.ConnectTCP},
		{access.Bind, policy.BindSection, landlock.BindTCP},
	} {
		if !p.Polices(of.op) {
			continue // such a call does not stop
		}
		var hull policy.NetHull
		if !carried {
			hull = p.NetHull(of.section)
		}
		if of.op == access.Connect && !hull.Abstract {
			r.Scoped |= landlock.ScopeAbstract
		}
		ports, few := portRules(&hull, of.right)
		if !few {
			continue
		}
		r.HandledNet |= of.right
		r.Ports = append(r.Ports, ports...)
	}
	if carried {
		keepIn(r, p)
	}
}

// keepIn adds what the tracer does from outside of the domain and newer kernels can be told to refuse inside.
func keepIn(r *landlock.Ruleset, p *policy.Policy) {
	if !p.Polices(access.Connect) {
		return // connecting and sending does not stop, and binds
	}
	r.HandledNet |= landlock.ConnectUDP
	if p.Polices(access.Bind) {
		r.HandledNet |= landlock.BindUDP
		// Sending to nobody from a socket without a port is EDESTADDRREQ, and EACCES without this.
		r.Ports = append(r.Ports, landlock.PortRule{Port: 0, Net: landlock.BindUDP})
	}
	if r.Handled != 0 { // any right to files keeps mounts and moves from a domain: not for this one alone
		r.Handled |= landlock.ResolveUnix
	}
}

// portRules are the rules for the ports of a hull; few is false if there are too many.
func portRules(hull *policy.NetHull, right landlock.Net) (rules []landlock.PortRule, few bool) {
	if hull.AnyPort {
		return nil, false
	}
	for _, ports := range hull.Ports {
		if len(rules)+int(ports.Last-ports.First) >= manyPorts {
			return nil, false
		}
		for port := int(ports.First); port <= int(ports.Last); port++ {
			rules = append(rules, landlock.PortRule{Port: uint16(port), Net: right})
		}
	}
	return rules, true
}

// carriesNetwork says whether the tracer will do every call on sockets that is judged: it can copy the task's
// descriptors, and have the task wait for what may take long.
func carriesNetwork(c *Cmd) bool {
	if !pins(c) || !c.Policy.PolicesNetwork() {
		return false
	}
	return deputy.Borrows() && tracer.CanGive() == nil
}

// pins says whether calls are to be carried out by the tracer at all.
func pins(c *Cmd) bool {
	return c.Mode == Enforce && c.Policy.Pinning() != "off" && !ablated(protectPinning)
}
