package netres

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket is one that a test made.
type socket struct {
	fd    int
	inode uint64
	what  string
	gone  *bool
}

func newSocket(t testing.TB, fd int, what string) socket {
	t.Helper()
	s := socket{fd: fd, inode: inodeOf(t, fd), what: what, gone: new(bool)}
	t.Cleanup(s.close)
	return s
}

// close closes it, once.
func (s socket) close() {
	if !*s.gone {
		*s.gone = true
		unix.Close(s.fd)
	}
}

// options of a socket that a test makes.
type options struct {
	typ       int // SOCK_STREAM or SOCK_DGRAM
	protocol  int
	address   string // "" for none; an IPv4-mapped or IPv6 one makes an IPv6 socket
	port      int
	v6        bool // IPv6 although the address is not
	v6only    bool
	reuseAddr bool
	reusePort bool
	device    string
	listen    bool
	connect   string // the address and port that it is connected to
}

func (o options) String() string {
	type plain options
	return fmt.Sprintf("%+v", plain(o))
}

// supported says whether the kernel has the socket's protocol.
func (o options) supported(t testing.TB) bool {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, o.typ|unix.SOCK_CLOEXEC, o.protocol)
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return false
	}
	unix.Close(must(fd, err)(t))
	return true
}

// make makes a socket. An error is what bind or listen said.
func (o options) make(t testing.TB) (socket, error) {
	t.Helper()
	var ip netip.Addr
	domain := unix.AF_INET
	if o.address != "" {
		ip = netip.MustParseAddr(o.address)
	}
	if o.v6 || ip.Is6() {
		domain = unix.AF_INET6
	}
	fd := must(unix.Socket(domain, o.typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, o.protocol))(t)
	s := newSocket(t, fd, o.String())
	set := func(level, name int, on bool) {
		if on {
			if err := unix.SetsockoptInt(fd, level, name, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	if domain == unix.AF_INET6 && !o.v6only {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 0); err != nil {
			t.Fatal(err)
		}
	}
	set(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, o.v6only && domain == unix.AF_INET6)
	set(unix.SOL_SOCKET, unix.SO_REUSEADDR, o.reuseAddr)
	set(unix.SOL_SOCKET, unix.SO_REUSEPORT, o.reusePort)
	if o.device != "" {
		if err := unix.SetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, o.device); err != nil {
			t.Fatal(err)
		}
	}
	if ip.IsValid() {
		if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(ip, uint16(o.port)))); err != nil {
			return s, err
		}
	}
	if o.connect != "" {
		if err := unix.Connect(fd, sockaddr(netip.MustParseAddrPort(o.connect))); err != nil {
			return s, err
		}
	}
	if o.listen {
		return s, unix.Listen(fd, 16)
	}
	return s, nil
}

func (o options) mustMake(t testing.TB) socket {
	t.Helper()
	return must(o.make(t))(t)
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

func inodeOf(t testing.TB, fd int) uint64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	return st.Ino
}

func cookieOf(t testing.TB, fd int) uint64 {
	t.Helper()
	var v uint64
	size := uint32(8)
	if _, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_COOKIE,
		uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&size)), 0); errno == unix.ENOPROTOOPT {
		t.Skip("this kernel has no SO_COOKIE (Linux 4.12)")
	} else if errno != 0 {
		t.Fatal(errno)
	}
	return v
}

func portOf(t testing.TB, fd int) uint16 {
	t.Helper()
	switch a := must(unix.Getsockname(fd))(t).(type) {
	case *unix.SockaddrInet4:
		return uint16(a.Port)
	case *unix.SockaddrInet6:
		return uint16(a.Port)
	}
	t.Fatal("no internet socket")
	return 0
}

func inodes(list []Socket) []uint64 {
	var all []uint64
	for _, s := range list {
		all = append(all, s.Inode)
	}
	slices.Sort(all)
	return all
}
