package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/policy"
	"sydbox/tracer/landlock"
)

// TestOutlineNetwork holds what the wall knows of the network against policies.
func TestOutlineNetwork(t *testing.T) {
	t.Parallel()
	w := &workshop{dir: t.TempDir()}
	const both = landlock.ConnectTCP | landlock.BindTCP
	const all = both | landlock.ConnectUDP | landlock.BindUDP
	one := func(net landlock.Net, ports ...uint16) (rules []landlock.PortRule) {
		for _, port := range ports {
			rules = append(rules, landlock.PortRule{Port: port, Net: net})
		}
		return rules
	}
	for _, test := range []struct {
		name, text string
		carried    bool
		want       landlock.Ruleset
	}{
		{"the tracer does all", "[connect]\nallow = ['bound', '*:443', 'abstract:*']\n[bind]\nallow = ['local']", true,
			landlock.Ruleset{HandledNet: all, Scoped: landlock.ScopeAbstract, Ports: one(landlock.BindUDP, 0)}},
		{"sending binds", "[connect]\nallow = ['*:443']\n[bind]\ndefault = 'allow'", true,
			landlock.Ruleset{HandledNet: landlock.ConnectTCP | landlock.ConnectUDP, Scoped: landlock.ScopeAbstract}},
		{"of what is judged", "[connect]\ndefault = 'allow'\n[bind]\nallow = ['local']", true,
			landlock.Ruleset{HandledNet: landlock.BindTCP}},
		{"of nothing", "[connect]\ndefault = 'allow'\n[bind]\ndefault = 'allow'", true, landlock.Ruleset{}},
		{"left to the kernel, nothing allowed", "", false,
			landlock.Ruleset{HandledNet: both, Scoped: landlock.ScopeAbstract}},
		{"some ports", "[connect]\nallow = ['10.0.0.0/8:443', '*:80-82']\n[bind]\nallow = ['loopback:8080']", false,
			landlock.Ruleset{HandledNet: both, Scoped: landlock.ScopeAbstract,
				Ports: append(one(landlock.ConnectTCP, 80, 81, 82, 443), one(landlock.BindTCP, 8080)...)}},
		{"what is bound", "[connect]\nallow = ['bound']", false, landlock.Ruleset{HandledNet: landlock.BindTCP}},
		{"a name", "[connect]\nallow = ['abstract:x']", false, landlock.Ruleset{HandledNet: both}},
		{"too many ports", "[connect]\nallow = ['*:1-1000']", false,
			landlock.Ruleset{HandledNet: landlock.BindTCP, Scoped: landlock.ScopeAbstract}},
	} {
		p := loadText(t, w, "extends = []\n"+test.text)
		var got landlock.Ruleset
		outlineNetwork(&got, p, test.carried)
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

// TestNetworkWallIsNeverStricter makes up policies, leaves the calls to the kernel and lets it have its word: what the
// policy allows is not stopped by the wall.
func TestNetworkWallIsNeverStricter(t *testing.T) {
	t.Parallel()
	needLandlock(t)
	if landlock.Probe().Scopes()&landlock.ScopeAbstract == 0 {
		t.Skip("this kernel's Landlock has no scope of abstract names")
	}
	w := &workshop{dir: t.TempDir()}
	for _, name := range abstractNames {
		l, err := net.Listen("unix", "@"+name)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	seed := rand.Uint64()
	stopped := 0
	for i := range uint64(100) {
		stopped += networkOfRandom(t, w, rand.New(rand.NewPCG(seed, i)))
		if t.Failed() {
			t.Fatalf("seed %d, %d", seed, i)
		}
	}
	if stopped == 0 {
		t.Error("the wall stopped nothing: this test shows nothing")
	}
}

// abstractNames are names that somebody outside has.
var abstractNames = []string{
	fmt.Sprintf("sydbox-%d-a", os.Getpid()), fmt.Sprintf("sydbox-%d-b", os.Getpid()), fmt.Sprintf("other-%d", os.Getpid()),
}

// firstPort is where the test's ports begin: nobody needs a right to bind to them.
const firstPort = 23450

func networkOfRandom(t *testing.T, w *workshop, r *rand.Rand) (stopped int) {
	t.Helper()
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	ports := func() string {
		first := firstPort + r.IntN(4)
		return pick(fmt.Sprint(first), fmt.Sprintf("%d-%d", first, first+r.IntN(4)))
	}
	var text strings.Builder
	text.WriteString("extends = []\n")
	for _, section := range []string{"connect", "bind"} {
		fmt.Fprintf(&text, "[%s]\n", section)
		for _, action := range []string{"allow", "warn", "deny"} {
			var rules []string
			for range r.IntN(3) {
				rule := pick("*", "127.0.0.1", "127.0.0.0/8", "loopback", "[::1]") + ":" + ports()
				if r.IntN(5) == 0 {
					rule = "abstract:" + pick(abstractNames[0], "sydbox-*")
				}
				rules = append(rules, "'"+rule+"'")
			}
			fmt.Fprintf(&text, "%s = [%s]\n", action, strings.Join(rules, ", "))
		}
	}
	p := loadText(t, w, text.String())
	wanted := &landlock.Ruleset{Handled: landlock.MakeBlock}
	outlineNetwork(wanted, p, false)
	ruleset := landlock.Probe().Fit(wanted)
	onlyHere(func() {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			t.Error(err)
			return
		}
		if err := ruleset.Apply(); err != nil {
			t.Error(err)
			return
		}
		check := func(op access.Op, a *access.Address, by unix.Errno, err error) {
			t.Helper()
			d := p.Decide(&policy.Query{Op: op, Addr: a})
			if err != by {
				return
			}
			stopped++
			if !d.Denied() {
				t.Errorf("%s %v %q: %v, though it is allowed\n%s%+v", op, a.IP, a.Abstract, err, &text, ruleset)
			}
		}
		for _, host := range []string{"127.0.0.1", "127.0.0.2", "::1"} {
			for port := firstPort; port < firstPort+8; port++ {
				ip := netip.MustParseAddr(host)
				a := &access.Address{Family: unix.AF_INET, IP: ip, Port: uint16(port)}
				var sa unix.Sockaddr = &unix.SockaddrInet4{Port: port}
				if ip.Is6() {
					a.Family, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: port, Addr: ip.As16()}
				} else {
					sa.(*unix.SockaddrInet4).Addr = ip.As4()
				}
				check(access.Connect, a, unix.EACCES, once(int(a.Family), sa, unix.Connect))
				check(access.Bind, a, unix.EACCES, once(int(a.Family), sa, unix.Bind))
			}
		}
		for _, name := range abstractNames {
			a := &access.Address{Family: unix.AF_UNIX, Abstract: []byte(name)}
			err := once(unix.AF_UNIX, &unix.SockaddrUnix{Name: "@" + name}, unix.Connect)
			check(access.Connect, a, unix.EPERM, err)
		}
	})
	return stopped
}

// once calls connect or bind on a new socket.
func once(family int, sa unix.Sockaddr, call func(int, unix.Sockaddr) error) error {
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return call(fd, sa)
}
