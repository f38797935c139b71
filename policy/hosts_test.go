package policy

import (
	"net/netip"
	"strings"
	"testing"

	"sydbox/access"
)

// A policy that names a host knows its addresses, whom to ask for them, and what the tree is told.
func TestHostRules(t *testing.T) {
	p := mustLoad(t, netHost(), `extends = []
[connect]
allow = ["Example.ORG.:https"]
deny  = ["localhost:443"]
`)
	for _, tt := range []struct {
		addr  string
		hosts []string
		want  string
	}{
		{"93.184.216.34:443", nil, "allow Example.ORG.:https"},
		{"[2001:db8::34]:443", nil, "allow Example.ORG.:https"},
		{"93.184.216.34:80", nil, "deny default ENETUNREACH"},
		{"93.184.216.35:443", nil, "deny default ENETUNREACH"},
		{"93.184.216.35:443", []string{"other", "EXAMPLE.org."}, "allow Example.ORG.:https"},
		{"93.184.216.35:80", []string{"example.org"}, "deny default ENETUNREACH"},
		{"127.0.0.1:443", nil, "deny localhost:443 ECONNREFUSED"},
		{"127.0.0.1:443", []string{"example.org"}, "deny localhost:443 ECONNREFUSED"}, // the stricter
		{"127.0.0.53:53", nil, "allow 127.0.0.53:53"},
		{"[fe80::1]:53", nil, "allow [fe80::1]:53"},
		{"127.0.0.1:53", nil, "deny default ECONNREFUSED"},
	} {
		q := addressQuery(access.Connect, tt.addr)
		q.Hosts = tt.hosts
		if got := addressVerdict(p.Decide(q)); got != tt.want {
			t.Errorf("%s %v: %s, want %s", tt.addr, tt.hosts, got, tt.want)
		}
	}
	if p := mustLoad(t, netHost(), "extends = []\nconnect.deny = ['example.org:443']"); p.Decide(
		addressQuery(access.Connect, "127.0.0.53:53")).Action != Deny {
		t.Error("a denied host lets its resolver be reached")
	}
}

// Without a resolv.conf(5) that says otherwise this machine is asked.
func TestResolverOfNoFile(t *testing.T) {
	sys := host(nil)
	sys.LookupHost = someHosts
	p := mustLoad(t, sys, "extends = []\nconnect.allow = ['example.org:443']")
	if got := addressVerdict(p.Decide(addressQuery(access.Connect, "127.0.0.1:53"))); got != "allow 127.0.0.1:53" {
		t.Error(got)
	}
}

// A host that is not found is an error where the user of this command line wrote the rule, or where it denies; else the
// rule holds for what the tree is told. A name is looked up once.
func TestHostsThatAreNotFound(t *testing.T) {
	asked := 0
	sys := netHost()
	sys.LookupHost = func(name string) ([]netip.Addr, error) { asked++; return someHosts(name) }
	addFile(sys, "etc/sydbox/site.toml", "extends = []\nconnect.allow = ['mirror.test:80']\n")
	addFile(sys, "etc/sydbox/strict.toml", "extends = []\nconnect.deny = ['mirror.test:80']\n")
	p, err := Load(sys, Options{Policies: []string{"site"}})
	if err != nil {
		t.Fatal(detail(err))
	}
	if p, err = p.With(RuleFlag{"write", "allow", "/x", "-w"}); err != nil || asked != 1 {
		t.Errorf("asked %d times: %v", asked, err)
	}
	if w := p.Warnings(); len(w) != 1 || !strings.Contains(w[0].Message, "mirror.test is not found: no such host") {
		t.Errorf("warnings: %v", w)
	}
	q := addressQuery(access.Connect, "10.0.0.1:80")
	if d := p.Decide(q); !d.Denied() {
		t.Error("a rule without an address allows")
	}
	q.Hosts = []string{"mirror.test"}
	if d := p.Decide(q); d.Denied() {
		t.Error("a rule does not hold for what the tree is told")
	}
	if _, err := Load(sys, Options{Policies: []string{"strict"}}); err == nil {
		t.Error("a deny rule without an address is accepted")
	}
	for _, opt := range []Options{
		{Policies: []string{"/etc/sydbox/site.toml"}},
		{Rules: []RuleFlag{{"connect", "allow", "mirror.test:80", "--allow"}}},
	} {
		if _, err := Load(sys, opt); err == nil || !strings.Contains(detail(err), "^^^^^^^^^^^\n") {
			t.Errorf("%+v: %v", opt, err)
		}
	}
}
