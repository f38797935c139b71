package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"sydbox/access"
)

// spellNet writes a hull on one line.
func spellNet(h NetHull) string {
	var words []string
	if h.AnyPort {
		words = append(words, "any port")
	}
	for _, r := range h.Ports {
		words = append(words, fmt.Sprintf("%d-%d", r.First, r.Last))
	}
	if h.Abstract {
		words = append(words, "names")
	}
	if h.Beyond != nil {
		words = append(words, "beyond by "+h.Beyond.Text)
	}
	return strings.Join(words, ", ")
}

func TestNetHull(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"no rule", "", ""},
		{"what the tree has bound", "allow = ['bound']", "any port, names"},
		{"the loopback network", "allow = ['loopback']", "any port"},
		{"ports of it", "allow = ['127.0.0.0/8:80', '127.0.0.1:100-200', '[::1]:150-300']", "80-80, 100-300"},
		{"ranges that touch", "allow = ['127.0.0.1:5-9', '127.0.0.2:10-12', '127.0.0.3:1']", "1-1, 5-12"},
		{"all ports in pieces", "allow = ['127.0.0.1:0-99', '127.0.0.2:100-65535']", "any port"},
		{"elsewhere", "allow = ['*:443']", "443-443, beyond by *:443"},
		{"a network around it", "allow = ['0.0.0.0/0:1']", "1-1, beyond by 0.0.0.0/0:1"},
		{"a network that has it", "allow = ['126.0.0.0/7:1']", "1-1, beyond by 126.0.0.0/7:1"},
		{"private", "allow = ['private']", "any port, beyond by private"},
		{"anything", "allow = ['any']", "any port, names, beyond by any"},
		{"the nearest", "warn = ['10.0.0.1:2']\nallow = ['10.0.0.2:3']", "2-3, beyond by 10.0.0.1:2"},
		{"a default", "default = 'allow'\ndeny = ['any']", "any port, names, beyond by default"},
		{"a default that is told of", "default = 'warn'", "any port, names, beyond by default"},
		{"denials do not count", "deny = ['*:443']\nmute = ['bound']\nkill = ['any']", ""},
		{"nor what the same denied", "allow = ['*:443', 'bound']\ndeny = ['*:443', 'bound']", ""},
		{"a piece of it", "allow = ['*:1-9']\ndeny = ['*:3']", "1-2, 4-9, beyond by *:1-9"},
		{"names", "allow = ['abstract:x*']", "names"},
		{"a name", "allow = ['abstract:x']\ndeny = ['abstract:x']", ""},
		{"paths", "allow = ['unix:/run']", ""},
		{"families", "allow = ['family:vsock']", ""},
	} {
		p := mustLoad(t, host(nil), "extends = []\n[connect]\n"+test.text)
		if got := spellNet(p.NetHull(ConnectSection)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	p := mustLoad(t, host(nil), "extends = []\n[bind]\nallow = ['*:0', 'loopback:80', 'abstract:a']")
	if got := spellNet(p.NetHull(BindSection)); got != "0-0, 80-80, names, beyond by *:0" {
		t.Errorf("bind: %s", got)
	}
	if got := spellNet(p.NetHull(ConnectSection)); got != "" {
		t.Errorf("another section: %s", got)
	}
}

func TestNetHullOfProfiles(t *testing.T) {
	for profile, want := range map[string]string{
		"build": "any port, names", "open": "any port, names, beyond by default",
	} {
		p, err := Load(host(nil), Options{Policies: []string{profile}})
		if err != nil {
			t.Fatal(detail(err))
		}
		if got := spellNet(p.NetHull(ConnectSection)); got != want {
			t.Errorf("%s: %s, want %s", profile, got, want)
		}
	}
}

// allowsAddress is what a wall built from the hull lets happen.
func (h *NetHull) allowsAddress(a *access.Address) bool {
	if a.Inet() {
		for _, r := range h.Ports {
			if r.First <= a.Port && a.Port <= r.Last {
				return true
			}
		}
		return h.AnyPort
	}
	return h.Abstract
}

type someOwner bool

func (o someOwner) Owns(*access.Address) bool { return bool(o) }

// netHullAndPolicy makes up a policy and asks it and its hull about addresses.
func netHullAndPolicy(t *testing.T, r *rand.Rand) {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	rule := func() string {
		switch r.IntN(8) {
		case 0:
			return pick("any", "loopback", "private")
		case 1:
			return "bound"
		case 2:
			return "abstract:" + pick("*", "a", "a*", "[ab]?", "b")
		case 3:
			return pick("unix:/run", "family:netlink", "family:inet")
		}
		ports := pick("*", "6", "1", "2-4", "3", "3-65535", "0-2", "65535", "4-5")
		return pick("*", "10.0.0.0/8", "10.0.0.1", "127.0.0.1", "127.0.0.0/8", "[::1]", "[fc00::/7]", "[::/0]",
			"0.0.0.0/0") + ":" + ports
	}
	var text strings.Builder
	text.WriteString("extends = []\n[connect]\n")
	if r.IntN(4) == 0 {
		fmt.Fprintf(&text, "default = '%s'\n", Action(r.IntN(len(actionNames))))
	}
	for a := range actionNames {
		if n := r.IntN(3); n > 0 {
			fmt.Fprintf(&text, "%s = ['%s', '%s']\n", Action(a), rule(), rule())
		}
	}
	p := mustLoad(t, host(nil), text.String())
	h := p.NetHull(ConnectSection)
	for range 24 {
		a := &access.Address{Family: afInet, Port: uint16(r.IntN(7))}
		if r.IntN(8) == 0 {
			a.Port = 65535
		}
		a.IP = netip.MustParseAddr(pick("10.0.0.1", "10.0.0.2", "127.0.0.1", "127.0.0.2", "8.8.8.8", "::1", "fc00::1", "::2"))
		switch {
		case r.IntN(4) == 0:
			*a = access.Address{Family: afUnix, Abstract: []byte(pick("a", "ab", "b", "c"))}
		case a.IP.Is6():
			a.Family = afInet6
		}
		owner := someOwner(r.IntN(2) == 0)
		d := p.Decide(&Query{Op: access.Connect, Addr: a, Owner: owner})
		if d.Denied() {
			continue
		}
		if !h.allowsAddress(a) {
			t.Fatalf("%+v is %s, but not in the hull\n%s\n%s", a, verdict(d), spellNet(h), &text)
		}
		if a.Inet() && !a.IP.IsLoopback() && !bool(owner) && h.Beyond == nil {
			t.Fatalf("%+v is %s, and nothing goes beyond\n%s\n%s", a, verdict(d), spellNet(h), &text)
		}
	}
}

// The hull is never stricter than the policy.
func TestNetHullHoldsThePolicy(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		netHullAndPolicy(t, r)
	}
}

func FuzzNetHull(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) { netHullAndPolicy(t, rand.New(rand.NewPCG(a, b))) })
}

// TestNetworkNamespace: what is required must be possible, what is preferred is left out where it is not.
func TestNetworkNamespace(t *testing.T) {
	for _, c := range []struct{ rules, obstacle string }{
		{"allow = ['bound', 'loopback', 'unix:/', 'abstract:*', '127.0.0.1:80']", ""},
		{"", ""},
		{"deny = ['*:443']", ""},
		{"allow = ['bound', '*:443']", "*:443"},
		{"warn = ['any']", "any"},
		{"default = 'allow'", "default"},
	} {
		text := "extends = []\n[connect]\n" + c.rules + "\n[harden]\nnetwork_namespace = "
		p := mustLoad(t, host(nil), text+"'preferred'")
		level, obstacle := p.NetworkNamespace()
		if level != "preferred" || (obstacle != nil) != (c.obstacle != "") || obstacle != nil && obstacle.Text != c.obstacle {
			t.Errorf("%s: %s, %+v", c.rules, level, obstacle)
		}
		warned := 0
		for _, w := range p.Warnings() {
			if strings.Contains(w.Detail(), "network_namespace") {
				warned++
			}
		}
		if (warned == 1) != (c.obstacle != "") {
			t.Errorf("%s: %d warnings", c.rules, warned)
		}
		_, err := Load(host(map[string]string{"/p.toml": text + "'required'"}), Options{Policies: []string{"/p.toml"}})
		if (err != nil) != (c.obstacle != "") {
			t.Errorf("%s: %v", c.rules, err)
		}
	}
	if level, obstacle := mustLoad(t, host(nil), "").NetworkNamespace(); level != "off" || obstacle != nil {
		t.Errorf("unless said: %s, %+v", level, obstacle)
	}
	// A flag that opens more than a policy meant to require is the one that is pointed at.
	sys := host(map[string]string{"/p.toml": "[harden]\nnetwork_namespace = 'required'"})
	_, err := Load(sys, Options{Policies: []string{"/p.toml"},
		Rules: []RuleFlag{{"connect", "allow", "*:443", "--allow"}}})
	if err == nil || !strings.Contains(detail(err), "connect=*:443") {
		t.Errorf("a flag: %s", detail(err))
	}
}
