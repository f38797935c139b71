package netres

import (
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// veth makes an interface that is none of the loopback's, with the addresses 10.8.0.1, fd00:8::1 and fe80::8:1.
func veth(t testing.TB) (device uint32) {
	t.Helper()
	c := must(openChannel(unix.NETLINK_ROUTE))(t)
	defer c.Close()
	b := append(make([]byte, 0, 128), make([]byte, unix.SizeofIfInfomsg)...)
	nested := func(kind uint16, body ...byte) []byte {
		out := native.AppendUint16(nil, uint16(4+len(body)))
		out = append(native.AppendUint16(out, kind), body...)
		return append(out, make([]byte, -len(out)&3)...)
	}
	name := func(s string) []byte { return nested(unix.IFLA_IFNAME, append([]byte(s), 0)...) }
	peer := nested(1 /* VETH_INFO_PEER */, append(make([]byte, unix.SizeofIfInfomsg), name("v1")...)...)
	info := append(nested(unix.IFLA_INFO_KIND, []byte("veth")...), nested(unix.IFLA_INFO_DATA, peer...)...)
	b = append(append(b, name("v0")...), nested(unix.IFLA_LINKINFO, info...)...)
	if copy(c.out[headerSize:], b) != len(b) {
		t.Fatalf("a request of %d bytes", len(b))
	}
	if _, err := c.ask(unix.RTM_NEWLINK, unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_EXCL, len(b), nil); err != nil {
		t.Fatalf("make a pair of interfaces: %v", err)
	}
	fd := must(unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0))(t)
	defer unix.Close(fd)
	r := must(unix.NewIfreq("v0"))(t)
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, r); err != nil {
		t.Fatal(err)
	}
	device = r.Uint32()
	raise(t, "v0")
	raise(t, "v1")
	addAddress(t, int(device), netip.MustParsePrefix("10.8.0.1/24"))
	addAddress(t, int(device), netip.MustParsePrefix("fd00:8::1/64"))
	addAddress(t, int(device), netip.MustParsePrefix("fe80::8:1/64"))
	return device
}

func TestLocal(t *testing.T) {
	for _, uid := range []int{0, 1000} {
		t.Run(map[int]string{0: "root", 1000: "user"}[uid], func(t *testing.T) {
			enterNetwork(t, 0)
			device := veth(t)
			become(t, uid)
			netlink, probe := open(t), byProc(t)
			cases := []struct {
				ip     string
				device uint32
				want   bool
			}{
				{"127.0.0.1", 0, true}, {"127.9.9.9", 0, true}, {"10.9.0.1", 0, true}, {"10.8.0.1", 0, true},
				{"10.8.0.2", 0, false}, {"10.9.0.2", 0, false}, {"192.0.2.1", 0, false},
				{"::1", 0, true}, {"fd00:9::1", 0, true}, {"fd00:8::1", 0, true}, {"fd00:8::2", 0, false},
				{"fd00:8::", 0, false}, // the anycast address of routers is not one's own
				{"2001:db8::1", 0, false}, {"fe80::8:1", device, true}, {"fe80::8:2", device, false},
				{"224.0.0.1", 0, false}, {"10.8.0.255", 0, false}, {"255.255.255.255", 0, false}, {"127.255.255.255", 0, false},
				{"ff02::1", device, false}, {"0.0.0.0", 0, false}, {"::", 0, false}, {"::ffff:127.0.0.1", 0, true},
				{"::ffff:10.8.0.2", 0, false},
				// Bound to an interface a socket sends there, wherever the address is.
				{"127.0.0.1", device, false}, {"10.9.0.1", device, false}, {"10.8.0.1", device, true}, {"127.0.0.1", 1, true},
				{"127.0.0.1", 9999, false},
			}
			for _, c := range cases {
				ip := netip.MustParseAddr(c.ip)
				if got := must(netlink.Local(ip, c.device))(t); got != c.want {
					t.Errorf("Local(%v, %d) = %v", ip, c.device, got)
				}
				if c.device == 0 {
					if got := must(probe.Local(ip, 0))(t); got != c.want {
						t.Errorf("without rtnetlink: Local(%v) = %v", ip, got)
					}
				}
			}
			if _, err := probe.Local(netip.MustParseAddr("127.0.0.1"), device); err == nil {
				t.Error("without rtnetlink nobody knows where an interface leads, and there is an answer")
			}
		})
	}
}

// TestLocalWithoutLoopback: in a namespace where nothing is up, nothing is local.
func TestLocalWithoutLoopback(t *testing.T) {
	enterNetwork(t, 0)
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	for way, n := range map[string]*Net{"netlink": open(t), "probe": byProc(t)} {
		for _, ip := range []string{"127.0.0.1", "::1", "10.9.0.1"} {
			if must(n.Local(netip.MustParseAddr(ip), 0))(t) {
				t.Errorf("%s: %s is local where the loopback is down", way, ip)
			}
		}
	}
}
