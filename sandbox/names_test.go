package sandbox

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"sydbox/dns"
)

func ip(text string) netip.Addr { return netip.MustParseAddr(text) }

func told(ttl time.Duration, ips ...string) []dns.Address {
	var list []dns.Address
	for _, text := range ips {
		list = append(list, dns.Address{IP: ip(text), TTL: ttl})
	}
	return list
}

// testNames knows a hosts file, a remote and a local resolver, and a clock.
func testNames(vouched bool) (n *names, clock *time.Time) {
	n = makeNames(
		"127.0.0.1 localhost build.test\n::1 ip6-loopback\n192.0.2.9 mirror.test mirror\n192.0.2.9 second.test\n",
		"nameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver fe80::53%1\nsearch corp.test\n",
		func(addr netip.Addr) bool { return addr.IsLoopback() }, vouched)
	now := time.Now()
	n.now = func() time.Time { return now }
	return n, &now
}

func TestNames(t *testing.T) {
	n, _ := testNames(true)
	for addr, want := range map[string]string{
		"192.0.2.9": "mirror.test", "127.0.0.1": "", "::1": "", "192.0.2.8": "",
	} {
		if got := n.likely(ip(addr)); got != want {
			t.Errorf("hosts(5): %s is %q, want %q", addr, got, want)
		}
	}
	n.heard("fake.test", told(0, "192.0.2.9", "192.0.2.8"), false)
	n.heard("", told(0, "192.0.2.7"), true)
	n.heard("nobody.test", told(0, "0.0.0.0", "::"), true)
	if got := n.likely(ip("192.0.2.9")); got != "fake.test" {
		t.Errorf("what the tree was told lately: %q", got)
	}
	for _, addr := range []string{"192.0.2.9", "192.0.2.8", "192.0.2.7", "0.0.0.0", "::"} {
		if list := n.of(ip(addr)); len(list) > 0 {
			t.Errorf("%s is trusted to be %v", addr, list)
		}
	}
	n.heard("a.test", told(0, "192.0.2.8", "192.0.2.9"), true)
	n.heard("b.test", told(0, "192.0.2.8"), true)
	n.heard("a.test", told(0, "192.0.2.8"), true)
	n.heard("fake.test", told(0, "192.0.2.8"), false)
	if got := n.of(ip("192.0.2.8")); !slices.Equal(got, []string{"b.test", "a.test"}) {
		t.Errorf("trusted names: %q", got)
	}
	if got := n.likely(ip("192.0.2.8")); got != "a.test" {
		t.Errorf("a trusted name comes first: %q", got)
	}
}

func TestNamesExpire(t *testing.T) {
	n, now := testNames(true)
	n.heard("short.test", told(time.Second, "192.0.2.1"), true)
	n.heard("hour.test", told(time.Hour, "192.0.2.1"), true)
	n.heard("year.test", told(365*24*time.Hour, "192.0.2.1"), true)
	n.heard("hour.test", told(time.Second, "192.0.2.1"), true) // does not shorten what was promised
	for _, c := range []struct {
		after time.Duration
		want  string
	}{
		{trustedLeast - time.Second, "short.test year.test hour.test"},
		{time.Second, "year.test hour.test"},
		{time.Hour, "year.test"},
		{trustedMost, ""},
	} {
		*now = now.Add(c.after)
		if got := strings.Join(n.of(ip("192.0.2.1")), " "); got != c.want {
			t.Errorf("after %v more: %q, want %q", c.after, got, c.want)
		}
	}
	if len(n.trusted) != 0 {
		t.Error("an address that has no names any more is kept")
	}
}

func TestNamesAreBounded(t *testing.T) {
	n, now := testNames(true)
	n.heard("long.test", told(time.Hour, "192.0.2.1"), true)
	for i := range 3 * trustedMax {
		addr := fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
		n.heard(fmt.Sprintf("n%d.test", i), told(0, addr), true)
		n.heard(fmt.Sprintf("n%d.test", i), told(0, "172.16.0.1"), true)
		n.heard(fmt.Sprintf("n%d.test", i), told(0, addr), false)
		*now = now.Add(time.Millisecond)
	}
	if len(n.trusted) > trustedMax || len(n.seen) > seenMax || len(n.order) != len(n.seen) {
		t.Errorf("%d trusted, %d seen, %d in order", len(n.trusted), len(n.seen), len(n.order))
	}
	if len(n.of(ip("192.0.2.1"))) != 1 {
		t.Error("what is good for longest was forgotten first")
	}
	if got := len(n.of(ip("172.16.0.1"))); got != hostsOfMax {
		t.Errorf("%d names of one address", got)
	}
	if last := fmt.Sprintf("n%d.test", 3*trustedMax-1); n.likely(ip("172.16.0.1")) != last {
		t.Errorf("the latest name is %s, want %s", n.likely(ip("172.16.0.1")), last)
	}
	for i := range 3 {
		if addr := fmt.Sprintf("10.0.0.%d", i); n.seen[ip(addr)] != "" {
			t.Errorf("%s is still known", addr)
		}
	}
}

func TestBelieves(t *testing.T) {
	at := netip.MustParseAddrPort
	n, _ := testNames(true)
	for from, want := range map[string]bool{
		"127.0.0.53:53": true, "192.0.2.53:53": true, "[::ffff:192.0.2.53]:53": true, "[fe80::53]:53": true,
		"[fe80::53%2]:53": true, "127.0.0.53:54": false, "127.0.0.1:53": false, "192.0.2.54:53": false,
		"[::1]:53": false,
	} {
		if got := n.believes(at(from)); got != want {
			t.Errorf("%s: %v", from, got)
		}
	}
	if n.believes(netip.AddrPort{}) {
		t.Error("nobody is believed")
	}
	n.taken(ip("127.0.0.53"), 5353)
	if !n.believes(at("127.0.0.53:53")) {
		t.Error("a resolver is not believed any more, though nobody took its place")
	}
	n.taken(ip("127.0.0.1"), 53) // IP_PKTINFO says from where it sends
	if n.believes(at("127.0.0.53:53")) || !n.believes(at("192.0.2.53:53")) {
		t.Error("a resolver whose place was taken is believed, or another is not")
	}
	mapped, _ := testNames(true)
	mapped.taken(ip("::ffff:192.0.2.53"), 53)
	if mapped.believes(at("192.0.2.53:53")) {
		t.Error("a resolver whose place was taken as an IPv4 address in IPv6 is believed")
	}
	n.taken(ip("::"), 53)
	if n.believes(at("192.0.2.53:53")) {
		t.Error("any address includes that of a resolver")
	}
	n, _ = testNames(false)
	if n.believes(at("127.0.0.53:53")) || !n.believes(at("192.0.2.53:53")) {
		t.Error("where nobody watches who binds, a resolver of this machine is nobody in particular")
	}
}

func TestNamesAllocateNothing(t *testing.T) {
	n, _ := testNames(true)
	n.heard("a.test", told(0, "192.0.2.1"), true)
	n.heard("b.test", told(0, "192.0.2.2"), false)
	known, unknown, likely := ip("192.0.2.1"), ip("192.0.2.3"), ip("192.0.2.2")
	if allocs := testing.AllocsPerRun(100, func() {
		_, _, _ = n.of(known), n.of(unknown), n.likely(likely)
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestStream(t *testing.T) {
	// Two messages of 3 and 1 bytes, and the beginning of one of 300.
	const whole = "\x00\x03abc\x00\x01d\x01\x2cefgh"
	type piece struct {
		offset, length int
	}
	for name, c := range map[string]struct {
		pieces []piece
		want   []string
	}{
		"at once":                             {[]piece{{0, 14}}, []string{"abc", "d"}},
		"seen twice":                          {[]piece{{0, 14}, {0, 14}, {2, 12}}, []string{"abc", "d"}},
		"the length read apart":               {[]piece{{0, 2}, {2, 3}, {5, 3}}, []string{"abc", "d"}},
		"growing":                             {[]piece{{0, 1}, {0, 4}, {0, 5}, {2, 6}}, []string{"abc", "d"}},
		"first seen behind its length":        {[]piece{{2, 3}}, []string{"abc"}},
		"and then nothing":                    {[]piece{{2, 3}, {5, 3}}, []string{"abc"}},
		"never from the beginning":            {[]piece{{3, 11}}, nil},
		"one missed":                          {[]piece{{0, 2}, {5, 3}, {8, 6}}, nil},
		"a piece of the second is no message": {[]piece{{0, 5}, {6, 8}}, []string{"abc"}},
		"empty":                               {[]piece{{0, 0}, {0, 5}}, []string{"abc"}},
	} {
		t.Run(name, func(t *testing.T) {
			var s stream
			var got []string
			for _, p := range c.pieces {
				s.read(uint64(p.offset), []byte(whole[p.offset:p.offset+p.length]), func(msg []byte) {
					got = append(got, string(msg))
				})
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
