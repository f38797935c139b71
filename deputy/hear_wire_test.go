package deputy

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// wire is two network namespaces that a pair of interfaces joins: here, with 10.7.0.1 and fd00:7::1, and away, with
// 10.7.0.2 and fd00:7::2. The test's goroutine is in one of them at a time.
type wire struct {
	testing.TB
	here, away int
}

// newWire puts the test's goroutine, on a thread that ends with it, into a namespace with a wire. The thread stays on
// one processor, where packets do not overtake each other.
func newWire(t *testing.T) *wire {
	t.Helper()
	needsBorrowing(t) // only a copy of a socket is made deaf, and SO_BINDTOIFINDEX (5.0) is older
	runtime.LockOSThread()
	w := &wire{TB: t}
	var cpus unix.CPUSet
	w.ok(unix.SchedGetaffinity(0, &cpus))
	for i := 0; cpus.Count() > 1; i++ {
		cpus.Clear(i)
	}
	w.ok(unix.SchedSetaffinity(0, &cpus))
	for _, fd := range []*int{&w.away, &w.here} {
		if err := unix.Unshare(unix.CLONE_NEWNET); errors.Is(err, unix.EPERM) {
			t.Skip("this user may not make a network namespace")
		} else {
			w.ok(err)
		}
		var err error
		*fd, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		w.ok(err)
		w.Cleanup(func() { unix.Close(*fd) })
		w.up("lo")
	}
	peer := append(make([]byte, unix.SizeofIfInfomsg), attr(unix.IFLA_IFNAME, []byte("there\x00"))...)
	peer = append(peer, attr(unix.IFLA_NET_NS_FD, binary.NativeEndian.AppendUint32(nil, uint32(w.away)))...)
	const vethPeer = 1 // VETH_INFO_PEER
	pair := append(attr(unix.IFLA_INFO_KIND, []byte("veth")), attr(unix.IFLA_INFO_DATA, attr(vethPeer, peer))...)
	body := append(make([]byte, unix.SizeofIfInfomsg), attr(unix.IFLA_IFNAME, []byte("here\x00"))...)
	w.netlink(unix.RTM_NEWLINK, append(body, attr(unix.IFLA_LINKINFO, pair)...))
	w.to(w.away)
	w.up("there")
	w.to(w.here)
	w.up("here")
	w.address("here", "10.7.0.1/24")
	w.address("here", "fd00:7::1/64")
	w.to(w.away)
	w.address("there", "10.7.0.2/24")
	w.address("there", "fd00:7::2/64")
	w.to(w.here)
	return w
}

func (w *wire) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// to puts the goroutine into one of the namespaces.
func (w *wire) to(namespace int) {
	w.Helper()
	w.ok(unix.Setns(namespace, unix.CLONE_NEWNET))
}

func (w *wire) interfaceIs(name string, flags uint16) *unix.Ifreq {
	w.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	w.ok(err)
	defer unix.Close(fd)
	r, err := unix.NewIfreq(name)
	w.ok(err)
	if flags != 0 {
		r.SetUint16(flags)
		w.ok(unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r))
	}
	w.ok(unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, r))
	return r
}

func (w *wire) up(name string) { w.interfaceIs(name, unix.IFF_UP) }

// address gives an interface an address, and waits until what is sent to it arrives.
func (w *wire) address(name, prefix string) {
	w.Helper()
	p := netip.MustParsePrefix(prefix)
	family := byte(unix.AF_INET)
	if p.Addr().Is6() {
		family = unix.AF_INET6
	}
	body := []byte{family, byte(p.Bits()), unix.IFA_F_NODAD, 0}
	body = binary.NativeEndian.AppendUint32(body, w.interfaceIs(name, 0).Uint32())
	body = append(body, attr(unix.IFA_LOCAL, p.Addr().AsSlice())...)
	w.netlink(unix.RTM_NEWADDR, append(body, attr(unix.IFA_ADDRESS, p.Addr().AsSlice())...))
	if p.Addr().Is4() {
		return
	}
	want := hex.EncodeToString(p.Addr().AsSlice()) + " 80 "
	// Looks are counted, not time: an emulated machine that its host let wait for a minute has done nothing meanwhile.
	for looks := 0; ; looks++ {
		routes, err := os.ReadFile("/proc/thread-self/net/ipv6_route")
		w.ok(err)
		if strings.Contains(string(routes), want) {
			return
		}
		if looks == 20_000 {
			w.Fatalf("there is no route to %v", p)
		}
		time.Sleep(time.Millisecond)
	}
}

// attr writes a netlink attribute.
func attr(kind uint16, body []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(body)))
	b = append(binary.NativeEndian.AppendUint16(b, kind), body...)
	return append(b, make([]byte, -len(b)&3)...)
}

// netlink sends a request of rtnetlink that makes something.
func (w *wire) netlink(kind uint16, body []byte) {
	w.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	w.ok(err)
	defer unix.Close(fd)
	b := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	b = append(append(b, make([]byte, 8)...), body...)
	_, err = unix.Write(fd, b)
	w.ok(err)
	answer := make([]byte, 4096)
	n, err := unix.Read(fd, answer)
	w.ok(err)
	if n < unix.SizeofNlMsghdr+4 {
		w.Fatalf("an answer of %d bytes", n)
	}
	if errno := int32(binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:])); errno != 0 {
		w.Fatalf("rtnetlink request %d: %v", kind, syscall.Errno(-errno))
	}
}

// socket makes one that does not wait.
func (w *wire) socket(domain, typ, protocol int) int {
	w.Helper()
	fd, err := unix.Socket(domain, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
	w.ok(err)
	w.Cleanup(func() { unix.Close(fd) })
	return fd
}

func inetName(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

// ready waits until one of the descriptors has something of what is asked for, at most as long as a test may hang, or
// with wait false not at all.
func (w *wire) ready(wait bool, events int16, fds ...int) (is []bool) {
	w.Helper()
	poll := make([]unix.PollFd, len(fds))
	for i, fd := range fds {
		poll[i] = unix.PollFd{Fd: int32(fd), Events: events}
	}
	timeout := 0
	if wait {
		timeout = 60_000
	}
	for {
		n, err := unix.Poll(poll, timeout)
		if err == unix.EINTR {
			continue
		}
		w.ok(err)
		if wait && n == 0 {
			w.Fatal("nothing arrives")
		}
		break
	}
	for _, p := range poll {
		is = append(is, p.Revents&events != 0)
	}
	return is
}
