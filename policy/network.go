package policy

import (
	"syscall"

	"sydbox/access"
)

// PolicesNetwork says whether anything but a silent allow can come out for an address that is reached or offered.
func (p *Policy) PolicesNetwork() bool { return p.Polices(access.Connect | access.Bind) }

// aboutAddresses says that the rules of a section name addresses.
func (s Section) aboutAddresses() bool { return s == ConnectSection || s == BindSection }

// addressRules are the rules of [connect] or [bind], compiled. Those about paths of unix sockets are in the tree of
// all path patterns, those about abstract names in one of their own.
type addressRules = netIndex

// netOf returns the rules of a section that aboutAddresses holds for.
func (p *Policy) netOf(s Section) *addressRules { return p.nets[s-ConnectSection] }

// plantAddress takes a rule in.
func (p *Policy) plantAddress(rank int32, r *rule) {
	t := r.addr
	p.netOf(r.Section).add(rank, t)
	switch t.kind {
	case everything:
		p.abstract.insert([]component{{kind: compStar}}, false, rank, r)
	case abstractName:
		p.abstract.insert([]component{t.name}, false, rank, r)
	case unixPath:
		p.socketPaths = p.socketPaths || r.Section == ConnectSection
	case family:
		p.families.add(r, rank)
	}
	if r.pattern != nil {
		p.root.insert(r.pattern.comps, r.pattern.self, rank, r)
		if r.resolved != nil {
			p.root.insert(r.resolved.comps, r.pattern.self, rank, r)
		}
	}
}

// policesAddresses says whether a rule of a section, or its default, can do anything but let an address pass. What
// an `any` that allows, of the command line for instance, beats whatever the address is has no say.
func (p *Policy) policesAddresses(s Section) bool {
	overruled := false
	for i := range p.rules { // in the order of ranks
		r := &p.rules[i]
		if r.Section != s || r.addr.kind == family {
			continue
		}
		switch {
		case r.Action != Allow || r.addr.kind == localOnly: // `local` changes the socket
			if !overruled || !r.vague() {
				return true
			}
		case r.addr.kind == everything:
			overruled = true
		}
	}
	return !overruled && p.defaults[s].Action != Allow
}

// decideAddress is Decide for [connect] and [bind].
func (p *Policy) decideAddress(s Section, q *Query) Decision {
	rank := none
	a := q.Addr
	switch {
	case a == nil || a.Path():
		rank = p.decidePath(s, q)
	case a.Inet():
		rank = p.decideInet(s, q)
	case a.Family == afUnix:
		rank = p.decideAbstract(s, q)
	case a.Family != 0:
		return p.decideForeign(s, a.Family)
	}
	d := p.decision(s, rank)
	switch {
	case d.Denied() && !d.ErrnoSet:
		d.Errno = errnoOf(s, a)
	case rank != none:
		d.Local = p.rules[rank].addr.kind == localOnly
	}
	return d
}

// errnoOf is what fits an address that is denied: what programs would get in an empty network namespace, and take for
// an answer instead of trying again. A path is denied as a file is.
func errnoOf(s Section, a *access.Address) syscall.Errno {
	switch {
	case s == BindSection || a == nil || a.Path():
		return syscall.EACCES
	case a.Inet() && !a.IP.IsLoopback():
		return syscall.ENETUNREACH
	}
	return syscall.ECONNREFUSED
}

// decidePath is for the path of a unix socket.
func (p *Policy) decidePath(s Section, q *Query) int32 {
	m := matcher{section: s, member: q.Member, rank: none}
	p.match(&m, q)
	return p.orBound(s, q, m.rank, m.key, pathKey(q.Path))
}

// pathKey is that of a rule that names the path itself.
func pathKey(path []byte) uint64 { return keyOf(countComponents(path), true, true) }

// decideInet is for an address of the internet.
func (p *Policy) decideInet(s Section, q *Query) int32 {
	x := p.netOf(s)
	ip, port := q.Addr.IP.Unmap(), q.Addr.Port
	if !ip.IsValid() {
		return none
	}
	rank, width := x.find(ip, port)
	key, single := uint64(0), singleKey(ip)
	if rank != none {
		key = netKeyOf(width, p.rules[rank].addr.ports)
	}
	if named := x.named(q.Hosts, port); named != none && (rank == none || key < single || named < rank) {
		rank, key = named, single
	}
	return p.orBound(s, q, rank, key, single)
}

// decideAbstract is for the name of an abstract unix socket. One without a name gets one that nobody knows before.
func (p *Policy) decideAbstract(s Section, q *Query) int32 {
	name := q.Addr.Abstract
	rank, key := none, uint64(0)
	offer := func(n *node, literals int, exact bool) {
		if n.end == nil {
			return
		}
		found, k := n.end.best[0][s], nameKey(literals, exact)
		if found != none && (rank == none || k > key || k == key && found < rank) {
			rank, key = found, k
		}
	}
	if n := p.abstract.star; n != nil {
		offer(n, 0, false)
	}
	if n := p.abstract.literal[string(name)]; n != nil {
		offer(n, len(name), true)
	}
	if !p.abstract.globs.empty() && len(name) > 0 {
		p.abstract.globs.near(name, func(edges []globEdge) {
			for i := range edges {
				if e := &edges[i]; e.glob.match(name) {
					offer(e.to, e.glob.literalCount(), false)
				}
			}
		})
	}
	return p.orBound(s, q, rank, key, nameKey(len(name), true))
}

// nameKey orders matches of abstract names: more literal characters, then none but those.
func nameKey(literals int, exact bool) uint64 {
	key := uint64(literals) << 1
	if exact {
		key |= 1
	}
	return key
}

// orBound weighs `bound` against the best rule so far: it counts as a rule that names the address alone. The owner is
// asked only if that makes a difference.
func (p *Policy) orBound(s Section, q *Query, rank int32, key, single uint64) int32 {
	b := p.netOf(s).bound
	if b == none || q.Owner == nil || q.Addr == nil {
		return rank
	}
	action := p.defaults[s].Action
	if rank != none {
		if key > single || key == single && rank < b {
			return rank
		}
		action = p.rules[rank].Action
	}
	if action == p.rules[b].Action || !q.Owner.Owns(q.Addr) {
		return rank
	}
	return b
}
