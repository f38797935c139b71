package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sydbox/access"
)

// addressMeaning is what a rule of [connect] or [bind] stands for here, if that is not what it says.
func (r *rule) addressMeaning() string {
	var means []string
	switch r.addr.kind {
	case internet, hostName:
		means = r.addr.spell()
		if r.addr.kind == hostName && len(means) == 0 {
			means = []string{"not found, so what the command is told of it"}
		}
	case unixPath:
		means = append(means, printable(r.pattern.String()))
		if r.resolved != nil {
			means = append(means, printable(r.resolved.String()))
		}
		if means[0] == r.Text[len(unixScheme)+1:] {
			means = means[1:]
		}
	case abstractName:
		means = append(means, abstractScheme+":"+printable(r.addr.name.String()))
	}
	text := ""
	if len(means) > 0 && !slices.Equal(means, []string{r.Text}) {
		text = ": " + strings.Join(means, " and ")
	}
	if r.impliedBy != "" {
		text = ": a resolver, for " + printable(r.impliedBy)
	}
	return text
}

// spell writes networks and ports as a rule would have them.
func (t *addressPattern) spell() []string {
	ports := "*"
	switch {
	case t.ports.low == t.ports.high:
		ports = strconv.Itoa(int(t.ports.low))
	case t.ports != allPorts:
		ports = fmt.Sprintf("%d-%d", t.ports.low, t.ports.high)
	}
	if t.kind == internet && len(t.nets) == 0 {
		return []string{"*:" + ports}
	}
	list := make([]string, 0, len(t.nets))
	for _, n := range t.nets {
		text := n.String()
		if n.IsSingleIP() {
			text = n.Addr().String()
		}
		if n.Addr().Is6() {
			text = "[" + text + "]"
		}
		list = append(list, text+":"+ports)
	}
	return list
}

// String spells a component as a pattern.
func (c *component) String() string {
	switch c.kind {
	case compLiteral:
		return escape(c.text)
	case compGlob:
		return c.glob.String()
	case compStar:
		return "*"
	case compDeep:
		return "**"
	}
	return "PID"
}

// AddressRule returns the rule of [connect] or [bind] that names an address and nothing else; path is where that of
// a unix socket leads. It is empty for an address that no rule can name.
func AddressRule(a *access.Address, path []byte) string {
	switch {
	case a.Inet():
		ip := a.IP.Unmap().WithZone("")
		host := ip.String()
		if ip.Is6() {
			host = "[" + host + "]"
		}
		return host + ":" + strconv.Itoa(int(a.Port))
	case a.Path():
		return unixScheme + ":" + Escape(string(path))
	case a.Family == afUnix && len(a.Abstract) > 0:
		name := escapeName(string(a.Abstract))
		if strings.HasPrefix(name, "@") {
			name = `\` + name
		}
		return abstractScheme + ":" + name
	case a.Family == afUnix, a.Family == 0:
		return ""
	}
	return familyScheme + ":" + access.FamilyName(a.Family)
}

// escapeName is escape for a name that may hold NUL bytes, which no pattern can.
func escapeName(name string) string { return strings.ReplaceAll(escape(name), "\x00", "?") }
