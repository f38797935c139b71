package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
)

// services(5) as Debian has it, in parts.
const someServices = `# Network services, Internet style
ssh		22/tcp				# SSH Remote Login Protocol
domain		53/tcp
domain		53/udp
http		80/tcp		www		# WorldWideWeb HTTP
https		443/tcp
http-alt	8080/tcp	webcache
syslog		514/udp
shell		514/tcp
talk		517/udp
talk		518/tcp
broken
worse		70000/tcp
`

// someHosts answers for a few names.
func someHosts(name string) ([]netip.Addr, error) {
	known := map[string]string{
		"example.org": "93.184.216.34 2001:db8::34", "localhost": "127.0.0.1 ::1", "mapped.test": "::ffff:10.1.2.3 10.1.2.3",
		"empty.test": "",
	}
	text, ok := known[name]
	if !ok {
		return nil, errors.New("no such host")
	}
	var list []netip.Addr
	for field := range strings.FieldsSeq(text) {
		list = append(list, netip.MustParseAddr(field))
	}
	return list, nil
}

// addFile puts a file into the root of a System made by host.
func addFile(sys *System, name, text string) {
	sys.FS.(fstest.MapFS)[name] = &fstest.MapFile{Data: []byte(text)}
}

// netHost is host with names of services and hosts.
func netHost(env ...string) *System {
	sys := host(map[string]string{
		"/etc/services":    someServices,
		"/etc/resolv.conf": "# comment\nsearch test\nnameserver 127.0.0.53\nnameserver fe80::1%eth0\noptions edns0\n",
	}, env...)
	sys.LookupHost = someHosts
	return sys
}

// wrongAddresses are rules that must be errors, for [connect] unless they say otherwise.
var wrongAddresses = []string{
	// IPv4
	"10.0.0.0/33:80", "10.0.0.0/a:80", "10.0.0.0/:80", "10.0.0.0/08:80", "10.0.0.0/255.255.0.0:80",
	"10.1.2.3/8:80", "10/8:80",
	"10.0.0:80", "10.0.0.256:80", "10.0.0.01:80", "1.2.3.4.5:80", "10.0.0.:80", "10..0.1:80", "192.168.*.*:443",
	"10.*:443",
	"*.10:443", "1.2.3.4/24/8:80",
	// IPv6
	"::1:8080", "::1", "fe80::1:80", "2001:db8::/32:443", "[::1]", "[::1]8080", "[::1", "[fe80::1%eth0]:80",
	"[::g]:80", "[1.2.3.4]:80",
	"[::ffff:10.0.0.1]:80", "[fc00::]/7:80", "[fc00::/129]:80", "[fc00::1/7]:80", "[]:80", "[fe80::1%eth0/64]:80",
	"1:2:3:4",
	// Ports
	"10.0.0.1", "*", "10.0.0.1:", "*:65536", "*:99999999999999999999", "*:1024-1023", "*:80-", "*:-80", "*:80,443",
	"*:https-http",
	"*:htps", "*:httpx://x", "*:8*", "*:1-2-3", "*:0", ":80", "*:broken",
	// Words
	"", "lopback", "Loopback", "BOUND", "privat", "any:443", "bound:8080", "local", "bind:bound", "bind:boud",
	"bind:bound:80",
	"localhost", "example", "bind:example", "everything:80",
	// Names of hosts
	"*.example.org:443", "exampl?.org:443", "example.org", "example.org:*", "example.org:80-90",
	"example.org/24:80", "bind:example.org:80",
	"bind:lopback:80", "nosuch.example:443", "lopback:80", "exa mple.org:80", "-example.org:80", "a..b:80",
	"münchen.de:443", "empty.test:80",
	"https://example.org/x", "http://example.org:8080/", "file:///run/x", "dead.beef/8:80", "example.org:htps",
	// Unix sockets
	"/run/x.sock", "~/x.sock", "$XDG_RUNTIME_DIR/x", "unix:", "unix:x.sock", "unix:run/x.sock", "unix:@name",
	"unix:$NOSUCH/x", "unix:/a/../b",
	"unix:/[a", "unix:$STDIO", "unx:/run/x.sock", "unix:/proc/self/x",
	"@name", "abstract:", "abstract:@name", "abstract:[a", "abstrakt:x",
	// Families
	"family:", "family:netlnk", "family:AF_VSOCK", "family:PF_UNXI", "family:unspec", "family:77777",
	"family:quux", "bind:family:vsock",
	"famly:vsock",
}

func TestAddressErrors(t *testing.T) {
	var all strings.Builder
	for _, text := range wrongAddresses {
		section := "connect"
		if rest, ok := strings.CutPrefix(text, "bind:"); ok {
			section, text = "bind", rest
		}
		sys := netHost()
		addFile(sys, "p.toml", fmt.Sprintf("extends = []\n[%s]\nallow = [%s]\n", section, quote(text)))
		_, err := Load(sys, Options{Policies: []string{"/p.toml"}})
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("[%s] %q is accepted", section, text)
			continue
		}
		if e.Line != 3 || e.Column < len(`allow = [`) {
			t.Errorf("%q: the place is %d:%d", text, e.Line, e.Column)
		}
		fmt.Fprintf(&all, "%s\n\n", strings.ReplaceAll(e.Detail(), "/p.toml:3", section))
	}
	golden(t, "testdata/addresses.want", all.String())
}

// Without what a rule needs of the system it is an error, too.
func TestAddressWithoutSystem(t *testing.T) {
	for text, want := range map[string]string{
		"example.org:443": "no name of a host can be looked up here",
		"*:https":         "there are no names of services in /etc/services: write the number",
	} {
		_, err := Load(host(nil), Options{Rules: []RuleFlag{{"connect", "allow", text, "--allow"}}})
		if err == nil || !strings.Contains(detail(err), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
