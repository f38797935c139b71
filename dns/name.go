// Package dns reads what messages of name services ask and answer: DNS itself (RFC 1035, with EDNS, compression and
// service bindings), the name service cache daemon, systemd-resolved's varlink interface, and the files that
// configure them, hosts(5) and resolv.conf(5).
//
// It is pure, and made for hostile input: every function is bounded by the length of what it is given and by the limits
// of this package, none panics, and every name that comes out is normal (Normal), so it can be compared and printed.
// Nothing in a message is true because it says so: whom an answer came from is the caller's to know.
//
// Any goroutine may use it.
package dns

import "strings"

const (
	// nameMax is the longest name on the wire without its last length byte (RFC 1035, 2.3.4), as text: with dots
	// between the labels and none at the end.
	nameMax = 253
	// labelMax is the longest label.
	labelMax = 63
)

// Normal returns the one spelling of a host name that this package uses: lower case, without the root's dot at the end.
// A byte that host names do not have, such as a control character or a space, becomes \DDD, its value in decimal, as in
// RFC 1035, 5.1; so what comes out is printable ASCII without a space or quote. It is "" for what is no name: the root
// itself, empty labels, labels and names that are too long, and addresses of the internet.
func Normal(name string) string {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > nameMax {
		return ""
	}
	plain, label, last := true, 0, 0
	for i := range len(name) {
		c := name[i]
		if c == '.' {
			if label == 0 || label > labelMax {
				return ""
			}
			label, last = 0, i+1
			continue
		}
		label++
		plain = plain && ordinary(c)
	}
	if label == 0 || label > labelMax || numeric(name[last:]) || strings.IndexByte(name, ':') >= 0 {
		return ""
	}
	if plain {
		return name
	}
	return escape(name)
}

// ordinary says whether a byte is spelled as itself.
func ordinary(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
}

// numeric says whether a last label makes an address of a name, as programs read one (RFC 1123, 2.1; inet_aton(3)):
// "127.1", "0x7f000001".
func numeric(label string) bool {
	digits := "0123456789"
	if len(label) > 1 && label[0] == '0' && label[1]|0x20 == 'x' {
		label, digits = label[2:], "0123456789abcdefABCDEF"
	}
	return strings.Trim(label, digits) == ""
}

func escape(name string) string {
	var b strings.Builder
	b.Grow(len(name) + 16)
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			b.WriteByte(c + 'a' - 'A')
		case ordinary(c):
			b.WriteByte(c)
		default:
			b.WriteByte('\\')
			b.WriteByte('0' + c/100)
			b.WriteByte('0' + c/10%10)
			b.WriteByte('0' + c%10)
		}
	}
	return b.String()
}
