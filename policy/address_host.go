package policy

import (
	"fmt"
	"strings"
)

// hostName reads the name of a host.
func (t *addressParser) hostName(x *addressPattern, host part) *problem {
	name := strings.ToLower(strings.TrimSuffix(host.text, "."))
	here := fmt.Sprintf("%q", printable(host.text))
	rest := t.text[len(host.text):]
	if base, _, ok := strings.Cut(name, "/"); ok && len(base) > 0 {
		if strings.Trim(base, "0123456789abcdef.") == "" {
			return host.fail(here+" is not an address", addressHint)
		}
		return host.fail("the name of a host has no length", fmt.Sprintf("write %q", base+rest))
	}
	if strings.ContainsAny(name, "*?[]") {
		return host.fail("the name of a host has no wildcards: addresses are judged, and names are looked up when the "+
			"policy is loaded", "write a rule for each host")
	}
	if why := badName(name); why != "" {
		hint := addressHint
		if strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 }) {
			hint = "write the name as DNS has it, as in xn--mnchen-3ya.de"
		}
		return host.fail(here+" is not the name of a host: "+why, hint)
	}
	if t.section == BindSection {
		hint := t.word(name)
		if hint == "" {
			hint = fmt.Sprintf("write the address, or %q for every address", "*"+rest)
		}
		return host.fail("[bind] has addresses only: "+here+" is a name", hint)
	}
	x.kind, x.host = hostName, name
	return nil
}

// badName says what keeps a name from being one of a host (RFC 1123, and the underscore that is found in use).
func badName(name string) string {
	const longestName, longestLabel = 253, 63
	if len(name) > longestName {
		return "it is too long"
	}
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return "there is nothing between two dots"
		case len(label) > longestLabel:
			return "a part of it is too long"
		case label[0] == '-' || label[len(label)-1] == '-':
			return "a part of it begins or ends with `-`"
		case strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
			return "only letters, digits, `-` and `.` are in one"
		}
	}
	return ""
}
