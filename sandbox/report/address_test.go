package report

import (
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sydbox/event"
	"sydbox/policy"
)

var connectDefault = event.Rule{Section: "connect", Action: "deny", Text: "default", Source: "build", Line: 47, Column: 1}

// reached is a denial of an address: "93.184.216.34:443", with the name of its host before a space if it is known.
func reached(op, address string) *event.Denial {
	d := &event.Denial{
		Time: time.Unix(1, 0), Action: "deny", Op: op, Errno: "ENETUNREACH", Call: op, Protocol: "tcp", Address: address,
		Dir: "/home/a/hello/src", PID: 4125, TID: 4125, Rule: connectDefault,
		Chain: []event.Process{{PID: 4125, Name: "curl"}, {PID: 4102, Name: "make"}},
	}
	if host, address, ok := strings.Cut(address, " "); ok && !strings.Contains(host, ":") {
		d.Host, d.Address = host, address
	}
	if path, ok := strings.CutPrefix(d.Address, "unix:"); ok {
		d.Path, d.Typed, d.Protocol = path, path, "stream"
	}
	return d
}

func TestAddressBlock(t *testing.T) {
	for _, test := range []struct {
		name    string
		op      string
		address string
		change  func(*event.Denial)
		want    string
	}{
		{"an address", "connect", "93.184.216.34:443", nil, `sydbox: denied connect 93.184.216.34:443 (ENETUNREACH)
  by    curl[4125] < make[4102]  in /home/a/hello/src
  call  connect, tcp
  rule  build:47 [connect] default
`},
		{"a host", "connect", "example.org 93.184.216.34:443", nil,
			`sydbox: denied connect example.org (93.184.216.34:443) (ENETUNREACH)
  by    curl[4125] < make[4102]  in /home/a/hello/src
  call  connect, tcp
  rule  build:47 [connect] default
`},
		{"a question", "connect", "example.org 192.0.2.53:53", func(d *event.Denial) { d.Protocol = "udp" },
			`sydbox: denied connect example.org (192.0.2.53:53) (ENETUNREACH)
  by    curl[4125] < make[4102]  in /home/a/hello/src
  call  connect, udp
  rule  build:47 [connect] default
  note  a name server was asked for the address of example.org
`},
		{"fast open", "connect", "[2001:db8::1]:443", func(d *event.Denial) { d.Call, d.Flags = "sendto", "MSG_FASTOPEN" },
			`sydbox: denied connect [2001:db8::1]:443 (ENETUNREACH)
  by    curl[4125] < make[4102]  in /home/a/hello/src
  call  sendto(MSG_FASTOPEN), tcp
  rule  build:47 [connect] default
`},
		{"the path of a socket", "connect", "unix:/run/docker.sock", func(d *event.Denial) {
			d.Typed, d.Errno = "../run/docker.sock", "EACCES"
		}, `sydbox: denied connect unix:/run/docker.sock (EACCES)
  by    curl[4125] < make[4102]  in /home/a/hello/src
  typed ../run/docker.sock   connect, stream
  rule  build:47 [connect] default
`},
		{"a file that bind would make", "create", "unix:/srv/x", nil, `sydbox: denied create /srv/x (ENETUNREACH)
  by    curl[4125] < make[4102]  in /home/a/hello/src
  typed /srv/x   create, stream
  rule  build:47 [connect] default
`},
		{"a family", "connect", "family:vsock", func(d *event.Denial) {
			d.Call, d.Errno, d.Protocol = "socket", "EAFNOSUPPORT", ""
		}, `sydbox: denied connect family:vsock (EAFNOSUPPORT)
  by    curl[4125] < make[4102]  in /home/a/hello/src
  call  socket
  rule  build:47 [connect] default
`},
		{"warn mode", "bind", "0.0.0.0:80", func(d *event.Denial) { d.Action, d.Errno = "warn", "" },
			`sydbox: would deny bind 0.0.0.0:80
  by    curl[4125] < make[4102]  in /home/a/hello/src
  call  bind, tcp
  rule  build:47 [connect] default
`},
		{"hostile", "connect", "abstract:a\x00\x1b]0;\u202e", func(d *event.Denial) {
			d.Host, d.Protocol = "evil\x1b[2J)", "\n"
		}, `sydbox: denied connect "evil\x1b[2J)" ("abstract:a\x00\x1b]0;\u202e") (ENETUNREACH)
  by    curl[4125] < make[4102]  in /home/a/hello/src
  call  connect, "\x0a"
  rule  build:47 [connect] default
  note  a name server was asked for the address of "evil\x1b[2J)"
`},
	} {
		d := reached(test.op, test.address)
		if test.change != nil {
			test.change(d)
		}
		if diff := cmp.Diff(test.want, block(d, false)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
	}
}

// loadNet loads a policy for /home/a/src of a machine whose name server is 192.0.2.53. Looking names up fails the
// test: what a program wanted to know would leave the sandbox by that.
func loadNet(t *testing.T, rules ...policy.RuleFlag) *policy.Policy {
	t.Helper()
	p, err := policy.Load(&policy.System{
		FS:     fstest.MapFS{"etc/resolv.conf": &fstest.MapFile{Data: []byte("nameserver 192.0.2.53\n"), Mode: fs.ModePerm}},
		Getenv: func(string) string { return "" }, Cwd: "/home/a/src", Home: "/home/a",
		LookupHost: func(host string) ([]netip.Addr, error) {
			t.Errorf("%s is looked up", host)
			return nil, os.ErrNotExist
		},
	}, policy.Options{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSuggestAddresses(t *testing.T) {
	for _, test := range []struct {
		name    string
		rules   []policy.RuleFlag
		denied  []string // "op address", with " by NAME" for another program than curl
		want    string
		allowed int
	}{
		{"an address", nil, []string{"connect 93.184.216.34:443"}, "--allow connect=93.184.216.34:443", 1},
		{"an IPv6 address", nil, []string{"connect [2001:db8::1]:443"}, "--allow 'connect=[2001:db8::1]:443'", 1},
		{"a zone", nil, []string{"connect [fe80::1%2]:443"}, "--allow 'connect=[fe80::1]:443'", 1},
		{"a host", nil, []string{"connect example.org 93.184.216.34:443"}, "--allow connect=example.org:443", 1},
		{"a host with several addresses", nil,
			[]string{"connect example.org [2001:db8::1]:80", "connect example.org 93.184.216.34:80"},
			"--allow connect=example.org:80", 1},
		{"a host that has no name of one", nil, []string{"connect a\x1bb 93.184.216.34:443", "connect any 192.0.2.1:1",
			"connect 10.0.0.1 192.0.2.2:1"}, "--allow connect=93.184.216.34:443 --allow connect=192.0.2.1:1 " +
			"--allow connect=192.0.2.2:1", 3},
		{"a name that was asked for", nil, []string{"connect example.org 192.0.2.53:53"},
			"--allow connect=example.org:443", 1},
		{"a name that was asked for alone", nil, []string{"connect example.org 192.0.2.53:53 by getent"},
			"--allow connect=example.org:53", 1},
		{"and then reached", nil, []string{"connect example.org 192.0.2.53:53", "connect example.org 93.184.216.34:8080"},
			"--allow connect=example.org:8080", 2},
		{"asked of somebody else", nil, []string{"connect example.org 198.51.100.1:53"},
			"--allow connect=198.51.100.1:53", 1},
		{"a path", nil, []string{"connect unix:/run/docker.sock"}, "--allow connect=unix:/run/docker.sock", 1},
		{"a path of pattern characters", nil, []string{"connect unix:/srv/{a,b}*"},
			`--allow 'connect=unix:/srv/\{a,b}\*'`, 1},
		{"an abstract name", nil, []string{"connect abstract:/tmp/.X11-unix/X0"},
			"--allow connect=abstract:/tmp/.X11-unix/X0", 1},
		{"an abstract name of odd bytes", nil, []string{"connect abstract:@a*\x00\xffb"},
			`--allow $'connect=abstract:\\@a\\*?\377b'`, 1},
		{"an abstract name of no bytes", nil, []string{"connect abstract:"}, "", 0},
		{"binding", []policy.RuleFlag{{Section: "bind", Action: "deny", Pattern: "*:80"}}, []string{"bind 0.0.0.0:80"},
			"--allow bind=0.0.0.0:80", 1},
		{"a name is none for binding", []policy.RuleFlag{{Section: "bind", Action: "deny", Pattern: "*:80"}},
			[]string{"bind example.org 192.0.2.1:80"}, "--allow bind=192.0.2.1:80", 1},
		{"around a rule", []policy.RuleFlag{{Section: "connect", Action: "deny", Pattern: "10.0.0.0/8:*"}},
			[]string{"connect 10.0.0.1:22"}, "--allow connect=10.0.0.1:22", 1},
		{"around a rule as narrow", []policy.RuleFlag{{Section: "connect", Action: "deny", Pattern: "10.0.0.1:22"}},
			[]string{"connect 10.0.0.1:22"}, "", 0},
		{"a family", []policy.RuleFlag{{Section: "connect", Action: "deny", Pattern: "family:vsock"}},
			[]string{"connect family:vsock"}, "", 0},
		{"four", nil, []string{"connect 192.0.2.1:1", "connect 192.0.2.1:2", "connect 192.0.2.2:1", "connect 192.0.2.2:2"},
			"--allow connect=192.0.2.1:1 --allow connect=192.0.2.1:2 --allow connect=192.0.2.2:1 " +
				"--allow connect=192.0.2.2:2", 4},
		{"many", nil, []string{"connect 192.0.2.1:1", "connect 192.0.2.1:2", "connect 192.0.2.2:1",
			"connect a.org 192.0.2.2:2", "connect 192.0.2.3:2", "bind 0.0.0.0:80"}, "--net", 5},
		{"many of one host", nil, []string{"connect a.org 192.0.2.1:1", "connect a.org 192.0.2.2:1",
			"connect a.org 192.0.2.3:1", "connect a.org 192.0.2.4:1", "connect a.org 192.0.2.5:1"}, "--allow connect=a.org:1", 1},
		{"files too", nil, []string{"create /srv/x/y", "connect 192.0.2.1:1"}, "-w /srv/x --allow connect=192.0.2.1:1", 2},
		{"what is no address", nil, []string{"connect nonsense"}, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			term := NewTerminal(&out, Options{Policy: loadNet(t, test.rules...), Home: "/home/a", Command: []string{"make"}})
			for _, d := range test.denied {
				op, address, _ := strings.Cut(d, " ")
				address, by, named := strings.Cut(address, " by ")
				d := denial(op, address)
				if op != "create" {
					d = reached(op, address)
				}
				if named {
					d.Chain[0].Name = by
				}
				term.Denied(d)
			}
			flags, allowed := term.suggest()
			if got := shellJoin(flags); got != test.want || allowed != test.allowed {
				t.Errorf("suggested %s for %d, want %s for %d", got, allowed, test.want, test.allowed)
			}
		})
	}
}

func TestSuggestsForAScanner(t *testing.T) {
	var tally tally
	for i := range maxDistinct {
		tally.add(reached("connect", fmt.Sprintf("192.0.2.1:%d", i+1)))
	}
	flags, allowed := suggest(compiled{loadNet(t), hostsOf(tally.entries)}, tally.entries, &Options{})
	if got := shellJoin(flags); got != "--net" || allowed != maxDistinct {
		t.Errorf("suggested %s for %d", got, allowed)
	}
}

func TestSuggestsFamilies(t *testing.T) {
	p, err := policy.Load(&policy.System{
		FS: fstest.MapFS{"p.toml": &fstest.MapFile{Mode: fs.ModePerm, Data: []byte(
			"version = 1\n[connect]\ndeny = [\"family:netlink\"]\n")}},
		Getenv: func(string) string { return "" }, Cwd: "/home/a/src", Home: "/home/a",
	}, policy.Options{Policies: []string{"/p.toml"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range []string{"connect", "bind"} {
		var tally tally
		tally.add(reached(op, "family:netlink"))
		flags, allowed := suggest(compiled{p, nil}, tally.entries, &Options{})
		if got := shellJoin(flags); got != "--allow connect=family:netlink" || allowed != 1 {
			t.Errorf("%s: suggested %s for %d", op, got, allowed)
		}
	}
}

// TestRetriesAreOneBlock: a program that tries all addresses of a host, and all of that again, is told of once.
func TestRetriesAreOneBlock(t *testing.T) {
	var out strings.Builder
	term := NewTerminal(&out, Options{Policy: loadNet(t), Command: []string{"make"}})
	for range 10 {
		term.Denied(reached("connect", "example.org [2001:db8::1]:443"))
		term.Denied(reached("connect", "example.org 93.184.216.34:443"))
	}
	if n := strings.Count(out.String(), "sydbox: denied"); n != 1 {
		t.Errorf("%d blocks:\n%s", n, out.String())
	}
	out.Reset()
	term.Summary()
	const want = "sydbox: 20 denials. Allow it: sydbox run --allow connect=example.org:443 -- make\n"
	if out.String() != want {
		t.Errorf("got %swant %s", out.String(), want)
	}

	out.Reset()
	term = NewTerminal(&out, Options{})
	for _, address := range []string{"example.org 93.184.216.34:443", "example.org 93.184.216.34:443", "93.184.216.34:443",
		"example.org 93.184.216.34:80", "unix:/run/x", "abstract:a b"} {
		term.Denied(reached("connect", address))
	}
	term.Denied(reached("bind", "0.0.0.0:80"))
	out.Reset()
	term.Summary()
	const groups = `sydbox: 7 denials, 6 different
  2×  connect  example.org (93.184.216.34:443)  by curl < make
  1×  connect  93.184.216.34:443                by curl < make
  1×  connect  example.org (93.184.216.34:80)   by curl < make
  1×  connect  unix:/run/x                      by curl < make
  1×  connect  "abstract:a b"                   by curl < make
  1×  bind     0.0.0.0:80                       by curl < make
`
	if diff := cmp.Diff(groups, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestURLPort(t *testing.T) {
	for _, test := range []struct {
		command string
		port    uint16 // 0: none
	}{
		{"curl http://example.org/x", 80},
		{"curl HTTP://example.org", 80},
		{"curl https://EXAMPLE.org.", 443},
		{"git clone ssh://git@example.org/x", 22},
		{"sh -c 'curl \"http://example.org:8080\"'", 8080},
		{"curl http://a.example.org http://example.org.uk", 0},
		{"curl http://example.org https://example.org", 0},
		{"curl http://example.org http://example.org/2", 80},
		{"curl http://example.org:99999", 0},
		{"curl gopher://example.org", 0},
		{"curl example.org", 0},
	} {
		port, ok := urlPort(strings.Split(test.command, " "), "example.org")
		if port != test.port || ok != (test.port != 0) {
			t.Errorf("%s: %d, %v, want %d", test.command, port, ok, test.port)
		}
	}
}

// TestSuggestURL: what a command names with a scheme is suggested with its port.
func TestSuggestURL(t *testing.T) {
	var tally tally
	tally.add(reached("connect", "example.org 192.0.2.53:53"))
	flags, _ := suggest(compiled{loadNet(t), hostsOf(tally.entries)}, tally.entries,
		&Options{Command: []string{"wget", "http://example.org/x.tar.gz"}})
	if diff := cmp.Diff([]string{"--allow", "connect=example.org:80"}, flags); diff != "" {
		t.Error(diff)
	}
}
