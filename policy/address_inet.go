package policy

import (
	"fmt"
	"net/netip"
	"strings"
)

// inet reads NETWORK:PORTS.
func (t *addressParser) inet() (*addressPattern, *problem) {
	host, ports, pr := t.split()
	if pr != nil {
		return nil, pr
	}
	x := &addressPattern{kind: internet}
	pr = t.network(x, host)
	if pr == nil {
		x.ports, pr = t.ports(ports, x.kind == hostName)
	}
	if pr != nil && (x.kind == hostName || strings.HasPrefix(ports.text, "/")) {
		if hint := didYouMean(host.text, schemes); hint != "" {
			return nil, host.fail(fmt.Sprintf("%q is no sort of address", printable(host.text)), hint)
		}
	}
	return x, pr
}

// part is a piece of a rule's text.
type part struct {
	text string
	off  int
}

func (p part) fail(msg, hint string) *problem { return &problem{p.off, len(p.text), msg, hint} }

// split finds the colon between network and ports. Brackets stay with the network.
func (t *addressParser) split() (host, ports part, pr *problem) {
	text := t.text
	switch {
	case strings.IndexByte("/~$", text[0]) >= 0:
		return host, ports, t.whole("a path is written behind `unix:`", fmt.Sprintf("write %q", "unix:"+text))
	case text[0] == '@':
		return host, ports, t.whole("the name of an abstract socket is written behind `abstract:`, without the `@`",
			fmt.Sprintf("write %q", "abstract:"+text[1:]))
	case strings.Contains(text, "://"):
		return host, ports, t.whole("a URL is no address", urlHint(text))
	}
	end := strings.IndexByte(text, ':')
	if text[0] == '[' {
		if end = strings.IndexByte(text, ']'); end < 0 {
			return host, ports, t.whole("the bracket is not closed", `write an IPv6 address as in "[::1]:80"`)
		}
		end++
		if rest := text[end:]; rest != "" && rest[0] != ':' {
			hint := fmt.Sprintf("write %q", text[:end]+":"+rest)
			if inner, length, ok := strings.Cut(text[:end-1]+rest, "/"); ok && rest[0] == '/' {
				hint = fmt.Sprintf("the length belongs into the brackets: write %q", closeBracket(inner+"/"+length))
			}
			return host, ports, &problem{end, len(rest), "a colon and a port must follow the bracket", hint}
		}
	}
	if end < 0 || end == len(text) {
		return host, ports, t.noPorts()
	}
	host, ports = part{text[:end], 0}, part{text[end+1:], end + 1}
	if text[0] != '[' && strings.Contains(ports.text, ":") {
		return host, ports, t.unbracketed()
	}
	return host, ports, nil
}

// closeBracket puts the bracket behind the length: "[fc00::/7:80" becomes "[fc00::/7]:80".
func closeBracket(text string) string {
	slash := strings.IndexByte(text, '/')
	digits := slash + 1
	for digits < len(text) && text[digits] >= '0' && text[digits] <= '9' {
		digits++
	}
	return text[:digits] + "]" + text[digits:]
}

func urlHint(text string) string {
	scheme, rest, _ := strings.Cut(text, "://")
	host, _, _ := strings.Cut(rest, "/")
	if host == "" || strings.Contains(scheme, ":") {
		return addressHint
	}
	if !strings.Contains(host, ":") {
		host += ":" + scheme
	}
	return fmt.Sprintf("write %q", host)
}

// noPorts is the error for a rule without a colon.
func (t *addressParser) noPorts() *problem {
	switch {
	case t.text == "*":
		return t.whole("the port is missing", `write "any" for every address, "*:443" for a port of every host`)
	case t.text == "localhost":
		return t.whole("the port is missing", `write "loopback" for all ports of this machine, "localhost:8080" for one`)
	case strings.Trim(t.text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") == "":
		if hint := t.word(t.text); hint != "" {
			return t.whole(fmt.Sprintf("%q is no address", t.text), hint)
		}
	}
	name := t.text
	if t.section == BindSection && t.looksNamed(name) {
		return t.whole(fmt.Sprintf("%q is no address", printable(name)), addressHint)
	}
	all := fmt.Sprintf("write %q for all ports, %q for one", name+":*", name+":443")
	if t.looksNamed(name) {
		all = fmt.Sprintf("write %q", name+":443")
	}
	return t.whole("the port is missing", all)
}

// looksNamed says that a host is no address.
func (t *addressParser) looksNamed(host string) bool {
	addr, _, _ := strings.Cut(host, "/")
	return strings.Trim(addr, "0123456789.*") != "" && host[0] != '['
}

// unbracketed is the error for several colons without brackets.
func (t *addressParser) unbracketed() *problem {
	const msg = "an IPv6 address must stand in brackets"
	last := strings.LastIndexByte(t.text, ':')
	head, tail := t.text[:last], t.text[last+1:]
	whole, shorter := isIPv6(t.text), isIPv6(head)
	switch {
	case whole && shorter:
		return t.whole(msg, fmt.Sprintf("write %q, or %q if all of it is the address", "["+head+"]:"+tail,
			"["+t.text+"]:*"))
	case shorter:
		return t.whole(msg, fmt.Sprintf("write %q", "["+head+"]:"+tail))
	case whole:
		return t.whole(msg, fmt.Sprintf("write %q", "["+t.text+"]:*"))
	}
	return t.whole("there are too many colons", addressHint)
}

func isIPv6(text string) bool {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		return err == nil && p.Addr().Is6()
	}
	ip, err := netip.ParseAddr(text)
	return err == nil && ip.Is6()
}

// network reads what is before the ports.
func (t *addressParser) network(x *addressPattern, host part) *problem {
	switch host.text {
	case "*":
		return nil
	case "loopback":
		x.nets = loopbackNets
		return nil
	case "private":
		x.nets = privateNets
		return nil
	case "":
		return &problem{0, 1, "there is no address before the port",
			fmt.Sprintf("write %q for that port of every address", "*"+t.text)}
	case "any":
		return host.fail("`any` has no ports", fmt.Sprintf("write %q", "*"+t.text[len(host.text):]))
	case "bound", "local":
		if host.text == "bound" && t.section == BindSection {
			return host.fail(boundInBind, boundInBindHint)
		}
		return host.fail("`"+host.text+"` has no ports", fmt.Sprintf("write %q", host.text))
	}
	if host.text[0] == '[' {
		return t.ipv6(x, part{host.text[1 : len(host.text)-1], 1})
	}
	if !t.looksNamed(host.text) {
		return t.ipv4(x, host)
	}
	return t.hostName(x, host)
}
