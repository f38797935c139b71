package sandbox

import (
	"errors"
	"net/netip"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/deputy"
)

// ownedWorld is a network namespace with a loopback, in which some sockets are the tree's and some are not.
type ownedWorld struct {
	testing.TB
	o *owned
}

// newOwnedWorld puts the test's goroutine into a network namespace, on a thread that ends with it.
func newOwnedWorld(t *testing.T) *ownedWorld {
	t.Helper()
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); errors.Is(err, unix.EPERM) {
		t.Skip("this user may not make a network namespace")
	} else if err != nil {
		t.Fatal(err)
	}
	w := &ownedWorld{TB: t}
	w.raise("lo")
	o, err := newOwned()
	if err != nil {
		t.Fatal(err)
	}
	w.o = o
	t.Cleanup(func() {
		if err := o.close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *ownedWorld) raise(name string) {
	w.Helper()
	s := w.socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	r, err := unix.NewIfreq(name)
	if err != nil {
		w.Fatal(err)
	}
	r.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(s.FD, unix.SIOCSIFFLAGS, r); err != nil {
		w.Fatal(err)
	}
}

// socket makes a socket that is closed with the test.
func (w *ownedWorld) socket(domain, typ, protocol int) *deputy.Socket {
	w.Helper()
	fd, err := unix.Socket(domain, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, protocol)
	if err != nil {
		w.Fatal(err)
	}
	s := &deputy.Socket{FD: fd, Domain: domain, Type: typ}
	w.Cleanup(s.Close)
	if s.Protocol, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL); err != nil {
		w.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		w.Fatal(err)
	}
	s.Inode = st.Ino
	return s
}

// set sets an option of the socket level.
func (w *ownedWorld) set(s *deputy.Socket, options ...int) *deputy.Socket {
	w.Helper()
	for _, o := range options {
		if err := unix.SetsockoptInt(s.FD, unix.SOL_SOCKET, o, 1); err != nil {
			w.Fatal(err)
		}
	}
	return s
}

// at binds a socket, and lets one of TCP listen. mine: it is the tree's.
func (w *ownedWorld) at(s *deputy.Socket, address string, mine bool) *deputy.Socket {
	w.Helper()
	a := netip.MustParseAddrPort(address)
	var to unix.Sockaddr = &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	if s.Domain == unix.AF_INET {
		to = &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	if err := unix.Bind(s.FD, to); err != nil {
		w.Fatalf("bind to %s: %v", address, err)
	}
	return w.listen(s, mine)
}

func (w *ownedWorld) listen(s *deputy.Socket, mine bool) *deputy.Socket {
	w.Helper()
	if s.Type != unix.SOCK_DGRAM {
		if err := unix.Listen(s.FD, 8); err != nil {
			w.Fatal(err)
		}
	}
	if mine {
		w.o.add(s)
	}
	return s
}

func (w *ownedWorld) tcp() *deputy.Socket { return w.socket(unix.AF_INET, unix.SOCK_STREAM, 0) }
func (w *ownedWorld) udp() *deputy.Socket { return w.socket(unix.AF_INET, unix.SOCK_DGRAM, 0) }

// want asks on behalf of a socket whether an address is the tree's and whether it is nobody's.
func (w *ownedWorld) want(what string, s *deputy.Socket, address string, owns, nobody bool) {
	w.Helper()
	a := netip.MustParseAddrPort(address)
	to := access.Address{Family: unix.AF_INET, IP: a.Addr().Unmap(), Port: a.Port()}
	if to.IP.Is6() {
		to.Family = unix.AF_INET6
	}
	w.wantAt(what, s, &to, owns, nobody)
}

func (w *ownedWorld) wantAt(what string, s *deputy.Socket, to *access.Address, owns, nobody bool) {
	w.Helper()
	w.o.ask(unix.Gettid(), s)
	if got := w.o.Owns(to); got != owns {
		w.Errorf("%s: Owns = %v", what, got)
	}
	if got := w.o.Nobody(to); got != nobody {
		w.Errorf("%s: Nobody = %v", what, got)
	}
}
