package ask

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"sydbox/access"
	"sydbox/record/show"
)

// rules finds what a policy would need for what the tree did: the profile build allows its own servers already.
func (n *netter) rules() {
	for _, p := range n.Outside {
		for _, a := range append([]show.Bytes{p.Address}, p.Others...) {
			rule := netRule(string(a))
			if port := strings.LastIndexByte(rule, ':'); p.Host != "" && port >= 0 {
				rule = string(p.Host) + rule[port:]
			}
			n.Connect = addBytes(n.Connect, rule)
		}
	}
	for _, p := range n.Services {
		if !slices.ContainsFunc(p.Uses, func(u *NetUse) bool { return u.Result == "ok" || u.Result == "begun" }) {
			continue // it went without
		}
		n.Connect = addBytes(n.Connect, netRule(string(p.Address)))
	}
	for _, p := range n.Offered {
		a, path, err := access.ParseAddress(string(p.Address))
		if err != nil || path != nil || a.Abstract != nil || a.Inet() && (a.IP.IsLoopback() || a.IP.IsUnspecified()) {
			continue // the profile build lets these be taken
		}
		n.Bind = addBytes(n.Bind, netRule(string(p.Address)))
	}
}

// netRule writes an address as a rule. Names of unix sockets are patterns there, and an address has no zone.
func netRule(address string) string {
	a, _, err := access.ParseAddress(address)
	switch {
	case err != nil:
		return address
	case a.Inet() && (a.IP.IsLoopback() || a.IP.IsUnspecified()):
		return "loopback:" + strconv.Itoa(int(a.Port))
	case a.Inet():
		return netip.AddrPortFrom(a.IP, a.Port).String()
	}
	kind, name, _ := strings.Cut(address, ":")
	return kind + ":" + literalPattern(name)
}

// notes says what a reader would take for something else.
func (n *netter) notes() {
	if slices.ContainsFunc(n.Outside, func(p *NetPlace) bool { return p.routed }) {
		n.Notes = append(n.Notes,
			"connect of a udp socket sends nothing by itself: looking up a host does it to sort its addresses")
	}
	if slices.ContainsFunc(n.Outside, func(p *NetPlace) bool {
		return slices.ContainsFunc(p.Uses, func(u *NetUse) bool { return u.Result == "begun" })
	}) {
		n.Notes = append(n.Notes,
			"begun: the connection was under way when connect(2) returned; whether it came about is not recorded")
	}
	if len(n.Outside) > 0 {
		n.Notes = append(n.Notes, "an address of this machine other than the loopback cannot be told from one outside")
	}
}

// Text implements Answer.
func (a *NetAnswer) Text(p *show.Printer) {
	if len(a.Outside)+len(a.Names)+len(a.Services)+len(a.Own)+len(a.Offered) == 0 {
		p.Line("Nothing used the network.")
		return
	}
	if a.Status() == 0 {
		p.Line("Nothing outside of this machine was tried.")
	}
	first := a.Status() != 0
	part := func(heading string) {
		if !first {
			p.Gap()
		}
		first = false
		p.Heading("%s", heading)
	}
	if len(a.Outside) > 0 {
		part("Outside of this machine")
		places(p, a.Outside)
	}
	if len(a.Names) > 0 {
		part("Names that were asked for")
		for _, name := range a.Names {
			line := p.Paint(show.Bold, show.Q(string(name.Host)))
			if len(name.Servers) > 0 {
				line += ", asked of " + joined(name.Servers)
			}
			if len(name.Addresses) > 0 {
				line += ": " + joined(name.Addresses)
			}
			p.Wrap(2, line)
			users(p, name.Uses)
		}
	}
	for _, list := range []struct {
		heading string
		places  []*NetPlace
	}{
		{"Services of this machine", a.Services}, {"The command's own servers", a.Own},
		{"Addresses that were taken", a.Offered},
	} {
		if len(list.places) > 0 {
			part(list.heading)
			places(p, list.places)
		}
	}
	a.policyText(p, part)
	for i, note := range a.Notes {
		if i == 0 {
			p.Gap()
		}
		p.Wrap(0, p.Paint(show.Faint, note))
	}
}

func (a *NetAnswer) policyText(p *show.Printer, part func(string)) {
	if len(a.Connect)+len(a.Bind) == 0 {
		return
	}
	part("A policy would need")
	for _, section := range []struct {
		name  string
		rules []show.Bytes
	}{{"connect", a.Connect}, {"bind", a.Bind}} {
		if len(section.rules) == 0 {
			continue
		}
		words := make([]string, len(section.rules))
		for i, r := range section.rules {
			words[i] = tomlQuote(string(r))
		}
		p.Line("  [%s]", section.name)
		p.Wrap(2, "allow = ["+strings.Join(words, ", ")+"]")
	}
}

func joined(list []show.Bytes) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = show.Q(string(s))
	}
	return strings.Join(out, ", ")
}

// places writes addresses and who used each.
func places(p *show.Printer, list []*NetPlace) {
	for _, place := range list {
		line := show.Q(string(place.Address))
		if place.Host != "" {
			line = show.Q(string(place.Host)) + " (" + joined(append([]show.Bytes{place.Address}, place.Others...)) + ")"
		}
		line = p.Paint(show.Bold, line)
		if place.Protocol != "" {
			line += " " + show.Q(place.Protocol)
		}
		p.Wrap(2, line)
		users(p, place.Uses)
	}
}

func users(p *show.Printer, uses []*NetUse) {
	var last *Actor
	for _, u := range uses {
		what := u.Op
		switch u.Result {
		case "ok":
		case "begun":
			what += " (begun)"
		default:
			what += " " + u.Result
		}
		what += times(u.Count)
		p.Wrap(4, what+" at "+moment(u.At)+"  "+u.By.Line())
		if u.By != nil && (last == nil || last.Proc != u.By.Proc) {
			p.Wrap(6, u.By.Command())
		}
		last = u.By
		for _, d := range u.Denied {
			p.Wrap(6, "denied by "+show.Q(d))
		}
	}
}
