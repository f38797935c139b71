package netres

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// enterNetwork puts the test's goroutine, on a thread that ends with it, into a network namespace of its own with
// nothing but a loopback interface that has 10.9.0.1 and fd00:9::1 too, and then gives that thread another user. What
// the test makes from other goroutines is not in there.
func enterNetwork(t testing.TB, uid int) {
	t.Helper()
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); errors.Is(err, unix.EPERM) {
		t.Skip("this user may not make a network namespace")
	} else if err != nil {
		t.Fatal(err)
	}
	var cpus unix.CPUSet // one: see reached
	if err := unix.SchedGetaffinity(0, &cpus); err != nil {
		t.Fatal(err)
	}
	for i := 0; cpus.Count() > 1; i++ {
		cpus.Clear(i)
	}
	if err := unix.SchedSetaffinity(0, &cpus); err != nil {
		t.Fatal(err)
	}
	raise(t, "lo")
	addAddress(t, 1, netip.MustParsePrefix("10.9.0.1/32"))
	addAddress(t, 1, netip.MustParsePrefix("fd00:9::1/128"))
	become(t, uid)
}

// become gives the thread another user, with none of root's capabilities.
func become(t testing.TB, uid int) {
	t.Helper()
	if uid != 0 {
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); errno != 0 {
			t.Fatal(errno)
		}
	}
}

func raise(t testing.TB, name string) {
	t.Helper()
	fd := must(unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0))(t)
	defer unix.Close(fd)
	r := must(unix.NewIfreq(name))(t)
	r.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r); err != nil {
		t.Fatal(err)
	}
}

// addAddress gives an interface an address by RTM_NEWADDR, usable at once.
func addAddress(t testing.TB, device int, p netip.Prefix) {
	t.Helper()
	c := must(openChannel(unix.NETLINK_ROUTE))(t)
	defer c.Close()
	b := c.out[headerSize:]
	clear(b)
	b[0], b[1], b[2] = family(p.Addr()), uint8(p.Bits()), unix.IFA_F_NODAD
	native.PutUint32(b[4:], uint32(device))
	at := 8
	for _, kind := range []uint16{unix.IFA_LOCAL, unix.IFA_ADDRESS} {
		a := p.Addr().AsSlice()
		native.PutUint16(b[at:], uint16(4+len(a)))
		native.PutUint16(b[at+2:], kind)
		at += 4 + copy(b[at+4:], a)
	}
	if _, err := c.ask(unix.RTM_NEWADDR, unix.NLM_F_ACK|unix.NLM_F_CREATE, at, nil); err != nil {
		if p.Addr().Is6() && errors.Is(err, unix.EOPNOTSUPP) {
			t.Skip("this kernel has no IPv6")
		}
		t.Fatalf("give interface %d the address %v: %v", device, p, err)
	}
	if p.Addr().Is4() {
		return
	}
	// The kernel makes the route to an IPv6 address of the machine when it gets to it, and when there is a wire.
	want := hex.EncodeToString(p.Addr().AsSlice()) + " 80 "
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if strings.Contains(string(must(os.ReadFile("/proc/thread-self/net/ipv6_route"))(t)), want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there is no route to %v", p)
		}
	}
}

// must lets a test take a value that comes with an error.
func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// open returns a Net that is closed with the test.
func open(t testing.TB) *Net {
	t.Helper()
	n := must(Open())(t)
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// byProc returns a Net that has nothing but /proc/net and sockets.
func byProc(t testing.TB) *Net {
	n := open(t)
	n.diag.Close()
	n.route.Close()
	n.diag, n.route = nil, nil
	return n
}

// reached sends to an address from a socket of its own and says which of the sockets the kernel gave it to; -1 if it
// said that there is nobody.
func reached(t testing.TB, typ int, to netip.AddrPort, among []socket) int {
	t.Helper()
	domain := unix.AF_INET
	if to.Addr().Is6() {
		domain = unix.AF_INET6
	}
	fd := must(unix.Socket(domain, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0))(t)
	defer unix.Close(fd)
	err := unix.Connect(fd, sockaddr(to))
	switch {
	case errors.Is(err, unix.ECONNREFUSED), errors.Is(err, unix.ENETUNREACH), errors.Is(err, unix.EADDRNOTAVAIL):
		return -1
	case err != nil && !errors.Is(err, unix.EINPROGRESS):
		t.Fatalf("connect to %v: %v", to, err)
	}
	last := fd // what tells that all that was sent before has arrived
	if typ == unix.SOCK_DGRAM {
		if _, err := unix.Write(fd, []byte("?")); err != nil && !errors.Is(err, unix.ECONNREFUSED) {
			t.Fatalf("send to %v: %v", to, err)
		}
		// The kernel says only so many times a second that nobody is there. A second datagram overtakes none on one
		// processor.
		s := options{typ: unix.SOCK_DGRAM, address: "127.0.0.1"}.mustMake(t)
		defer s.close()
		if err := unix.Sendto(s.fd, []byte("."), 0, must(unix.Getsockname(s.fd))(t)); err != nil {
			t.Fatal(err)
		}
		last = s.fd
	}
	poll := []unix.PollFd{{Fd: int32(last), Events: unix.POLLIN}}
	for _, s := range among {
		poll = append(poll, unix.PollFd{Fd: int32(s.fd), Events: unix.POLLIN})
	}
	wait := func(which []unix.PollFd, milliseconds int) {
		for {
			n, err := unix.Poll(which, milliseconds)
			if err == unix.EINTR {
				continue
			}
			if err != nil || n == 0 && milliseconds != 0 {
				t.Fatalf("neither an answer from nor an arrival at %v: %v", to, err)
			}
			return
		}
	}
	if typ == unix.SOCK_DGRAM {
		wait(poll[:1], 60_000)
		wait(poll, 0)
	} else {
		wait(poll, 60_000)
	}
	for i := range among {
		if poll[i+1].Revents&unix.POLLIN == 0 {
			continue
		}
		if typ == unix.SOCK_DGRAM {
			if _, _, err := unix.Recvfrom(among[i].fd, make([]byte, 8), 0); err != nil {
				t.Fatal(err)
			}
		} else {
			child, _, err := unix.Accept(among[i].fd)
			if err != nil {
				t.Fatal(err)
			}
			unix.Close(child)
		}
		return i
	}
	if typ == unix.SOCK_DGRAM {
		return -1
	}
	if e := must(unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR))(t); syscall.Errno(e) != unix.ECONNREFUSED {
		t.Fatalf("send to %v: %v", to, syscall.Errno(e))
	}
	return -1
}

// forUsers runs a test in a network namespace as root and as somebody without rights.
func forUsers(t *testing.T, test func(t *testing.T)) {
	for _, uid := range []int{0, 1000} {
		t.Run(fmt.Sprintf("uid=%d", uid), func(t *testing.T) {
			enterNetwork(t, uid)
			test(t)
		})
	}
}
