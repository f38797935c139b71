package dns

import (
	"strings"
	"testing"
)

func TestNormal(t *testing.T) {
	label := strings.Repeat("a", 63)
	longest := label + "." + label + "." + label + "." + label[:61]
	for name, want := range map[string]string{
		"example.org":            "example.org",
		"Example.ORG.":           "example.org",
		"localhost":              "localhost",
		"_http._tcp.deb.org":     "_http._tcp.deb.org",
		"xn--bcher-kva.test":     "xn--bcher-kva.test",
		"9.2.0.192.in-addr.arpa": "9.2.0.192.in-addr.arpa",
		"4chan.org":              "4chan.org",
		"beef.0xen":              "beef.0xen",
		"a b":                    `a\032b`,
		"\x1b[31m.org":           `\027\09131m.org`,
		"a\nb\x00c\xff":          `a\010b\000c\255`,
		`a\b"c'`:                 `a\092b\034c\039`,
		longest:                  longest,

		"":                         "",
		".":                        "",
		"a..b":                     "",
		".a":                       "",
		"a..":                      "",
		label + "a":                "",
		longest + "a":              "",
		longest + ".a":             "",
		"127.0.0.1":                "",
		"127.1":                    "",
		"2130706433":               "",
		"0x7f000001":               "",
		"127.0.0.0X1":              "",
		"2001:db8::1":              "",
		"fe80::1%eth0":             "",
		strings.Repeat("a.", 5000): "",
	} {
		if got := Normal(name); got != want {
			t.Errorf("Normal(%q) = %q, want %q", name, got, want)
		}
	}
}

// printable is what callers rely on.
func printable(name string) bool {
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\'' {
			return false
		}
	}
	return true
}

func FuzzNormal(f *testing.F) {
	for _, seed := range []string{"example.org.", "a b", "\x1b]0;x\a", "127.1", `\`, "..", "\u202eorg"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := Normal(name)
		if !printable(got) {
			t.Errorf("Normal(%q) = %q, which is not printable", name, got)
		}
		if upper := Normal(strings.ToUpper(got)); strings.IndexByte(got, '\\') < 0 && got != upper {
			t.Errorf("%q in capitals is %q", got, upper)
		}
	})
}
