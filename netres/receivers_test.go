package netres

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReceivers has who receives what, one socket at a time, and asks the kernel itself by sending.
func TestReceivers(t *testing.T) {
	tcp := options{typ: unix.SOCK_STREAM, listen: true}
	udp := options{typ: unix.SOCK_DGRAM}
	mptcp := options{typ: unix.SOCK_STREAM, protocol: unix.IPPROTO_MPTCP, listen: true}
	at := func(o options, address string) options { o.address = address; return o }
	only := func(o options) options { o.v6only = true; return o }
	on := func(o options, device string) options { o.device = device; return o }
	cases := []struct {
		name   string
		socket options
		to     string
		want   bool
		proc   bool // what /proc/net says, which does not tell of IPV6_V6ONLY
	}{
		{"any", at(tcp, "0.0.0.0"), "127.0.0.1", true, true},
		{"any by an address of the machine", at(tcp, "0.0.0.0"), "10.9.0.1", true, true},
		{"any by another loopback address", at(udp, "0.0.0.0"), "127.8.7.6", true, true},
		{"any IPv4 by IPv6", at(tcp, "0.0.0.0"), "::1", false, false},
		{"one", at(tcp, "127.0.0.1"), "127.0.0.1", true, true},
		{"one by another", at(tcp, "127.0.0.1"), "127.0.0.2", false, false},
		{"datagrams at one", at(udp, "10.9.0.1"), "10.9.0.1", true, true},
		{"datagrams at one by another", at(udp, "10.9.0.1"), "127.0.0.1", false, false},
		{"both families", at(tcp, "::"), "127.0.0.1", true, true},
		{"both families by IPv6", at(tcp, "::"), "fd00:9::1", true, true},
		{"both families, datagrams", at(udp, "::"), "10.9.0.1", true, true},
		{"IPv6 only", only(at(tcp, "::")), "127.0.0.1", false, true},
		{"IPv6 only by IPv6", only(at(tcp, "::")), "::1", true, true},
		{"IPv6 only, datagrams", only(at(udp, "::")), "127.0.0.1", false, true},
		{"mapped", at(tcp, "::ffff:127.0.0.1"), "127.0.0.1", true, true},
		{"mapped by another", at(tcp, "::ffff:127.0.0.1"), "127.0.0.2", false, false},
		{"mapped any", at(udp, "::ffff:0.0.0.0"), "127.0.0.2", true, true},
		{"mapped any by IPv6", at(udp, "::ffff:0.0.0.0"), "::1", false, false},
		{"one IPv6", at(tcp, "::1"), "::1", true, true},
		{"one IPv6 by another", at(udp, "::1"), "fd00:9::1", false, false},
		{"MPTCP", at(mptcp, "127.0.0.1"), "127.0.0.1", true, true},
		{"MPTCP, both families", at(mptcp, "::"), "127.0.0.1", true, true},
		{"bound to the loopback", on(at(tcp, "0.0.0.0"), "lo"), "127.0.0.1", true, true},
		{"multicast", at(udp, "224.1.2.3"), "127.0.0.1", false, false},
	}
	forUsers(t, func(t *testing.T) {
		ways := map[string]*Net{"netlink": open(t), "proc": byProc(t)}
		for _, c := range cases {
			if !c.socket.supported(t) {
				t.Logf("%s: this kernel has no such sockets (MPTCP: Linux 5.6)", c.name)
				continue
			}
			s, err := c.socket.make(t)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			to := netip.AddrPortFrom(netip.MustParseAddr(c.to), portOf(t, s.fd))
			if got := reached(t, c.socket.typ, to, []socket{s}) == 0; got != c.want {
				t.Fatalf("%s: the kernel gives it to the socket: %v", c.name, got)
			}
			protocol := must(unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_PROTOCOL))(t)
			for way, n := range ways {
				list := must(n.Receivers(protocol, to.Addr(), to.Port(), nil))(t)
				want := c.want
				if way == "proc" {
					want = c.proc
				}
				if got := slices.Contains(inodes(list), s.inode); got != want || len(list) > 1 {
					t.Errorf("%s, %s: Receivers = %v, the socket is %d and should be in it: %v", c.name, way, list, s.inode, want)
				}
				if way == "netlink" && len(list) == 1 && protocol != unix.IPPROTO_MPTCP && list[0].Cookie != cookieOf(t, s.fd) {
					t.Errorf("%s: cookie %d, want %d", c.name, list[0].Cookie, cookieOf(t, s.fd))
				}
			}
			// The kernel may give its port to the next one: an IPv4 socket and one of IPv6 alone do not conflict, and
			// /proc/net would list both.
			s.close()
		}
	})
}

// TestReceiversLikeKernel makes many sockets at one port, as far as the kernel lets it, sends, and holds that who got
// it is among those that Receivers named, and that nobody got it where it named nobody.
func TestReceiversLikeKernel(t *testing.T) {
	forUsers(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, uint64(len(t.Name()))))
		netlink, proc := open(t), byProc(t)
		addresses := []string{"0.0.0.0", "127.0.0.1", "127.0.0.2", "10.9.0.1", "::", "::1", "fd00:9::1", "::ffff:127.0.0.1",
			"::ffff:0.0.0.0"}
		targets := []string{"127.0.0.1", "127.0.0.2", "10.9.0.1", "::1", "fd00:9::1"}
		hits, alone := 0, 0
		for round := range 60 {
			port := 20000 + round
			typ, protocol := unix.SOCK_STREAM, unix.IPPROTO_TCP
			if r.IntN(2) == 0 {
				typ, protocol = unix.SOCK_DGRAM, unix.IPPROTO_UDP
			}
			var all []socket
			for range 1 + r.IntN(6) {
				o := options{typ: typ, port: port, address: addresses[r.IntN(len(addresses))], v6only: r.IntN(3) == 0,
					reuseAddr: r.IntN(2) == 0, reusePort: r.IntN(2) == 0, listen: typ == unix.SOCK_STREAM && r.IntN(4) > 0}
				if netip.MustParseAddr(o.address).Is4In6() {
					o.v6only = false
				}
				if r.IntN(5) == 0 {
					o.device = "lo"
				}
				if typ == unix.SOCK_DGRAM && r.IntN(6) == 0 && o.address == "127.0.0.1" {
					o.connect = "127.0.0.1:9"
				}
				if s, err := o.make(t); err == nil {
					all = append(all, s)
				} else {
					s.close() // one that could not listen may be bound
				}
			}
			slow := r.IntN(len(targets)) // /proc/net/tcp is read for one
			for i, target := range targets {
				to := netip.AddrPortFrom(netip.MustParseAddr(target), uint16(port))
				list := must(netlink.Receivers(protocol, to.Addr(), to.Port(), nil))(t)
				if i == slow {
					wide := inodes(must(proc.Receivers(protocol, to.Addr(), to.Port(), nil))(t))
					for _, inode := range inodes(list) {
						if !slices.Contains(wide, inode) {
							t.Fatalf("%v: sock_diag has %v, /proc/net %v", to, inodes(list), wide)
						}
					}
				}
				var listening []socket
				for _, s := range all {
					if typ == unix.SOCK_DGRAM || must(unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN))(t) == 1 {
						listening = append(listening, s)
					}
				}
				switch got := reached(t, typ, to, listening); {
				case got >= 0 && !slices.Contains(inodes(list), listening[got].inode):
					t.Fatalf("%v reached %s, which is not in %v", to, listening[got].what, list)
				case got >= 0:
					hits++
				case len(list) == 0:
					alone++
				}
			}
		}
		if hits < 20 || alone < 20 {
			t.Fatalf("only %d sendings arrived and %d had nobody: too few to tell anything", hits, alone)
		}
	})
}

// TestReceiversGroup: whoever joins a group of SO_REUSEPORT or shares an address of UDP is told of, bound but not
// listening is not.
func TestReceiversGroup(t *testing.T) {
	forUsers(t, func(t *testing.T) {
		n := open(t)
		tcp := options{typ: unix.SOCK_STREAM, address: "127.0.0.1", port: 7001, reusePort: true, listen: true}
		udp := options{typ: unix.SOCK_DGRAM, address: "0.0.0.0", port: 7001, reuseAddr: true}
		one, two := tcp.mustMake(t), tcp.mustMake(t)
		silent := tcp
		silent.listen = false
		silent.mustMake(t)
		want := []uint64{one.inode, two.inode}
		slices.Sort(want)
		ip := netip.MustParseAddr("127.0.0.1")
		if got := inodes(must(n.Receivers(unix.IPPROTO_TCP, ip, 7001, nil))(t)); !slices.Equal(got, want) {
			t.Errorf("TCP: %v, want %v", got, want)
		}
		wide := udp.mustMake(t)
		udp.address = "127.0.0.1"
		narrow := udp.mustMake(t)
		udp.connect = "127.0.0.1:7777"
		tied := udp.mustMake(t)
		want = []uint64{wide.inode, narrow.inode, tied.inode}
		slices.Sort(want)
		if got := inodes(must(n.Receivers(unix.IPPROTO_UDP, ip, 7001, nil))(t)); !slices.Equal(got, want) {
			t.Errorf("UDP: %v, want %v", got, want)
		}
	})
}

// TestReceiversMany: more than the kernel tells at once are told all the same, up to a bound.
func TestReceiversMany(t *testing.T) {
	enterNetwork(t, 0)
	raiseLimit(t, 2*Most)
	n := open(t)
	ip := netip.MustParseAddr("127.0.0.1")
	o := options{typ: unix.SOCK_DGRAM, address: "127.0.0.1", port: 7002, reusePort: true}
	var want []uint64
	for made := range Most + 1 {
		if made == 10 || made == 100 || made == 1000 || made == Most {
			if got := inodes(must(n.Receivers(unix.IPPROTO_UDP, ip, 7002, nil))(t)); !slices.Equal(got, want) {
				t.Errorf("%d sockets of %d", len(got), made)
			}
		}
		want = append(want, o.mustMake(t).inode)
		slices.Sort(want)
	}
	if list, err := n.Receivers(unix.IPPROTO_UDP, ip, 7002, nil); !errors.Is(err, ErrTooMany) {
		t.Errorf("%d sockets, %v", len(list), err)
	}
	// The Net is as good as before.
	other := options{typ: unix.SOCK_DGRAM, address: "127.0.0.1", port: 7003}.mustMake(t)
	if got := inodes(must(n.Receivers(unix.IPPROTO_UDP, ip, 7003, nil))(t)); !slices.Equal(got, []uint64{other.inode}) {
		t.Errorf("afterwards: %v", got)
	}
}

func TestReceiversOfNobody(t *testing.T) {
	n := open(t)
	for _, a := range []netip.AddrPort{{}, netip.MustParseAddrPort("127.0.0.1:0")} {
		if list, err := n.Receivers(unix.IPPROTO_TCP, a.Addr(), a.Port(), nil); err != nil || list != nil {
			t.Errorf("%v: %v, %v", a, list, err)
		}
	}
	if _, err := n.Receivers(unix.IPPROTO_SCTP, netip.MustParseAddr("127.0.0.1"), 1, nil); err == nil {
		t.Error("a protocol that nobody lists has an answer")
	}
}

// TestAnotherNamespace asks from outside about sockets inside, and from inside about those outside.
func TestAnotherNamespace(t *testing.T) {
	outside := open(t)
	type handed struct{ n, at *Net }
	inside := make(chan handed)
	t.Run("inside", func(t *testing.T) {
		enterNetwork(t, 0)
		s := options{typ: unix.SOCK_STREAM, address: "127.0.0.1", listen: true}.mustMake(t)
		namespace := must(unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0))(t)
		defer unix.Close(namespace)
		diag := must(unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG))(t)
		route := must(unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE))(t)
		go func() {
			h := handed{}
			var err error
			if h.n, err = New(diag, route); err != nil {
				t.Error(err)
			}
			if h.at, err = OpenAt(namespace); err != nil {
				t.Error(err)
			}
			inside <- h
		}()
		h := <-inside
		if h.n == nil || h.at == nil {
			return
		}
		defer h.n.Close()
		defer h.at.Close()
		for name, n := range map[string]*Net{"New": h.n, "OpenAt": h.at} {
			list := must(n.Receivers(unix.IPPROTO_TCP, netip.MustParseAddr("127.0.0.1"), portOf(t, s.fd), nil))(t)
			if got := inodes(list); !slices.Equal(got, []uint64{s.inode}) {
				t.Errorf("%s: %v, want %d", name, got, s.inode)
			}
			if !must(n.Local(netip.MustParseAddr("10.9.0.1"), 0))(t) {
				t.Errorf("%s: an address of the namespace is not local", name)
			}
		}
		list := must(outside.Receivers(unix.IPPROTO_TCP, netip.MustParseAddr("127.0.0.1"), portOf(t, s.fd), nil))(t)
		if slices.Contains(inodes(list), s.inode) {
			t.Error("the socket is seen from outside")
		}
	})
}
