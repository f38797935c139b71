package policy

import (
	"cmp"
	"fmt"
	"slices"
)

// Warnings lists rules of [exec] that name a program which is not there, in the order of their places, rules that name a
// host which is not found, and a network namespace that is preferred and is not to be had with these rules. Of programs
// only rules of the command line and of files named there by a path are looked at: a shared policy may deny what this
// machine does not have. Hosts that these name must be found (see Load).
func (p *Policy) Warnings() []*Error {
	var list []*Error
	seen := make(map[string]bool)
	for _, r := range p.ownRules() {
		if e := p.warning(r); e != nil && !seen[e.Source+"\x00"+e.Message] {
			seen[e.Source+"\x00"+e.Message] = true
			list = append(list, e)
		}
	}
	for i := range p.rules {
		if r := &p.rules[i]; r.addr != nil && r.addr.kind == hostName && len(r.addr.nets) == 0 {
			_, err := p.asks.host(r.addr.host)
			list = append(list, r.place.fail(fmt.Sprintf("the host %s is not found: %s", printable(r.addr.host),
				printable(err.Error())), "the rule holds for addresses that the command is told of under that name"))
		}
	}
	if e := p.namespaceWarning(); e != nil {
		list = append(list, e)
	}
	return list
}

// ownRules are the rules of [exec] that the user of this command line has most likely written, in their order.
func (p *Policy) ownRules() []*rule {
	var list []*rule
	for i := range p.rules {
		r := &p.rules[i]
		if r.Section == ExecSection && (r.Layer == 0 || p.layers[r.Layer-1].named) {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(a, b *rule) int {
		return cmp.Or(cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return list
}

func (p *Policy) warning(r *rule) *Error {
	places, ok := p.programs.places(r)
	if !ok || slices.ContainsFunc(places, func(name string) bool { return p.programs.at(name).exists }) {
		return nil
	}
	if r.pattern != nil {
		return r.place.fail("there is no program "+printable(places[0]),
			"the rule holds for what is at this path later")
	}
	return r.place.fail("no program called "+printable(r.name.text)+" is in $PATH",
		"the rule holds for what is called so later, and for an applet of a multi-call binary")
}
