package deputy

import (
	"errors"
	"net/netip"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// hearCase is a server on a wildcard address.
type hearCase struct {
	name     string
	domain   int
	typ      int
	only     bool // IPV6_V6ONLY
	families []string
}

var hearCases = []hearCase{
	{"TCP", unix.AF_INET, unix.SOCK_STREAM, false, []string{"4"}},
	{"UDP", unix.AF_INET, unix.SOCK_DGRAM, false, []string{"4"}},
	{"TCP over both", unix.AF_INET6, unix.SOCK_STREAM, false, []string{"4", "6"}},
	{"UDP over both", unix.AF_INET6, unix.SOCK_DGRAM, false, []string{"4", "6"}},
	{"TCP over IPv6", unix.AF_INET6, unix.SOCK_STREAM, true, []string{"6"}},
	{"UDP over IPv6", unix.AF_INET6, unix.SOCK_DGRAM, true, []string{"6"}},
}

// muffle is a way to make a socket deaf.
type muffle struct {
	name string
	by   func(fd int) syscall.Errno
	// narrow: only the addresses of the loopback itself reach it.
	narrow bool
}

var muffles = []muffle{{}, {name: "by a filter", by: hearFiltered}, {name: "by its device", by: hearDevice, narrow: true}}

// serve starts a server at a port of the kernel's choice, deaf or not.
func (w *wire) serve(c hearCase, deaf muffle) (fd int, port uint16) {
	w.Helper()
	fd = w.socket(c.domain, c.typ, 0)
	any := netip.IPv4Unspecified()
	if c.domain == unix.AF_INET6 {
		any = netip.IPv6Unspecified()
		only := 0
		if c.only {
			only = 1
		}
		w.ok(unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only))
	}
	if deaf.by != nil {
		if errno := deaf.by(fd); errno != 0 {
			w.Fatal(errno)
		}
	}
	w.ok(unix.Bind(fd, inetName(netip.AddrPortFrom(any, 0))))
	if c.typ == unix.SOCK_STREAM {
		w.ok(unix.Listen(fd, 16))
	}
	s := Socket{FD: fd}
	return fd, s.Local().Port()
}

// reaches sends from where the goroutine is to a server at an address, and behind that to another server, which is not
// deaf, at the same address: when that has been reached it says whether the first one was.
func (w *wire) reaches(c hearCase, ip netip.Addr, server int, port uint16, control int, controlPort uint16) bool {
	w.Helper()
	domain := unix.AF_INET
	if ip.Is6() {
		domain = unix.AF_INET6
	}
	for _, to := range []uint16{port, controlPort} {
		client := w.socket(domain, c.typ, 0)
		if err := unix.Connect(client, inetName(netip.AddrPortFrom(ip, to))); err != nil && err != unix.EINPROGRESS {
			w.Fatalf("connect to %v: %v", ip, err)
		}
		if c.typ == unix.SOCK_DGRAM {
			_, err := unix.Write(client, []byte("hello"))
			w.ok(err)
		}
	}
	w.ready(true, unix.POLLIN, control)
	w.take(c, control)
	if !w.ready(false, unix.POLLIN, server)[0] {
		return false
	}
	w.take(c, server)
	return true
}

// take takes what has arrived.
func (w *wire) take(c hearCase, fd int) {
	w.Helper()
	if c.typ == unix.SOCK_DGRAM {
		_, _, err := unix.Recvfrom(fd, make([]byte, 16), 0)
		w.ok(err)
		return
	}
	child, _, err := unix.Accept(fd)
	w.ok(err)
	w.ok(unix.Close(child))
}

// TestHearLocal: a deaf server is reached by every address of the machine from here and by none from away; one that is
// not deaf is reached from both.
func TestHearLocal(t *testing.T) {
	w := newWire(t)
	addresses := map[string][]string{"4": {"127.0.0.1", "127.1.2.3", "10.7.0.1"}, "6": {"::1", "fd00:7::1"}}
	reachable := map[string]string{"4": "10.7.0.1", "6": "fd00:7::1"}
	for _, c := range hearCases {
		control, controlPort := w.serve(c, muffle{})
		for _, deaf := range muffles {
			server, port := w.serve(c, deaf)
			for _, family := range c.families {
				for _, text := range addresses[family] {
					ip := netip.MustParseAddr(text)
					if got := w.reaches(c, ip, server, port, control, controlPort); got == (deaf.narrow && !ip.IsLoopback()) {
						t.Errorf("%s, deaf %s: reached from here by %s: %v", c.name, deaf.name, text, got)
					}
				}
				w.to(w.away)
				ip := netip.MustParseAddr(reachable[family])
				if got := w.reaches(c, ip, server, port, control, controlPort); got != (deaf.by == nil) {
					t.Errorf("%s, deaf %s: reached from away by %v: %v", c.name, deaf.name, ip, got)
				}
				w.to(w.here)
			}
		}
	}
}

// TestHearLocalMulticast: what is sent to a group from away is not heard either.
func TestHearLocalMulticast(t *testing.T) {
	w := newWire(t)
	group := netip.MustParseAddr("239.1.2.3")
	c := hearCase{domain: unix.AF_INET, typ: unix.SOCK_DGRAM}
	control, controlPort := w.serve(c, muffle{})
	for _, deaf := range muffles {
		server, port := w.serve(c, deaf)
		for _, fd := range []int{server, control} {
			// The control is in the group once, for the first round.
			err := unix.SetsockoptIPMreq(fd, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP,
				&unix.IPMreq{Multiaddr: group.As4(), Interface: [4]byte{10, 7, 0, 1}})
			if err != nil && !errors.Is(err, unix.EADDRINUSE) {
				t.Fatal(err)
			}
		}
		w.to(w.away)
		for _, to := range []uint16{port, controlPort} {
			fd := w.socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
			w.ok(unix.SetsockoptInet4Addr(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, [4]byte{10, 7, 0, 2}))
			w.ok(unix.Sendto(fd, []byte("all"), 0, inetName(netip.AddrPortFrom(group, to))))
		}
		w.to(w.here)
		w.ready(true, unix.POLLIN, control)
		w.take(c, control)
		if got := w.ready(false, unix.POLLIN, server)[0]; got != (deaf.by == nil) {
			t.Errorf("deaf %s: a datagram to a group was heard: %v", deaf.name, got)
		}
	}
}

// TestHearLocalOfSender: a socket that is bound by sending is heard from away unless it is deaf, and gets its answers
// from here.
func TestHearLocalOfSender(t *testing.T) {
	w := newWire(t)
	c := hearCase{domain: unix.AF_INET, typ: unix.SOCK_DGRAM}
	control, controlPort := w.serve(c, muffle{})
	for _, deaf := range []bool{false, true} {
		sender := w.socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
		if deaf {
			s := Socket{FD: sender, Domain: unix.AF_INET, Type: unix.SOCK_DGRAM}
			if errno := s.MuffleSender(); errno != 0 {
				t.Fatal(errno)
			}
		}
		here := netip.MustParseAddr("127.0.0.1")
		w.ok(unix.Sendto(sender, []byte("?"), 0, inetName(netip.AddrPortFrom(here, controlPort))))
		w.ready(true, unix.POLLIN, control)
		w.take(c, control)
		port := (&Socket{FD: sender}).Local().Port()
		bound := Socket{FD: sender, Domain: unix.AF_INET, Type: unix.SOCK_DGRAM}
		before, _ := socketFilter(sender)
		if errno := bound.MuffleSender(); errno != 0 {
			t.Error(errno)
		}
		if after, _ := socketFilter(sender); !slices.Equal(before, after) {
			t.Error("a socket that was bound is made deaf")
		}
		if !w.reaches(c, here, sender, port, control, controlPort) {
			t.Errorf("deaf %v: an answer from here is not heard", deaf)
		}
		w.to(w.away)
		if got := w.reaches(c, netip.MustParseAddr("10.7.0.1"), sender, port, control, controlPort); got == deaf {
			t.Errorf("deaf %v: reached from away: %v", deaf, got)
		}
		w.to(w.here)
	}
}
