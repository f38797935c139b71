package deputy

import (
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// later lays a call out that has to wait, and returns what does it.
func (n *netBench) later(name string, args ...any) Outcome {
	n.t.Helper()
	inv := n.tk.invocation(arch.Native()[0], name, args)
	out := n.outcome(&inv)
	if out.Kind != Waits {
		n.t.Fatalf("%s: kind %d, value %d; want one that waits", name, out.Kind, out.Value)
	}
	return out
}

// begin calls Do on a goroutine.
func begin(out Outcome, cancel chan struct{}) chan int64 {
	done := make(chan int64, 1)
	go func() { done <- out.Do(cancel) }()
	return done
}

// stillWaits says that a call has not returned after a while in which it would have, had it not waited.
func stillWaits(t testing.TB, done chan int64) {
	t.Helper()
	select {
	case v := <-done:
		t.Fatalf("did not wait: %d", v)
	case <-time.After(30 * time.Millisecond):
	}
}

func ends(t testing.TB, done chan int64, want int64) {
	t.Helper()
	select {
	case v := <-done:
		if v != want {
			t.Errorf("ended with %d, want %d", v, want)
		}
	case <-time.After(time.Minute):
		t.Fatal("waits for ever")
	}
}

// fullServer listens and has no room for another connection.
func (n *netBench) fullServer(domain, kind int, name []byte) (fd int, at []byte) {
	n.t.Helper()
	fd, at = server(n.t, domain, kind, name)
	must(n.t, unix.Listen(fd, 0))
	for range 8 {
		c := n.must("socket", domain, kind|unix.SOCK_NONBLOCK, 0)
		if v := n.kernel("connect", c, n.put(at), len(at)); v != 0 && domain == unix.AF_UNIX {
			return fd, at
		}
	}
	return fd, at
}

// TestConnectWaits: a peer that has no room is waited for, and by nobody whom others wait for.
func TestConnectWaits(t *testing.T) {
	for _, w := range netTasks() {
		t.Run(w.name, func(t *testing.T) {
			n := newNetBench(t, w)
			dir := publicDir(t)
			for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_SEQPACKET} {
				path := fmt.Sprintf("%s/%d", dir, kind)
				ours, at := n.fullServer(unix.AF_UNIX, kind, atUnix(path))
				fd := n.must("socket", unix.AF_UNIX, kind, 0)
				done := begin(n.later("connect", fd, n.put(at), len(at)), nil)
				stillWaits(t, done)
				for range 8 {
					if c, _, err := unix.Accept4(ours, unix.SOCK_CLOEXEC); err == nil {
						t.Cleanup(func() { unix.Close(c) })
					}
				}
				ends(t, done, 0)
				if v := n.kernel("sendto", fd, n.put([]byte("x")), 1, unix.MSG_NOSIGNAL, 0, 0); v != 1 {
					t.Errorf("kind %d is not connected: %d", kind, v)
				}
			}
		})
	}
}

// TestConnectInterrupted: whoever stops waiting has not connected a unix socket, and has begun to connect one of the
// internet, as with the kernel's own connect(2).
func TestConnectInterrupted(t *testing.T) {
	n := newNetBench(t, anyone())
	g, d, threads := resources(t)
	for _, timeout := range []bool{false, true} {
		want := -int64(unix.EINTR)
		if timeout {
			want = Interrupted
		}
		for _, domain := range []int{unix.AF_UNIX, unix.AF_INET} {
			name := inet4(lo4, 0)
			if domain == unix.AF_UNIX {
				name = atUnix(fmt.Sprintf("\x00full %d %v", n.tk.pid, timeout))
			}
			ours, at := n.fullServer(domain, unix.SOCK_STREAM, name)
			fd := n.must("socket", domain, unix.SOCK_STREAM, 0)
			if timeout {
				limit := n.put(append(long(1000), long(0)...))
				n.must("setsockopt", fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, limit, 16)
			}
			cancel := make(chan struct{})
			done := begin(n.later("connect", fd, n.put(at), len(at)), cancel)
			stillWaits(t, done)
			close(cancel)
			ends(t, done, want)
			n.must("fcntl", fd, unix.F_SETFL, unix.O_NONBLOCK)
			again := n.kernel("connect", fd, n.put(at), len(at))
			if domain == unix.AF_UNIX && again != -int64(unix.EAGAIN) || domain == unix.AF_INET && again != -int64(unix.EALREADY) {
				t.Errorf("domain %d: connecting again is %d", domain, again)
			}
			n.must("close", fd)
			unix.Shutdown(ours, unix.SHUT_RDWR)
		}
		// Cancelled before anybody has begun.
		_, at := n.fullServer(unix.AF_UNIX, unix.SOCK_STREAM, atUnix(fmt.Sprintf("\x00never %d %v", n.tk.pid, timeout)))
		fd := n.must("socket", unix.AF_UNIX, unix.SOCK_STREAM, 0)
		cancel := make(chan struct{})
		close(cancel)
		ends(t, begin(n.later("connect", fd, n.put(at), len(at)), cancel), -int64(unix.EINTR))
	}
	leftBehind(t, g, d+6, threads) // the servers
}

// TestConnectGoesOn: a connection that was begun and interrupted ends in 0 for whoever calls again, not in EISCONN:
// the kernel starts an interrupted connect(2) again where the signal's action says so.
func TestConnectGoesOn(t *testing.T) {
	n := newNetBench(t, anyone())
	ours, at := n.fullServer(unix.AF_INET, unix.SOCK_STREAM, inet4(lo4, 0))
	fd := n.must("socket", unix.AF_INET, unix.SOCK_STREAM, 0)
	cancel := make(chan struct{})
	done := begin(n.later("connect", fd, n.put(at), len(at)), cancel)
	stillWaits(t, done)
	close(cancel)
	ends(t, done, -int64(unix.EINTR))
	var accepted []int
	for range 4 {
		if c, _, err := unix.Accept4(ours, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK); err == nil {
			accepted = append(accepted, c)
		}
	}
	must(t, unix.Listen(ours, 100))
	if v := n.connect(fd, at); v != 0 { // by then it may be connected: the kernel says 0 once
		t.Errorf("called again: %d", v)
	}
	if v := n.connect(fd, at); v != -int64(unix.EISCONN) {
		t.Errorf("called a third time: %d", v)
	}
	for _, c := range accepted {
		unix.Close(c)
	}
}

// TestConnectWhereNobodyWaits: a thread takes O_NONBLOCK off while the Deputy is connecting.
func TestConnectWhereNobodyWaits(t *testing.T) {
	n := newNetBench(t, anyone())
	_, at := n.fullServer(unix.AF_UNIX, unix.SOCK_STREAM, atUnix(fmt.Sprintf("\x00held %d", n.tk.pid)))
	fd := n.must("socket", unix.AF_UNIX, unix.SOCK_STREAM, 0)
	inv := n.tk.invocation(arch.Native()[0], "connect", []any{fd, n.put(at), len(at)})
	if errno := n.judge(n.tk, &inv); errno != 0 {
		t.Fatal(errno)
	}
	s, errno := n.d.Socket(fd)
	if errno != 0 {
		t.Fatal(errno)
	}
	defer s.Close()
	if out := n.d.Connect(&s, &n.acc, n.res); out.Kind != Waits {
		t.Fatalf("kind %d, %d", out.Kind, out.Value)
	} else {
		cancel := make(chan struct{})
		close(cancel)
		out.Do(cancel)
	}
}

// fill makes a socket of the task's full.
func (n *netBench) fill(fd int) (sent int) {
	n.t.Helper()
	at := n.put(make([]byte, 1000))
	for _, size := range []int{1000, 1} {
		for {
			v := n.kernel("sendto", fd, at, size, unix.MSG_DONTWAIT, 0, 0)
			if v < 0 {
				break
			}
			sent += int(v)
		}
	}
	return sent
}

// full fills a socket and begins to send data by it, which waits then. before is how many bytes go ahead of them. TCP
// makes room again when it likes: it moves bytes to the other end, which puts them closer together when it is asked
// whether it has room. What goes out at once goes ahead then.
func (n *netBench) full(fd int, data []byte, cancel chan struct{}) (before int, done chan int64) {
	n.t.Helper()
	for range 100 {
		before += n.fill(fd)
		inv := n.tk.invocation(arch.Native()[0], "sendto", []any{fd, n.put(data), len(data), 0, 0, 0})
		out := n.outcome(&inv)
		sent := out.Value
		if out.Kind == Waits {
			done = begin(out, cancel)
			select {
			case sent = <-done:
			case <-time.After(30 * time.Millisecond):
				return before, done
			}
		}
		if sent != int64(len(data)) {
			n.t.Fatalf("sent %d of %d", sent, len(data))
		}
		before += len(data)
	}
	n.t.Fatal("it never gets full")
	return 0, nil
}

func pattern(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i*7 + i>>8 + i>>16)
	}
	return b
}

// readAll reads so many bytes.
func readAll(t testing.TB, fd, size int) []byte {
	t.Helper()
	f, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	must(t, err)
	must(t, unix.SetNonblock(f, true))
	file := os.NewFile(uintptr(f), "socket")
	defer file.Close()
	must(t, file.SetReadDeadline(time.Now().Add(time.Minute)))
	buf := make([]byte, size)
	if n, err := io.ReadFull(file, buf); err != nil {
		t.Fatalf("%d of %d bytes: %v", n, size, err)
	}
	return buf
}

func nothingMore(t testing.TB, fd int) {
	t.Helper()
	if more := received(fd); more != "" {
		t.Errorf("%d bytes more", len(more))
	}
}
