package deputy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// TestFastOpen: data goes out with the connection that it makes, waiting or not.
func TestFastOpen(t *testing.T) {
	for _, nonblock := range []int{0, unix.SOCK_NONBLOCK} {
		n := newNetBench(t, anyone())
		ours, at := server(t, unix.AF_INET, unix.SOCK_STREAM, inet4(lo4, 0))
		try := func(native bool, flags int) string {
			n.reset()
			fd := n.must("socket", unix.AF_INET, unix.SOCK_STREAM|nonblock, 0)
			n.native = native
			value := n.call("sendto", fd, n.put([]byte("data")), 4, unix.MSG_FASTOPEN|flags, n.put(at), len(at))
			again := n.call("sendto", fd, n.put([]byte("more")), 4, unix.MSG_FASTOPEN|flags, n.put(at), len(at))
			text := fmt.Sprintf("%d %d %v", value, again, n.kinds[Waits] > 0 && !native)
			if c, _, err := unix.Accept4(ours, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK); err == nil && value == 4 {
				text += fmt.Sprintf(" %q", readAll(t, c, 4))
				unix.Close(c)
			}
			return text
		}
		for _, flags := range []int{0, unix.MSG_DONTWAIT} {
			n.kinds = map[Kind]int{}
			want, got := try(true, flags), try(false, flags)
			waited := nonblock == 0 && flags == 0
			if want = strings.Replace(want, "false", fmt.Sprint(waited), 1); got != want {
				t.Errorf("nonblock %v, flags %#x: the kernel says %s, the Deputy %s", nonblock != 0, flags, want, got)
			}
		}
	}
}

// TestZeroCopy: what is sent from pages that the kernel keeps is what was there when the call was made, and the task is
// told once for each call.
func TestZeroCopy(t *testing.T) {
	n := newNetBench(t, anyone())
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM} {
		size := 100_000
		if kind == unix.SOCK_DGRAM {
			size = 3000
		}
		for _, native := range []bool{true, false} {
			n.reset()
			n.native = native
			theirs, ours, _ := n.mailbox(unix.AF_INET, kind)
			n.must("setsockopt", theirs, unix.SOL_SOCKET, unix.SO_ZEROCOPY, n.put(int32s(1)), 4)
			first, second := pattern(size), bytes.Repeat([]byte("second"), size/6)
			at := n.put(first)
			if v := n.call("sendto", theirs, at, len(first), unix.MSG_ZEROCOPY, 0, 0); v != int64(len(first)) {
				t.Fatalf("native %v: %d", native, v)
			}
			if !native {
				n.tk.Write(at, second) // the kernel's own would send this
			}
			if v := n.call("sendto", theirs, n.put(second), len(second), unix.MSG_ZEROCOPY, 0, 0); v != int64(len(second)) {
				t.Fatalf("native %v: %d", native, v)
			}
			got := readMany(t, ours, kind, len(first)+len(second))
			if !bytes.Equal(got, append(first, second...)) {
				t.Errorf("native %v: something else was sent", native)
			}
			s, errno := n.d.Socket(theirs)
			if errno != 0 {
				t.Fatal(errno)
			}
			if told := completions(t, s.FD); told != "0-1" {
				t.Errorf("native %v: told of %s", native, told)
			}
			s.Close()
		}
	}
}

// readMany reads so many bytes of a stream or of datagrams.
func readMany(t testing.TB, fd, kind, size int) (got []byte) {
	t.Helper()
	if kind == unix.SOCK_STREAM {
		return readAll(t, fd, size)
	}
	for len(got) < size {
		m := received(fd)
		if m == "" {
			break
		}
		got = append(got, m...)
	}
	return got
}

// completions says of which calls a socket has told that their pages are free.
func completions(t testing.TB, fd int) string {
	t.Helper()
	low, high := ^uint32(0), uint32(0)
	for low != 0 || high != 1 {
		pfd := []unix.PollFd{{Fd: int32(fd)}}
		if n, err := unix.Poll(pfd, 60_000); n != 1 || err != nil {
			break
		}
		control := make([]byte, 256)
		_, c, _, _, err := unix.Recvmsg(fd, nil, control, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		must(t, err)
		list, err := unix.ParseSocketControlMessage(control[:c])
		must(t, err)
		for _, m := range list {
			// struct sock_extended_err: errno, origin, type, code, pad, info, data.
			low = min(low, binary.NativeEndian.Uint32(m.Data[8:]))
			high = max(high, binary.NativeEndian.Uint32(m.Data[12:]))
		}
	}
	return fmt.Sprintf("%d-%d", low, high)
}

// TestNarrowMessage: a 32-bit program's message has headers of its own width.
func TestNarrowMessage(t *testing.T) {
	for _, abi := range arch.Native() {
		if abi.PointerSize != 4 || unsafe.Sizeof(uintptr(0)) != 8 {
			continue
		}
		t.Run(abi.Name, func(t *testing.T) {
			needsLow(t)
			n := newNetBench(t, anyone())
			theirs, ours, _ := n.mailbox(unix.AF_UNIX, unix.SOCK_DGRAM)
			must(t, unix.SetsockoptInt(ours, unix.SOL_SOCKET, unix.SO_PASSCRED, 1))
			word := func(v ...uint64) (b []byte) {
				for _, v := range v {
					b = binary.NativeEndian.AppendUint32(b, uint32(v))
				}
				return b
			}
			control := append(cmsg(4, unix.SOL_SOCKET, unix.SCM_RIGHTS, int32s(0)),
				cmsg(4, unix.SOL_SOCKET, unix.SCM_CREDENTIALS, int32s(int32(n.tk.pid), int32(n.w.uid), int32(n.w.gid)))...)
			iov := n.put(word(n.put([]byte("first ")), 6, n.put([]byte("second")), 6))
			header := n.put(word(0, 0, iov, 2, n.put(control), uint64(len(control)), 0))
			inv := n.tk.invocation(abi, "sendmsg", []any{theirs, header, -1 << 31}) // MSG_CMSG_COMPAT means nothing here
			if v := n.answer(n.outcome(&inv), "sendmsg", nil); v != 12 {
				t.Fatal(v)
			}
			id := int32s(int32(n.tk.pid), int32(n.w.uid), int32(n.w.gid))
			if !n.introduced(true) {
				copy(id, int32s(int32(unix.Getpid())))
			}
			var null unix.Stat_t
			must(t, unix.Stat(fmt.Sprintf("/proc/%d/fd/0", n.tk.pid), &null))
			want := fmt.Sprintf("12 bytes %q flags 0x40000000 [1 2 %x] fd on %d:%d <nil>", "first second", id, null.Dev, null.Ino)
			if got := taken(ours); got != want {
				t.Errorf("arrived %s\n   want %s", got, want)
			}
			// More than there is room for, more buffers than there may be, and one that is longer than can be.
			for _, bad := range []struct {
				header []byte
				want   unix.Errno
			}{
				{word(0, 0, iov, 1025, 0, 0, 0), unix.EMSGSIZE},
				{word(0, 0, n.put(word(0, 1<<31)), 1, 0, 0, 0), unix.EINVAL},
				{word(0, 0, iov, 2, 0, 1<<30, 0), unix.ENOBUFS},
				{word(0, 0, 16, 1, 0, 0, 0), unix.EFAULT},
				{word(0, 0, n.put(word(16, 1)), 1, 0, 0, 0), unix.EFAULT},
			} {
				inv := n.tk.invocation(abi, "sendmsg", []any{theirs, n.put(bad.header), 0})
				if v := n.answer(n.outcome(&inv), "sendmsg", nil); v != -int64(bad.want) {
					t.Errorf("%x: %d, want %v", bad.header, v, bad.want)
				}
			}
		})
	}
}

// TestBadMessages: what the kernel says to headers that are none, it says through a Deputy.
func TestBadMessages(t *testing.T) {
	n := newNetBench(t, anyone())
	theirs, _, at := n.mailbox(unix.AF_UNIX, unix.SOCK_DGRAM)
	some := n.put([]byte("some"))
	iov := func(pairs ...uint64) uint64 {
		var b []byte
		for _, v := range pairs {
			b = append(b, long(v)...)
		}
		return n.put(b)
	}
	many := iov(bytesOf(2*1025, some, 1)...)
	for i, words := range [][]uint64{
		{0, 0, many, 1025, 0, 0, 0},
		{0, 0, many, math.MaxUint64, 0, 0, 0},
		{0, 0, iov(some, 1<<(8*longSize-1)), 1, 0, 0, 0},
		{0, 0, iov(some, 4), 1, 0, 1 << (8*longSize - 1), 0},
		{0, 0, iov(some, 4), 1, 16, 64, 0},
		{0, 0, 16, 1, 0, 0, 0},
		{0, 0, iov(16, 1), 1, 0, 0, 0},
		{0, 0, iov(some, 4, 16, 1), 2, 0, 0, 0},
		{0, 0, iov(some, 4, 16, 0), 2, 0, 0, 0},
		{0, 0, 0, 0, 0, 0, 0},
		{n.put(at), 0, iov(some, 4), 1, 0, 0, 0},
		{0, uint64(len(at)), iov(some, 4), 1, 0, 0, 0},
		{n.put(at), uint64(len(at)), many, 1024, 0, 0, 0},
	} {
		var header []byte
		for _, w := range words {
			header = append(header, long(w)...)
		}
		address := n.put(header)
		n.native = true
		want := n.call("sendmsg", theirs, address, 0)
		n.native = false
		if got := n.call("sendmsg", theirs, address, 0); got != want {
			t.Errorf("header %d: the kernel says %d, the Deputy %d", i, want, got)
		}
	}
	tcp, _, _ := n.mailbox(unix.AF_INET, unix.SOCK_STREAM)
	if v := n.call("sendmsg", tcp, n.put(bytes.Join([][]byte{long(0), long(0),
		long(iov(some, 4, 16, 4)), long(2), long(0), long(0), long(0)}, nil)), 0); v != 4 {
		t.Errorf("a stream that ends where memory ends: %d, want 4", v)
	}
}

func bytesOf(n int, v ...uint64) (out []uint64) {
	for len(out) < n {
		out = append(out, v...)
	}
	return out
}
