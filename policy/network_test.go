package policy

import (
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sydbox/access"
)

func inetAddr(text string) *access.Address {
	ap := netip.MustParseAddrPort(text)
	family := uint16(afInet6)
	if ap.Addr().Is4() {
		family = afInet
	}
	return &access.Address{Family: family, IP: ap.Addr(), Port: ap.Port()}
}

// addressQuery makes a query of "127.0.0.1:80", "[::1]:80", "unix:/x", "abstract:x" or "family:vsock".
func addressQuery(op access.Op, text string) *Query {
	scheme, rest, _ := strings.Cut(text, ":")
	switch scheme {
	case "unix":
		return &Query{Op: op, Path: []byte(rest), Addr: &access.Address{Family: afUnix}}
	case "abstract":
		return &Query{Op: op, Addr: &access.Address{Family: afUnix, Abstract: []byte(rest), Unnamed: rest == ""}}
	case "family":
		number, _ := access.FamilyByName(rest)
		return &Query{Op: op, Addr: &access.Address{Family: number}}
	}
	return &Query{Op: op, Addr: inetAddr(text)}
}

// What the profiles say of addresses. owned is whether the tree holds the address.
func TestProfilesOfAddresses(t *testing.T) {
	const resolved = "unix:/run/systemd/resolve/io.systemd.Resolve"
	const muted = "mute unix:/[r][u][n]/[s][y][s][t][e][m][d]/[r][e][s][o][l][v][e] EACCES"
	for _, tt := range []struct {
		profile string
		net     bool
		op      access.Op
		addr    string
		owned   bool
		want    string
	}{
		{"build", false, access.Connect, "127.0.0.1:8080", true, "allow bound"},
		{"build", false, access.Connect, "127.0.0.1:8080", false, "deny default ECONNREFUSED"},
		{"build", false, access.Connect, "[::1]:8080", false, "deny default ECONNREFUSED"},
		{"build", false, access.Connect, "127.0.0.53:53", false, "deny default ECONNREFUSED"},
		{"build", false, access.Connect, "93.184.216.34:443", false, "deny default ENETUNREACH"},
		{"build", false, access.Connect, "[2001:db8::1]:443", false, "deny default ENETUNREACH"},
		{"build", false, access.Connect, "unix:/run/docker.sock", false, "deny default EACCES"},
		{"build", false, access.Connect, "unix:/tmp/mine", true, "allow bound"},
		{"build", false, access.Connect, "unix:/run/nscd/socket", false, "mute unix:/[r][u][n]/[n][s][c][d] EACCES"},
		{"build", false, access.Connect, resolved, false, muted},
		{"build", false, access.Connect, "abstract:/tmp/.X11-unix/X0", false, "deny default ECONNREFUSED"},
		{"build", false, access.Connect, "abstract:mine", true, "allow bound"},
		{"build", false, access.Connect, "family:netlink", false, "allow default"},
		{"build", false, access.Connect, "family:vsock", false, "deny default EAFNOSUPPORT"},
		{"build", false, access.Bind, "127.0.0.1:0", false, "allow loopback"},
		{"build", false, access.Bind, "[::1]:80", false, "allow loopback"},
		{"build", false, access.Bind, "0.0.0.0:8080", false, "allow local narrowed"},
		{"build", false, access.Bind, "[::]:8080", false, "allow local narrowed"},
		{"build", false, access.Bind, "192.168.1.2:8080", false, "allow local narrowed"},
		{"build", false, access.Bind, "unix:/home/a/src/s", false, "allow unix:/"},
		{"build", false, access.Bind, "abstract:x", false, "allow abstract:*"},
		{"build", false, access.Bind, "abstract:", false, "allow abstract:*"},
		{"build", false, access.Bind, "family:netlink", false, "allow default"},
		{"build", true, access.Connect, "93.184.216.34:443", false, "allow any"},
		{"build", true, access.Connect, "unix:/run/nscd/socket", false, "allow any"},
		{"build", true, access.Connect, "abstract:x", false, "allow any"},
		{"build", true, access.Connect, "family:vsock", false, "allow default"},
		{"build", true, access.Bind, "0.0.0.0:8080", false, "allow any"},
		{"open", false, access.Connect, "93.184.216.34:443", false, "allow default"},
		{"open", false, access.Bind, "0.0.0.0:8080", false, "allow default"},
	} {
		opt := Options{Policies: []string{tt.profile}}
		if tt.net {
			opt.Rules = AllowNetwork()
		}
		p, err := Load(host(nil), opt)
		if err != nil {
			t.Fatal(detail(err))
		}
		q := addressQuery(tt.op, tt.addr)
		q.Owner = &askedOwner{owned: tt.owned}
		if got := addressVerdict(p.Decide(q)); got != tt.want {
			t.Errorf("%s --net=%v %s %s: %s, want %s", tt.profile, tt.net, tt.op, tt.addr, got, tt.want)
		}
		if p.PolicesNetwork() != (tt.profile == "build" && !tt.net) {
			t.Errorf("%s --net=%v: the network is policed: %v", tt.profile, tt.net, p.PolicesNetwork())
		}
	}
}

func addressVerdict(d Decision) string {
	text := d.Action.String() + " " + d.Rule.Text
	if d.Denied() {
		text += " " + errnoText(uint16(d.Errno))
	}
	if d.Local {
		text += " narrowed"
	}
	return text
}

// What beats an `any` keeps the section policed; what cannot, does not.
func TestAnyAndPolicing(t *testing.T) {
	for text, want := range map[string]access.Op{
		"connect.allow = ['any']\nbind.allow = ['any']":                                             0,
		"connect.allow = ['any']":                                                                   access.Bind,
		"connect.warn = ['any']\nbind.allow = ['any']":                                              access.Connect,
		"connect.allow = ['any']\nconnect.deny = ['*:22']\nbind.allow = ['any']":                    access.Connect,
		"connect.allow = ['any']\nconnect.mute = ['unix:/*']\nbind.allow = ['any']":                 access.Connect, // the stricter
		"connect.default = 'allow'\nbind.default = 'allow'\nconnect.allow = ['1.2.3.4:5']":          0,
		"connect.default = 'allow'\nbind.default = 'allow'\nconnect.deny = ['1.2.3.4:5']":           access.Connect,
		"connect.default = 'allow'\nbind.default = 'allow'\nconnect.deny = ['family:vsock']":        0,
		"connect.default = 'allow'\nbind.default = 'allow'\nbind.allow = ['local']":                 access.Bind,
		"connect.default = 'allow'\nbind.default = 'allow'\nconnect.deny = ['unix:${NOPE:-}/sock']": 0,
		"connect.allow = ['*:*', 'unix:/', 'abstract:*']\nbind.allow = ['any']":                     access.Connect, // no `any`
	} {
		p := mustLoad(t, host(nil), "extends = []\n"+text)
		if got := p.polices & (access.Connect | access.Bind); got != want {
			t.Errorf("%q polices %s, want %s", text, got, want)
		}
	}
	near := RuleFlag{"connect", "allow", "any", "--allow"}
	far := "extends = []\nbind.default = 'allow'\n[connect]\ndeny = ['*:*', 'unix:/[r]*', 'abstract:*', 'any']\n"
	if p := mustLoad(t, host(nil), far, near); p.PolicesNetwork() {
		t.Error("rules of a farther layer that are as wide count")
	}
	if p := mustLoad(t, host(nil), far+"kill = ['unix:/run']", near); !p.PolicesNetwork() {
		t.Error("a deeper rule does not count")
	}
}

// The owner of an address is asked once at most, and only if its answer makes a difference.
func TestOwnerIsAskedLazily(t *testing.T) {
	for _, tt := range []struct {
		rules, addr string
		asked       int
		want        string
	}{
		{"allow = ['bound']", "127.0.0.1:80", 1, "allow bound"},
		{"allow = ['bound']", "93.184.216.34:80", 1, "allow bound"},
		{"allow = ['bound', 'loopback']", "127.0.0.1:80", 0, "allow loopback"},
		{"default = 'allow'\nallow = ['bound']", "127.0.0.1:80", 0, "allow default"},
		{"allow = ['bound']\ndeny = ['127.0.0.1:80']", "127.0.0.1:80", 0, "deny 127.0.0.1:80 ECONNREFUSED"},
		{"allow = ['bound']\ndeny = ['127.0.0.1:*']", "127.0.0.1:80", 1, "allow bound"},
		{"deny = ['bound']\nallow = ['127.0.0.1:80']", "127.0.0.1:80", 1, "deny bound ECONNREFUSED"},
		{"deny = ['bound']", "127.0.0.1:80", 0, "deny default ECONNREFUSED"},
		{"allow = ['bound']\ndeny = ['unix:/tmp']", "unix:/tmp/x", 1, "allow bound"},
		{"allow = ['bound']\ndeny = ['unix:/tmp/x']", "unix:/tmp/x", 0, "deny unix:/tmp/x EACCES"},
		{"allow = ['bound']\ndeny = ['abstract:a*']", "abstract:abc", 1, "allow bound"},
		{"allow = ['bound']\nkill = ['abstract:abc']", "abstract:abc", 0, "kill abstract:abc ECONNREFUSED"},
		{"allow = ['*:*']", "127.0.0.1:80", 0, "allow *:*"},
	} {
		p := mustLoad(t, host(nil), "extends = []\n[connect]\n"+tt.rules)
		owner := &askedOwner{owned: true}
		q := addressQuery(access.Connect, tt.addr)
		q.Owner = owner
		d := p.Decide(q)
		if got := addressVerdict(d); got != tt.want || owner.asked != tt.asked {
			t.Errorf("%q %s: %s, asked %d times; want %s, %d", tt.rules, tt.addr, got, owner.asked, tt.want, tt.asked)
		}
		owner.asked = 0
		if e, _ := p.Explain(q); e != d || owner.asked > 1 {
			t.Errorf("%q %s: Explain says %+v and asks %d times", tt.rules, tt.addr, e, owner.asked)
		}
	}
}

// A policy's own errno is told from the one that fits.
func TestErrnoOfAddresses(t *testing.T) {
	p := mustLoad(t, host(nil), "extends = []\nconnect.errno = 'EHOSTUNREACH'\nconnect.deny = ['family:unix']\n")
	for addr, want := range map[string]syscall.Errno{
		"10.0.0.1:80": syscall.EHOSTUNREACH, "unix:/x": syscall.EHOSTUNREACH, "family:vsock": syscall.EHOSTUNREACH,
	} {
		if d := p.Decide(addressQuery(access.Connect, addr)); d.Errno != want || !d.ErrnoSet {
			t.Errorf("%s: %v, set: %v", addr, d.Errno, d.ErrnoSet)
		}
	}
	if d := p.Family(afUnix); d.Errno != syscall.EHOSTUNREACH || !d.ErrnoSet {
		t.Errorf("family: %+v", d)
	}
	if d := p.Decide(addressQuery(access.Bind, "0.0.0.0:80")); d.Errno != syscall.EACCES || d.ErrnoSet {
		t.Errorf("bind: %+v", d)
	}
	if d := p.Decide(&Query{Op: access.Bind, Addr: &access.Address{}}); !d.Denied() || !d.Rule.Default {
		t.Errorf("no address: %+v", d)
	}
	if d := p.Decide(&Query{Op: access.Write, Path: []byte("/x")}); d.ErrnoSet {
		t.Errorf("write: %+v", d)
	}
}

// Rules about families judge making sockets, and the addresses of families that have none of their own.
func TestFamilies(t *testing.T) {
	p := mustLoad(t, host(nil), `extends = []
[connect]
allow = ["family:vsock", "family:netlink"]
deny  = ["family:inet6"]
warn  = ["family:can"]
kill  = ["family:packet"]
`, RuleFlag{"connect", "allow", "family:packet", "--allow"})
	for name, want := range map[string]string{
		"unix": "allow default", "inet": "allow default", "inet6": "deny family:inet6 EAFNOSUPPORT",
		"vsock":   "allow family:vsock",
		"netlink": "allow family:netlink", "can": "warn family:can", "packet": "allow family:packet", "tipc": "allow default",
	} {
		number, _ := access.FamilyByName(name)
		if got := addressVerdict(p.Family(number)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	for addr, want := range map[string]string{
		"family:vsock": "allow family:vsock", "family:can": "warn family:can", "family:tipc": "deny default EAFNOSUPPORT",
		"[::1]:80": "deny default ECONNREFUSED", "10.0.0.1:80": "deny default ENETUNREACH",
	} {
		for _, op := range []access.Op{access.Connect, access.Bind} {
			d := p.Decide(addressQuery(op, addr))
			if got := addressVerdict(d); op == access.Connect && got != want || d.Denied() != strings.HasPrefix(want, "deny") {
				t.Errorf("%s %s: %s, want %s", op, addr, got, want)
			}
			if e, _ := p.Explain(addressQuery(op, addr)); e != d {
				t.Errorf("%s %s: Explain says %+v", op, addr, e)
			}
		}
	}
}

// A socket must not get a name by which it may be reached.
func TestSocketsAreNotLaundered(t *testing.T) {
	open := "extends = ['open']\n[connect]\n"
	for _, tt := range []struct {
		text, from, to string
		want           bool
	}{
		{open + "deny = ['unix:/run']", "/run/docker.sock", "/tmp/docker.sock", true},
		{open + "deny = ['unix:/run']", "/tmp/a", "/tmp/b", false},
		{open + "deny = ['unix:/run']", "/tmp/a", "/run/a", false},
		{open + "deny = ['unix:/run/a/b']", "/run/a", "/run/c", true},
		{open + "default = 'deny'\nallow = ['unix:/tmp']", "/run/a", "/tmp/a", true},
		{open + "deny = ['10.0.0.0/8:*']", "/run/a", "/tmp/a", false},
	} {
		p := mustLoad(t, host(nil), tt.text)
		if got := p.Launders([]byte(tt.from), []byte(tt.to), true); got != tt.want {
			t.Errorf("%q %s -> %s: %v", tt.text, tt.from, tt.to, got)
		}
		if p.Traces("renameat2") != p.socketPaths {
			t.Errorf("%q: renameat2 stops: %v", tt.text, p.Traces("renameat2"))
		}
	}
}

// The rule that is suggested for an address allows it, and is what it says.
func TestAddressRule(t *testing.T) {
	p, err := Load(host(nil), Options{})
	if err != nil {
		t.Fatal(detail(err))
	}
	for _, addr := range []string{
		"93.184.216.34:443", "[2001:db8::1]:80", "unix:/run/a[*]$x/~b", "abstract:a/b*?[x]$", "abstract:@x",
		"abstract:nul\x00nul",
		"family:vsock",
	} {
		q := addressQuery(access.Connect, addr)
		rule := AddressRule(q.Addr, q.Path)
		more, err := p.With(RuleFlag{"connect", "allow", rule, "--allow"})
		if err != nil {
			t.Errorf("%q: %s", addr, detail(err))
			continue
		}
		if d := more.Decide(q); d.Denied() || d.Rule.Text != rule {
			t.Errorf("%q: %q does not allow it: %s", addr, rule, addressVerdict(d))
		}
	}
	for _, a := range []access.Address{{}, {Family: afUnix, Unnamed: true}} {
		if rule := AddressRule(&a, nil); rule != "" {
			t.Errorf("%+v: %q", a, rule)
		}
	}
}

// What is shown of addresses.
func TestShowAddresses(t *testing.T) {
	sys := netHost("SOCK=/run/user/1")
	sys.Realpath = links(map[string]string{"/var/run": "/run", "/var/run/x": ""})
	addFile(sys, "etc/sydbox/site.toml", "extends = []\nconnect.allow = ['mirror.test:80']\n")
	p := mustLoad(t, sys, `extends = ["site"]
[connect]
errno = "EPERM"
allow = [
    "example.org:443", "*:https", "bound", "10.0.0.0/8:1-1023", "unix:$SOCK/*.sock", "unix:/var/run/x", "abstract:a*",
    "abstract:${NOPE:-}x", "family:netlink",
]
deny  = ["private:www", "[fc00::/7]:*", "unix:${NOPE:-}/x"]
[bind]
allow = ["local", "any"]
`, AllowNetwork()...)
	var b strings.Builder
	if err := p.Show(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	from, to := strings.Index(text, "[connect]"), strings.Index(text, "[harden]")
	golden(t, "testdata/show-addresses.want", text[from:to])
}

func TestPortIndex(t *testing.T) {
	var x portIndex
	if x.find(80) != none {
		t.Error("an index without rules has one")
	}
	for i, r := range []portRange{{0, 65535}, {80, 90}, {85, 85}, {65535, 65535}, {0, 0}, {80, 90}, {86, 100}} {
		x.add(r, int32(i))
	}
	x.build()
	for port, want := range map[uint16]int32{
		0: 4, 1: 0, 79: 0, 80: 1, 84: 1, 85: 2, 86: 1, 90: 1, 91: 6, 100: 6, 101: 0, 65534: 0, 65535: 3,
	} {
		if got := x.find(port); got != want {
			t.Errorf("port %d: rule %d, want %d", port, got, want)
		}
	}
	if !slices.IsSorted(x.first) {
		t.Error("pieces are not in order:", x.first)
	}
}
