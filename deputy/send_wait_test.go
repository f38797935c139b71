package deputy

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSendWaits: of a stream all is sent, however much and however slowly it is read, and what is sent is what is
// there.
func TestSendWaits(t *testing.T) {
	for _, size := range []int{1, 1000, 64 << 10, 500_000} {
		for _, domain := range []int{unix.AF_INET, unix.AF_UNIX} {
			t.Run(fmt.Sprint(size, domain), func(t *testing.T) {
				n := newNetBench(t, anyone())
				theirs, ours, _ := n.mailbox(domain, unix.SOCK_STREAM)
				data := pattern(size)
				filled, done := n.full(theirs, data, nil)
				got := readAll(t, ours, filled+size)
				ends(t, done, int64(size))
				if !bytes.Equal(got[filled:], data) {
					t.Error("something else was sent")
				}
			})
		}
	}
}

// TestLongSend: a stream that nobody reads takes megabytes in pieces, from several buffers.
func TestLongSend(t *testing.T) {
	for _, blocking := range []bool{true, false} {
		n := newNetBench(t, anyone())
		theirs, ours, _ := n.mailbox(unix.AF_INET, unix.SOCK_STREAM)
		if !blocking {
			n.must("fcntl", theirs, unix.F_SETFL, unix.O_NONBLOCK)
		}
		one := pattern(700_001)
		at := n.put(one)
		iov := n.put(bytes.Join([][]byte{long(at), long(uint64(len(one))), long(0), long(0), long(at + 1),
			long(uint64(len(one) - 1)), long(at), long(uint64(len(one)))}, nil))
		header := n.put(bytes.Join([][]byte{long(0), long(0), long(iov), long(4), long(0), long(0), long(0)}, nil))
		whole := append(append(append([]byte{}, one...), one[1:]...), one...)
		if blocking {
			done := begin(n.later("sendmsg", theirs, header, 0), nil)
			got := readAll(t, ours, len(whole))
			ends(t, done, int64(len(whole)))
			if !bytes.Equal(got, whole) {
				t.Error("something else was sent")
			}
			continue
		}
		sent := n.call("sendmsg", theirs, header, 0)
		if sent <= 0 || sent > int64(len(whole)) {
			t.Fatalf("sent %d", sent)
		}
		if got := readAll(t, ours, int(sent)); !bytes.Equal(got, whole[:sent]) {
			t.Error("something else was sent")
		}
	}
}

// TestSendInterrupted: what was sent before a signal counts, and nothing is sent that does not.
func TestSendInterrupted(t *testing.T) {
	n := newNetBench(t, anyone())
	for _, timeout := range []bool{false, true} {
		theirs, ours, _ := n.mailbox(unix.AF_INET, unix.SOCK_STREAM)
		if timeout {
			limit := n.put(append(long(1000), long(0)...))
			n.must("setsockopt", theirs, unix.SOL_SOCKET, unix.SO_SNDTIMEO, limit, 16)
		}
		cancel := make(chan struct{})
		filled, done := n.full(theirs, pattern(9), cancel)
		close(cancel)
		want := -int64(unix.EINTR)
		if timeout {
			want = Interrupted
		}
		ends(t, done, want)
		readAll(t, ours, filled)
		nothingMore(t, ours)

		// Some of it goes out on the tracer's thread, the rest never.
		n.reset()
		data := pattern(600_000)
		at := n.put(data)
		iov := bytes.Repeat(append(long(at), long(uint64(len(data)))...), 30)
		header := n.put(bytes.Join([][]byte{long(0), long(0), long(n.put(iov)), long(30), long(0), long(0), long(0)}, nil))
		cancel = make(chan struct{})
		done = begin(n.later("sendmsg", theirs, header, 0), cancel)
		stillWaits(t, done)
		close(cancel)
		select {
		case v := <-done:
			if v <= 0 {
				t.Fatalf("ended with %d", v)
			}
			got := readAll(t, ours, int(v))
			if !bytes.Equal(got, bytes.Repeat(data, 30)[:v]) {
				t.Error("something else was sent")
			}
			nothingMore(t, ours)
		case <-time.After(time.Minute):
			t.Fatal("waits for ever")
		}
	}
}

// TestDatagramWaits: a unix datagram waits for a reader who has no room, and arrives once.
func TestDatagramWaits(t *testing.T) {
	n := newNetBench(t, anyone())
	theirs, ours, at := n.mailbox(unix.AF_UNIX, unix.SOCK_DGRAM)
	for n.kernel("sendto", theirs, n.put([]byte("filler")), 6, unix.MSG_DONTWAIT, 0, 0) > 0 {
	}
	apart := n.must("socket", unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	done := begin(n.later("sendto", apart, n.put([]byte("the message")), 11, 0, n.put(at), len(at)), nil)
	stillWaits(t, done)
	for received(ours) == "filler" {
		select {
		case v := <-done:
			if v != 11 {
				t.Fatalf("ended with %d", v)
			}
			for m := received(ours); m != "the message"; m = received(ours) {
				if m == "" {
					t.Fatal("it did not arrive")
				}
			}
			return
		default:
		}
	}
	ends(t, done, 11)
}

// TestSIGPIPE: the signal is the task's if it wants one, and never the tracer's.
func TestSIGPIPE(t *testing.T) {
	n := newNetBench(t, anyone())
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_SEQPACKET, unix.SOCK_DGRAM} {
		for _, flags := range []int{0, unix.MSG_NOSIGNAL} {
			theirs, ours, _ := n.mailbox(unix.AF_UNIX, kind)
			n.must("shutdown", theirs, unix.SHUT_WR)
			v := n.call("sendto", theirs, n.put([]byte("x")), 1, flags, 0, 0)
			want := syscall.Signal(0)
			if kind == unix.SOCK_STREAM && flags == 0 {
				want = unix.SIGPIPE
			}
			if v != -int64(unix.EPIPE) || n.signal != want {
				t.Errorf("kind %d, flags %#x: %d, signal %d, want %d", kind, flags, v, n.signal, want)
			}
			unix.Shutdown(ours, unix.SHUT_RDWR)
		}
	}
	// Whoever waited is told by Do.
	theirs, ours, _ := n.mailbox(unix.AF_UNIX, unix.SOCK_STREAM)
	n.fill(theirs)
	blocked := n.put(word64(1 << (unix.SIGPIPE - 1)))
	n.must("rt_sigprocmask", unix.SIG_BLOCK, blocked, 0, 8)
	done := begin(n.later("sendto", theirs, n.put([]byte("x")), 1, 0, 0, 0), nil)
	stillWaits(t, done)
	unix.Shutdown(ours, unix.SHUT_RDWR)
	ends(t, done, -int64(unix.EPIPE))
	pending := n.put(word64(0))
	n.must("rt_sigpending", pending, 8)
	if n.get(pending, 8)[1]&(1<<(unix.SIGPIPE-9)) == 0 {
		t.Error("no SIGPIPE is pending")
	}
}
