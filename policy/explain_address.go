package policy

import (
	"cmp"
	"slices"

	"sydbox/access"
)

// onceOwner asks an Owner once.
type onceOwner struct {
	of          Owner
	asked, owns bool
}

func (o *onceOwner) Owns(a *access.Address) bool {
	if !o.asked && o.of != nil {
		o.asked, o.owns = true, o.of.Owns(a)
	}
	return o.owns
}

// explainAddress is explain for [connect] and [bind]: every rule is looked at by itself.
func (p *Policy) explainAddress(s Section, q *Query) (Decision, []Match) {
	once := *q
	once.Owner = &onceOwner{of: q.Owner}
	q = &once
	d := p.decideAddress(s, q)
	best := make(map[int32]match)
	offer := func(x match) {
		if old, known := best[x.rank]; !known || x.key > old.key {
			best[x.rank] = x
		}
	}
	if q.Addr == nil || q.Addr.Path() {
		var all []match
		m := matcher{section: s, member: q.Member, rank: none, all: &all}
		p.match(&m, q)
		for _, x := range all {
			if !x.names || p.rules[x.rank].seesNames() {
				offer(x)
			}
		}
	}
	for i := range p.rules {
		if r := &p.rules[i]; r.speaksIn(s) {
			if key, ok := r.matchesAddress(q); ok {
				offer(match{rank: int32(i), key: key})
			}
		}
	}
	var matches []Match
	for _, x := range sortedMatches(best) {
		if r := &p.rules[x.rank]; r.speaksIn(s) {
			matches = append(matches, r.match(q, x))
		}
	}
	if !d.Rule.Default || d.Rule == &p.defaults[s] {
		matches = append(matches, Match{Rule: &p.defaults[s]})
	} else {
		matches = append(matches, Match{Rule: d.Rule})
	}
	// `bound` is not asked about where it says what another rule says.
	i := slices.IndexFunc(matches, func(m Match) bool { return m.Rule == d.Rule })
	winner := matches[i]
	return d, slices.Insert(slices.Delete(matches, i, i+1), 0, winner)
}

// speaksIn says whether the rule may have a say about addresses of a section: those about families do in both.
func (r *rule) speaksIn(s Section) bool {
	return r.Section == s || r.addr != nil && r.addr.kind == family
}

func sortedMatches(best map[int32]match) []match {
	list := make([]match, 0, len(best))
	for _, x := range best {
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.key, a.key), cmp.Compare(a.rank, b.rank))
	})
	return list
}

// match says how well a rule matches.
func (r *rule) match(q *Query, x match) Match {
	m, key := Match{Rule: &r.Rule, ByName: x.names}, x.key
	switch {
	case q.Addr == nil || q.Addr.Path():
		m.Depth, m.Exact = keyDepth(key), keyExact(key)
	case q.Addr.Inet():
		m.Depth, m.Exact = int(key>>16), key&0xffff == 0xffff
	default:
		m.Depth, m.Exact = int(key>>1), key&1 != 0
	}
	return m
}

// matchesAddress says whether a rule matches an address that is no path, and with which key.
func (r *rule) matchesAddress(q *Query) (key uint64, ok bool) {
	a, t := q.Addr, r.addr
	switch {
	case a == nil:
		return 0, false
	case t.kind == family:
		return 0, t.family == a.Family && a.Family != afUnix && !a.Inet()
	case t.kind == ownSockets:
		return ownKey(q), (a.Family == afUnix || a.Inet()) && q.Owner.Owns(a)
	case a.Path() || a.Family == 0:
		return 0, false
	case t.kind == everything:
		return 0, a.Family == afUnix || a.Inet()
	case t.kind == localOnly:
		return 0, a.Inet()
	case a.Family == afUnix:
		return r.matchesName(a.Abstract)
	case a.Inet():
		return r.matchesInet(q)
	}
	return 0, false
}

// ownKey is the key of `bound`.
func ownKey(q *Query) uint64 {
	switch a := q.Addr; {
	case a.Path():
		return pathKey(q.Path)
	case a.Inet():
		return singleKey(a.IP.Unmap())
	default:
		return nameKey(len(a.Abstract), true)
	}
}

func (r *rule) matchesName(name []byte) (key uint64, ok bool) {
	c := &r.addr.name
	switch {
	case r.addr.kind != abstractName:
		return 0, false
	case c.kind == compLiteral:
		return nameKey(len(name), true), c.text == string(name)
	case c.kind == compStar:
		return 0, true
	}
	return nameKey(c.literals(), false), len(name) > 0 && c.glob.match(name)
}

func (r *rule) matchesInet(q *Query) (key uint64, ok bool) {
	t, ip := r.addr, q.Addr.IP.Unmap()
	if t.kind != internet && t.kind != hostName || !t.ports.has(q.Addr.Port) || !ip.IsValid() {
		return 0, false
	}
	if t.kind == internet && len(t.nets) == 0 {
		return netKeyOf(0, t.ports), true
	}
	for _, n := range t.nets {
		if n.Contains(ip) {
			if k := netKeyOf(n.Bits()+1, t.ports); !ok || k > key {
				key, ok = k, true
			}
		}
	}
	for _, host := range q.Hosts {
		if t.kind == hostName && string(foldHost(make([]byte, 0, 256), host)) == t.host {
			key, ok = singleKey(ip), true
		}
	}
	return key, ok
}
