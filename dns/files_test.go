package dns

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseHosts(t *testing.T) {
	text := "# comment\n127.0.0.1\tlocalhost\n::1 localhost ip6-localhost # more\n" +
		"  192.0.2.1   Build.Example.  build\r\nfe80::1%eth0 router\n0.0.0.0 ads.example\nnonsense here\n" +
		"192.0.2.2\n192.0.2.3 bad..name \x1b[2J\n::ffff:192.0.2.9 last"
	var got []string
	for _, h := range ParseHosts(text) {
		got = append(got, h.IP.String()+" "+h.Name)
	}
	want := []string{
		"127.0.0.1 localhost", "::1 localhost", "::1 ip6-localhost", "192.0.2.1 build.example", "192.0.2.1 build",
		"fe80::1 router", `192.0.2.3 \027\0912j`, "192.0.2.9 last",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var long strings.Builder
	for i := range 10000 {
		fmt.Fprintf(&long, "10.0.%d.%d h%d\n", i>>8, i&255, i)
	}
	if n := len(ParseHosts(long.String())); n != hostsMax {
		t.Errorf("%d entries", n)
	}
}

func TestParseResolvers(t *testing.T) {
	local := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}
	for text, want := range map[string]Resolvers{
		"":               {Servers: local},
		"nameserver\n":   {Servers: local},
		"nameserver x\n": {Servers: local},
		"#nameserver 1.2.3.4\n;nameserver 1.2.3.4\n": {Servers: local},
		"nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch . corp.Example.  test\n": {
			Servers: []netip.Addr{netip.MustParseAddr("127.0.0.53")}, Search: []string{"corp.example", "test"},
		},
		"domain old.test\nsearch new.test\n nameserver fe80::1%2 trailing\nnameserver ::ffff:192.0.2.1": {
			Servers: []netip.Addr{netip.MustParseAddr("fe80::1"), netip.MustParseAddr("192.0.2.1")},
			Search:  []string{"new.test"},
		},
	} {
		if d := cmp.Diff(want, ParseResolvers(text), byValue); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
	many := ParseResolvers(strings.Repeat("nameserver 192.0.2.1\n", 100) + "search" + strings.Repeat(" a.test", 100))
	if len(many.Servers) != resolversMax || len(many.Search) != searchMax {
		t.Errorf("%d servers, %d domains", len(many.Servers), len(many.Search))
	}
}

func TestAsked(t *testing.T) {
	r := Resolvers{Search: []string{"corp.test", "test"}}
	for name, want := range map[string]string{
		"build.corp.test": "build", "example.org": "example.org", "example.org.corp.test": "example.org",
		"corp.test": "corp", "test": "test", "contest": "contest",
	} {
		if got := r.Asked(name); got != want {
			t.Errorf("Asked(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzFiles(f *testing.F) {
	f.Add("127.0.0.1 localhost # x\n")
	f.Add("nameserver ::1\nsearch a.b c\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, h := range ParseHosts(text) {
			if !printable(h.Name) || h.Name == "" || !h.IP.IsValid() {
				t.Errorf("%+v", h)
			}
		}
		r := ParseResolvers(text)
		if len(r.Servers) == 0 || len(r.Servers) > resolversMax {
			t.Errorf("%v", r.Servers)
		}
	})
}
