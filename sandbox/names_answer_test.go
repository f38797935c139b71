package sandbox

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Sockets of this process stand for a task's: what is tested is what the kernel says about them.

func closeLater(t *testing.T, fd int) int {
	t.Helper()
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// udpPair returns a socket and another one on the loopback that is connected to it, with the address of the first.
func udpPair(t *testing.T) (to, from int, sender netip.AddrPort) {
	t.Helper()
	return socketPair(t, unix.SOCK_DGRAM)
}

// tcpPair returns both ends of a connection over the loopback.
func tcpPair(t *testing.T) (to, from int, sender netip.AddrPort) {
	t.Helper()
	return socketPair(t, unix.SOCK_STREAM)
}

func socketPair(t *testing.T, kind int) (to, from int, sender netip.AddrPort) {
	t.Helper()
	socket := func() int {
		fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, 0)
		check(t, err)
		return closeLater(t, fd)
	}
	server, client := socket(), socket()
	check(t, unix.Bind(server, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	if kind == unix.SOCK_STREAM {
		check(t, unix.Listen(server, 1))
	}
	at, err := unix.Getsockname(server)
	check(t, err)
	check(t, unix.Connect(client, at))
	own, err := unix.Getsockname(client)
	check(t, err)
	if kind == unix.SOCK_DGRAM {
		check(t, unix.Connect(server, own))
		return client, server, addrPortOf(at)
	}
	accepted, _, err := unix.Accept(server)
	check(t, err)
	return client, closeLater(t, accepted), addrPortOf(at)
}

// awaitInput waits until a socket has something, be it an error or its end.
func awaitInput(t *testing.T, fd int, events int16) {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		_, err := unix.Poll(fds, -1)
		if err == unix.EINTR {
			continue
		}
		check(t, err)
		return
	}
}

func borrowOwn(t *testing.T, fd int) borrowed {
	t.Helper()
	var st unix.Stat_t
	check(t, unix.Fstat(fd, &st))
	s, errno := borrowSocket(os.Getpid(), os.Getpid(), int32(fd), st.Ino)
	if errno == unix.EBADF {
		t.Skip("this kernel copies no descriptors of others (pidfd_getfd, Linux 5.6)")
	}
	if errno != 0 {
		t.Fatal(errno)
	}
	t.Cleanup(s.close)
	if _, errno := borrowSocket(os.Getpid(), os.Getpid(), int32(fd), st.Ino+1); errno == 0 {
		t.Fatal("another socket than the one that was meant was copied")
	}
	return s
}

func TestPeekDatagram(t *testing.T) {
	for _, last := range []byte{0, 0xaa, 0x55} {
		to, from, sender := udpPair(t)
		sent := []byte{1, 2, 3, last}
		_, err := unix.Write(from, sent)
		check(t, err)
		awaitInput(t, to, unix.POLLIN)
		s := borrowOwn(t, to)
		if s.queued() != len(sent) || s.movesPeeks() {
			t.Errorf("%d bytes wait, looks move: %v", s.queued(), s.movesPeeks())
		}
		for range 2 { // it stays where it is
			payload, by, whole, errno := s.peek(make([]byte, 64))
			if errno != 0 || !bytes.Equal(payload, sent) || by != sender || !whole {
				t.Errorf("%v from %v, whole %v: %v", payload, by, whole, errno)
			}
		}
		if payload, _, whole, _ := s.peek(make([]byte, 3)); len(payload) != 3 || whole {
			t.Errorf("a buffer that is too small has %d bytes, whole %v", len(payload), whole)
		}
	}
}

// TestPeekFromTheMiddle: who moves where a look begins could show the tracer a piece of an answer as if it were one.
func TestPeekFromTheMiddle(t *testing.T) {
	for _, last := range []byte{0, 0xaa, 0x55} {
		to, from, _ := udpPair(t)
		_, err := unix.Write(from, []byte{1, 2, 3, last})
		check(t, err)
		awaitInput(t, to, unix.POLLIN)
		check(t, unix.SetsockoptInt(to, unix.SOL_SOCKET, unix.SO_PEEK_OFF, 2))
		s := borrowOwn(t, to)
		if !s.movesPeeks() {
			t.Error("nobody says that a look would be noticed")
		}
		if payload, _, whole, _ := s.peek(make([]byte, 64)); whole {
			t.Errorf("%v passes for the whole", payload)
		}
	}
}

// TestPeekLeavesErrors: an error that waits for the task is not taken away from it.
func TestPeekLeavesErrors(t *testing.T) {
	to, from, _ := udpPair(t)
	check(t, unix.Close(from))
	_, err := unix.Write(to, []byte{1})
	check(t, err)
	awaitInput(t, to, 0) // POLLERR: nobody hears there any more
	if s := borrowOwn(t, to); s.queued() != 0 {
		t.Errorf("%d bytes wait", s.queued())
	}
	if _, err := unix.Read(to, make([]byte, 1)); err != unix.ECONNREFUSED {
		t.Errorf("the task is told %v", err)
	}
}

func TestStreamAt(t *testing.T) {
	to, from, server := tcpPair(t)
	s := borrowOwn(t, to)
	expect := func(when string, want place) {
		t.Helper()
		if got, ok := s.streamAt(); !ok || got != want {
			t.Errorf("%s: %+v, %v, want %+v", when, got, ok, want)
		}
	}
	receive := func(n int) {
		t.Helper()
		_, err := unix.Read(to, make([]byte, n))
		check(t, err)
	}
	expect("before anything", place{0, 0})
	_, err := unix.Write(from, []byte("abcdef"))
	check(t, err)
	awaitInput(t, to, unix.POLLIN)
	expect("with a message", place{0, 6})
	payload, _, _, errno := s.peek(make([]byte, 64))
	if errno != 0 || string(payload) != "abcdef" || s.peer() != server || !s.plainTCP() {
		t.Errorf("%q from %v, plain %v: %v", payload, s.peer(), s.plainTCP(), errno)
	}
	receive(2)
	expect("behind its length", place{2, 4})
	check(t, unix.Shutdown(from, unix.SHUT_WR))
	awaitInput(t, to, unix.POLLRDHUP)
	expect("when no more will come", place{2, 4})
	receive(3)
	expect("and one byte is left", place{5, 1})
	receive(1)
	expect("and nothing is left", place{6, 0})
}

// TestPeekStreamFromTheMiddle: what is looked at is then shorter than what is there (TCP knows SO_PEEK_OFF since 6.9).
func TestPeekStreamFromTheMiddle(t *testing.T) {
	to, from, _ := tcpPair(t)
	_, err := unix.Write(from, []byte("abcdef"))
	check(t, err)
	awaitInput(t, to, unix.POLLIN)
	s := borrowOwn(t, to)
	if err := unix.SetsockoptInt(to, unix.SOL_SOCKET, unix.SO_PEEK_OFF, 2); err != nil {
		if payload, _, _, _ := s.peek(make([]byte, 64)); string(payload) != "abcdef" {
			t.Errorf("%q", payload)
		}
		return // this kernel lets nobody move looks at TCP
	}
	if payload, _, _, _ := s.peek(make([]byte, 64)); len(payload) == s.queued() {
		t.Errorf("%q is %d bytes long", payload, s.queued())
	}
}

// TestPlainTCP: what the kernel decrypts with keys of the task's own is the task's own.
func TestPlainTCP(t *testing.T) {
	to, _, _ := tcpPair(t)
	s := borrowOwn(t, to)
	if !s.plainTCP() {
		t.Fatal("a plain connection is none")
	}
	if err := unix.SetsockoptString(to, unix.IPPROTO_TCP, unix.TCP_ULP, "tls"); err != nil {
		t.Skipf("this kernel has no TLS: %v", err)
	}
	if s.plainTCP() {
		t.Error("a connection with TLS of the task's own passes for a plain one")
	}
}

func TestAddrPortOf(t *testing.T) {
	six := &unix.SockaddrInet6{Port: 53, ZoneId: 2}
	copy(six.Addr[:], net.ParseIP("192.0.2.1").To16())
	if got := addrPortOf(six); got != netip.MustParseAddrPort("192.0.2.1:53") {
		t.Error(got)
	}
	if got := addrPortOf(&unix.SockaddrUnix{Name: "/x"}); got.IsValid() {
		t.Error(got)
	}
}
