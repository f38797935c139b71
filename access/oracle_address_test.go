package access

import (
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// The kernel as oracle for addresses: each is described first, and then given to a socket, once as the tracee would
// give it and once as Describe hands it on. Where the kernel says that it led must be where Describe said, both
// times.

// nativeCall describes a call of this process, whose memory is its own.
func nativeCall(t *testing.T, out *Accesses, name string, args ...uintptr) syscall.Errno {
	t.Helper()
	inv := &syscalls.Invocation{ABI: nativeABI(t), Call: syscalls.ByName(name)}
	for i, a := range args {
		inv.Args[i] = uint64(a)
	}
	return Describe(inv, ownMemory{}, ownResolver{}, out)
}

// pointer is the address of b, for a call that is described.
func pointer(b []byte) uintptr {
	kept = b
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))
}

// kept and keptPieces keep what a pointer is passed of off the stack, which may move.
var (
	kept       []byte
	keptPieces []unix.Iovec
)

func connectRaw(fd int, b []byte) syscall.Errno {
	_, _, errno := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)))
	return errno
}

func bindRaw(fd int, b []byte) syscall.Errno {
	_, _, errno := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return errno
}

func sendRaw(fd int, text string, b []byte) syscall.Errno {
	msg := []byte(text)
	_, _, errno := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&msg[0])), uintptr(len(msg)),
		unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return errno
}

// named writes an address that the kernel gave as Address.String would.
func named(sa unix.Sockaddr, err error) string {
	if err != nil {
		return err.Error()
	}
	var a Address
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		a = Address{Family: afInet, IP: netip.AddrFrom4(sa.Addr), Port: uint16(sa.Port)}
	case *unix.SockaddrInet6:
		a = Address{Family: afInet6, IP: netip.AddrFrom16(sa.Addr).Unmap(), Port: uint16(sa.Port), Zone: sa.ZoneId}
	case *unix.SockaddrUnix:
		if name, ok := strings.CutPrefix(sa.Name, "@"); ok {
			return "abstract:" + name
		}
		return "unix:" + sa.Name
	default:
		return fmt.Sprintf("%T", sa)
	}
	return a.String()
}

// socketKind is a socket as a test wants it: its family, and what it is bound to.
type socketKind struct {
	domain int
	local  string // an IP; "" for none
}

func (k socketKind) open(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(k.domain, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if k.local != "" {
		ip := netip.MustParseAddr(k.local)
		var sa unix.Sockaddr = &unix.SockaddrInet6{Addr: ip.As16()}
		if k.domain == afInet {
			sa = &unix.SockaddrInet4{Addr: ip.As4()}
		}
		if err := unix.Bind(fd, sa); err != nil {
			t.Fatalf("bind %s: %v", k.local, err)
		}
	}
	return fd
}

// localOf is what the socket is bound to, as whoever asks On knows it.
func localOf(t *testing.T, fd int) netip.Addr {
	t.Helper()
	switch sa, err := unix.Getsockname(fd); sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(sa.Addr)
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(sa.Addr)
	default:
		t.Fatal(err)
	}
	return netip.Addr{}
}

// socketKinds are those that this machine has.
func socketKinds(t *testing.T) []socketKind {
	t.Helper()
	kinds := []socketKind{{afInet, ""}, {afInet, "127.0.0.1"}, {afInet, "127.0.0.2"}}
	fd, err := unix.Socket(afInet6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Logf("this kernel has no IPv6: %v", err)
		return kinds
	}
	defer unix.Close(fd)
	kinds = append(kinds, socketKind{afInet6, ""}, socketKind{afInet6, "::ffff:127.0.0.2"})
	if err := unix.Bind(fd, &unix.SockaddrInet6{Addr: loopback6.As16()}); err != nil {
		t.Logf("this machine has no ::1: %v", err)
		return kinds
	}
	return append(kinds, socketKind{afInet6, "::1"})
}

// oracleAddresses are addresses to reach, at a port.
func oracleAddresses(t *testing.T, port int) map[string][]byte {
	abi := nativeABI(t)
	list := map[string][]byte{
		"nothing": {}, "one byte": {2}, "only the family": sockaddr(abi, afInet, ""), "only AF_UNSPEC": sockaddr(abi, 0, ""),
		"AF_UNSPEC":            append(sockaddr(abi, 0, ""), sin(abi, "127.0.0.2", port, 0)[2:]...),
		"AF_UNSPEC of 0.0.0.0": append(sockaddr(abi, 0, ""), sin(abi, "0.0.0.0", port, 0)[2:]...),
		"AF_UNSPEC of 28":      append(sockaddr(abi, 0, ""), sin(abi, "::1", port, 0)[2:]...),
	}
	for _, host := range []string{"127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "::ffff:127.0.0.2",
		"::ffff:0.0.0.0", "::127.0.0.1", "fe80::1", "192.0.2.1", "255.255.255.255", "224.0.0.1", "ff02::1", "2001:db8::1"} {
		b := sin(abi, host, port, 1)
		list[host] = b
		for _, size := range []int{15, 16, 23, 24, 27, 28, 128, 129} {
			list[fmt.Sprintf("%s of %d", host, size)] = append(append([]byte(nil), b...), make([]byte, 128)...)[:size]
		}
	}
	return list
}

func TestOracleConnect(t *testing.T) {
	var out Accesses
	for _, kind := range socketKinds(t) {
		for name, b := range oracleAddresses(t, 9) {
			what := fmt.Sprintf("connect %s in family %d bound to %q", name, kind.domain, kind.local)
			given, copied := kind.open(t), kind.open(t)
			said := nativeCall(t, &out, "connect", uintptr(given), pointer(b), uintptr(len(b)))
			if said == 0 {
				out.List[0].On(kind.domain, localOf(t, given))
			}
			did := connectRaw(given, b)
			switch {
			case said != 0 && did == 0:
				t.Errorf("%s: described as %v, but it reaches %s", what, said, named(unix.Getpeername(given)))
			case said == 0:
				a := &out.List[0]
				if again := connectRaw(copied, a.Addr.Raw); again != did {
					t.Errorf("%s: %v, but %v as handed on", what, did, again)
				}
				peer, copy := named(unix.Getpeername(given)), named(unix.Getpeername(copied))
				want := a.Addr.String()
				if a.Op == 0 {
					want = unix.ENOTCONN.Error()
				}
				if did == 0 && (peer != want || copy != want) {
					t.Errorf("%s: described as %s, but it reaches %s, and %s as handed on", what, want, peer, copy)
				}
			}
			unix.Close(given)
			unix.Close(copied)
		}
	}
}

// receivers hear on one port of several addresses of this machine.
type receivers struct {
	fds   []int
	names []string
	port  int
}

func newReceivers(t *testing.T, hosts ...string) *receivers {
	t.Helper()
	for range 50 { // a port may be taken on one of the addresses
		r := &receivers{}
		for _, host := range hosts {
			ip := netip.MustParseAddr(host)
			domain := afInet
			var sa unix.Sockaddr = &unix.SockaddrInet4{Port: r.port, Addr: [4]byte(ip.AsSlice()[:4])}
			if ip.Is6() {
				domain, sa = afInet6, &unix.SockaddrInet6{Port: r.port, Addr: ip.As16()}
			}
			fd, err := unix.Socket(domain, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { unix.Close(fd) })
			if err := unix.Bind(fd, sa); err == unix.EADDRINUSE {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if r.port == 0 {
				sa, _ := unix.Getsockname(fd)
				r.port = sa.(*unix.SockaddrInet4).Port
			}
			r.fds, r.names = append(r.fds, fd), append(r.names, netip.AddrPortFrom(ip, uint16(r.port)).String())
		}
		if len(r.fds) == len(hosts) {
			return r
		}
	}
	t.Fatal("no port is free on all addresses")
	return nil
}

// got waits for a message and says at which address it came.
func (r *receivers) got(t *testing.T) string {
	t.Helper()
	poll := make([]unix.PollFd, len(r.fds))
	for i, fd := range r.fds {
		poll[i] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if _, err := unix.Poll(poll, 1000); err != nil && err != unix.EINTR {
			t.Fatal(err)
		}
		for i, fd := range r.fds {
			if n, _, err := unix.Recvfrom(fd, make([]byte, 16), 0); err == nil && n > 0 {
				return r.names[i]
			}
		}
	}
	return "nobody"
}

func TestOracleSend(t *testing.T) {
	hosts := []string{"127.0.0.1", "127.0.0.2"}
	kinds := socketKinds(t)
	if kinds[len(kinds)-1].local == "::1" {
		hosts = append(hosts, "::1")
	}
	r := newReceivers(t, hosts...)
	var out Accesses
	for _, kind := range kinds {
		for name, b := range oracleAddresses(t, r.port) {
			for _, connected := range []bool{false, true} {
				what := fmt.Sprintf("sendto %s in family %d bound to %q, connected %v", name, kind.domain, kind.local, connected)
				fd := kind.open(t)
				local := localOf(t, fd)
				want := ""
				if connected && local.Is4In6() && strings.Contains(name, "AF_UNSPEC") {
					// The kernel gives it to an IPv6 route, on which it is lost (udpv6_sendmsg); handed on it is sent to the
					// peer, as without an address.
					unix.Close(fd)
					continue
				}
				if connected {
					var sa unix.Sockaddr = &unix.SockaddrInet4{Port: r.port, Addr: loopback4.As4()}
					want = netip.AddrPortFrom(loopback4, uint16(r.port)).String()
					switch {
					case kind.domain == afInet6 && local.Is4In6():
						sa = &unix.SockaddrInet6{Port: r.port, Addr: netip.MustParseAddr("::ffff:127.0.0.1").As16()}
					case kind.domain == afInet6 && len(hosts) == 3:
						sa = &unix.SockaddrInet6{Port: r.port, Addr: loopback6.As16()}
						want = netip.AddrPortFrom(loopback6, uint16(r.port)).String()
					case kind.domain == afInet6:
						unix.Close(fd)
						continue
					}
					if err := unix.Connect(fd, sa); err != nil {
						t.Fatalf("%s: %v", what, err)
					}
				}
				said := nativeCall(t, &out, "sendto", uintptr(fd), 0, 0, 0, pointer(b), uintptr(len(b)))
				if said == 0 {
					a := &out.List[0]
					a.On(kind.domain, local)
					if a.Op != 0 {
						want = a.Addr.String()
					}
				}
				heard := func(errno syscall.Errno) string {
					if errno != 0 {
						return errnoName(errno)
					}
					return r.got(t)
				}
				if said == 0 && out.List[0].Op != 0 && !isOneOf(r.names, want) {
					// Nobody hears there: what counts is that the kernel is given the same.
					if given, handed := sendRaw(fd, "x", b), sendRaw(fd, "x", out.List[0].Addr.Raw); given != handed {
						t.Errorf("%s: %v, but %v as handed on", what, given, handed)
					}
					unix.Close(fd)
					continue
				}
				given := heard(sendRaw(fd, "x", b))
				handed := given
				switch {
				case said == 0 && out.List[0].Addr.Raw != nil:
					handed = heard(sendRaw(fd, "x", out.List[0].Addr.Raw))
				case said == 0:
					handed = heard(sendRaw(fd, "x", nil))
				}
				delivered := isOneOf(r.names, given)
				switch {
				case said != 0 && delivered:
					t.Errorf("%s: described as %v, but %s hears it", what, said, given)
				case said == 0 && (given != handed || delivered && given != want):
					t.Errorf("%s: described as %q, but %s hears it, and %s as handed on", what, want, given, handed)
				}
				unix.Close(fd)
			}
		}
	}
}

func isOneOf(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
