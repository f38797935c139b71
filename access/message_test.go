package access

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"sydbox/arch"
	"sydbox/syscalls"
)

// layout is where struct msghdr has its members (linux/socket.h; struct compat_msghdr of net/compat.h for 32-bit ABIs
// and x32), and how far apart entries of sendmmsg(2) are.
type layout struct {
	name, nameLen, iov, iovLen, control, controlLen, flags, size int
	entry, sent                                                  int
	word                                                         int
}

var (
	layout64 = layout{0, 8, 16, 24, 32, 40, 48, 56, 64, 56, 8}
	layout32 = layout{0, 4, 8, 12, 16, 20, 24, 28, 32, 28, 4}
)

func layoutOf(abi *arch.ABI) layout {
	switch abi {
	case arch.I386, arch.X32, arch.ARM, arch.PPC, arch.MIPS:
		return layout32
	}
	return layout64
}

func putWord(abi *arch.ABI, b []byte, v uint64) {
	if layoutOf(abi).word == 4 {
		order(abi).PutUint32(b, uint32(v))
	} else {
		order(abi).PutUint64(b, v)
	}
}

// header is a message as a program writes it.
type header struct {
	name       uint64
	length     int32
	iovLen     uint64
	control    uint64
	controlLen uint64
	flags      uint32
	iov        uint64
}

func (h *header) bytes(abi *arch.ABI) []byte {
	l := layoutOf(abi)
	b := make([]byte, l.size)
	for i := range b {
		b[i] = 0xee // what is between members means nothing
	}
	putWord(abi, b[l.name:], h.name)
	order(abi).PutUint32(b[l.nameLen:], uint32(h.length))
	putWord(abi, b[l.iov:], h.iov)
	putWord(abi, b[l.iovLen:], h.iovLen)
	putWord(abi, b[l.control:], h.control)
	putWord(abi, b[l.controlLen:], h.controlLen)
	order(abi).PutUint32(b[l.flags:], h.flags)
	return b
}

const (
	headerAt  = 0x10000
	addressAt = 0x20000
	blockAt   = 0x30000
)

// sends are the ways to send a message whose header, or whose array of headers, lies at headerAt.
func sends(t *testing.T, abi *arch.ABI, flags uint32,
	do func(call string, inv func() (*syscalls.Invocation, fakeMemory))) {
	t.Helper()
	plain := func(name string, args ...any) {
		do(name, func() (*syscalls.Invocation, fakeMemory) { return call(t, abi, name, args...) })
	}
	plain("sendmsg", 3, headerAt, int(flags))
	plain("sendmmsg", 3, headerAt, 2, int(flags))
	for nr, words := range map[int][]uint64{16: {3, headerAt, uint64(flags)}, 20: {3, headerAt, 2, uint64(flags)}} {
		do(fmt.Sprintf("socketcall %d", nr), func() (*syscalls.Invocation, fakeMemory) {
			inv, mem := call(t, abi, "socketcall", nr, blockAt)
			mem[blockAt] = wordsOf(abi, words...)
			return inv, mem
		})
	}
}

func wordsOf(abi *arch.ABI, words ...uint64) []byte {
	size := layoutOf(abi).word
	b := make([]byte, size*len(words))
	for i, w := range words {
		putWord(abi, b[i*size:], w)
	}
	return b
}

func TestMessages(t *testing.T) {
	to := func(abi *arch.ABI) []byte { return sin(abi, "10.1.2.3", 53, 0) }
	for _, c := range []struct {
		name   string
		header header
		addr   func(*arch.ABI) []byte
		want   string
	}{
		{"to an address", header{name: addressAt, length: 16}, to, "connect 10.1.2.3:53"},
		{"connected", header{}, to, "none nobody"},
		{"no name, but a length", header{length: 16}, to, "none nobody"},
		{"no name, a negative length", header{length: -1}, to, "none nobody"},
		{"a name of no bytes", header{name: addressAt}, to, "none nobody"},
		{"a name of no bytes that cannot be read", header{name: 0xdead}, to, "none nobody"},
		{"a negative length", header{name: addressAt, length: -1}, to, "EINVAL"},
		{"INT_MIN", header{name: addressAt, length: -1 << 31}, to, "EINVAL"},
		{"one byte", header{name: addressAt, length: 1}, to, "EINVAL"},
		{"too short", header{name: addressAt, length: 15}, to, "EINVAL"},
		{"128", header{name: addressAt, length: 128}, longer(to, 128), "connect 10.1.2.3:53"},
		{"a longer one is cut", header{name: addressAt, length: 129}, longer(to, 128), "connect 10.1.2.3:53"},
		{"INT_MAX", header{name: addressAt, length: 1<<31 - 1}, longer(to, 128), "connect 10.1.2.3:53"},
		{"what cannot be read", header{name: addressAt, length: 17}, to, "EFAULT"},
		{"a name that cannot be read", header{name: 0xdead, length: 16}, to, "EFAULT"},
		{"1024 pieces", header{name: addressAt, length: 16, iovLen: 1024}, to, "connect 10.1.2.3:53"},
		{"1025 pieces", header{name: addressAt, length: 16, iovLen: 1025}, to, "EMSGSIZE"},
		{"1025 pieces to an unreadable name", header{name: 0xdead, length: 16, iovLen: 1025}, to, "EFAULT"},
		{"1025 pieces to an address that is too short", header{name: addressAt, length: 15, iovLen: 1025}, to, "EMSGSIZE"},
		{"unix", header{name: addressAt, length: 6}, un("sock"), `connect "sock" follow`},
		{"abstract", header{name: addressAt, length: 7}, un("\x00name"), "connect abstract:name"},
		{"unspec", header{name: addressAt, length: 16}, raw(strings.Repeat("\x00", 16)), "connect 127.0.0.1:0"},
		{"mapped", header{name: addressAt, length: 28}, inet6("::ffff:10.0.0.9", 53, 0), "connect 10.0.0.9:53"},
	} {
		for _, abi := range abis {
			sends(t, abi, 0, func(name string, make func() (*syscalls.Invocation, fakeMemory)) {
				inv, mem := make()
				mem[headerAt], mem[addressAt] = c.header.bytes(abi), c.addr(abi)
				var out Accesses
				if got := described(&out, Describe(inv, mem, &fakeResolver{}, &out)); got != c.want {
					t.Errorf("%s %s %s:\n got  %s\n want %s", abi, name, c.name, got, c.want)
				}
				mem[headerAt] = mem[headerAt][:layoutOf(abi).size-1]
				if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != syscall.EFAULT || out.N != 0 {
					t.Errorf("%s %s %s: %v with an unreadable header", abi, name, c.name, errno)
				}
			})
		}
	}
}

// TestMessageHeaders: the rest of a header comes to whoever sends it.
func TestMessageHeaders(t *testing.T) {
	h := header{name: addressAt, length: 16, iov: 0x7000, iovLen: 3, control: 0x8000, controlLen: 40, flags: 0x81}
	for _, abi := range abis {
		sends(t, abi, 0x20000040, func(name string, make func() (*syscalls.Invocation, fakeMemory)) {
			inv, mem := make()
			mem[headerAt], mem[addressAt] = h.bytes(abi), sin(abi, "10.1.2.3", 53, 0)
			want := Message{Iov: 0x7000, IovLen: 3, Control: 0x8000, ControlLen: 40, Flags: 0x20000040}
			if strings.Contains(name, "sendmmsg") || strings.HasSuffix(name, "20") {
				want.Flags |= 0x80
			}
			var out Accesses
			errno := Describe(inv, mem, &fakeResolver{}, &out)
			if errno != 0 || out.Message != want || out.Socket.FD != 3 || out.Socket.Args[1] != headerAt {
				t.Errorf("%s %s: %v, %+v, %+v", abi, name, errno, out.Message, out.Socket)
			}
		})
	}
}

func TestMessagesByIndex(t *testing.T) {
	for _, abi := range abis {
		l := layoutOf(abi)
		sends(t, abi, 0, func(name string, make func() (*syscalls.Invocation, fakeMemory)) {
			if !strings.Contains(name, "sendmmsg") && !strings.HasSuffix(name, "20") {
				return
			}
			inv, mem := make()
			var all []byte
			for i := range MessagesMax {
				h := header{name: addressAt + uint64(i)*16, length: 16, iovLen: uint64(i)}
				entry := append(h.bytes(abi), 0xee, 0xee, 0xee, 0xee)
				all = append(append(all, entry...), strings.Repeat("\xee", l.entry-len(entry))...)
				mem[addressAt] = append(mem[addressAt], sin(abi, fmt.Sprintf("10.0.%d.%d", i>>8, i&255), 1000+i, 0)...)
			}
			// All but the first lie beyond 4 GiB, where a 64-bit kernel finds them for a 32-bit call as well.
			first := 1<<32 - uint64(l.entry)
			mem[first] = all
			mem[addressAt] = mem[addressAt][:MessagesMax*16]
			inv.Args[1] = first
			if strings.HasPrefix(name, "socketcall") {
				inv.Args[1], mem[blockAt] = blockAt, wordsOf(abi, 3, first, 2, 0)
			}
			var out Accesses
			if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != 0 {
				t.Fatalf("%s %s: %v", abi, name, errno)
			}
			for _, i := range []int{1, 2, 700, MessagesMax - 1, 0} {
				want := fmt.Sprintf("connect 10.0.%d.%d:%d", i>>8, i&255, 1000+i)
				got := described(&out, DescribeMessage(inv, i, mem, &fakeResolver{}, &out))
				if got != want || out.Message.IovLen != uint64(i) {
					t.Errorf("%s %s message %d: %s with %d pieces, want %s", abi, name, i, got, out.Message.IovLen, want)
				}
			}
			if errno := DescribeMessage(inv, MessagesMax, mem, &fakeResolver{}, &out); errno != syscall.EFAULT || out.N != 0 {
				t.Errorf("%s %s: a message behind the last: %v", abi, name, errno)
			}
			if got, want := SentOffset(abi, 7), uint64(7*l.entry+l.sent); got != want {
				t.Errorf("%s: SentOffset(7) is %d, want %d", abi, got, want)
			}
		})
	}
}

// TestSocketcall: the multiplexer says the same as the call itself.
func TestSocketcall(t *testing.T) {
	for _, abi := range abis {
		for _, c := range []struct {
			nr    int
			call  string
			words []uint64
			want  string
		}{
			{2, "bind", []uint64{3, addressAt, 16}, "bind 10.0.0.1:22"},
			{3, "connect", []uint64{3, addressAt, 16}, "connect 10.0.0.1:22"},
			{4, "listen", []uint64{3, 5}, "bind nobody"},
			{11, "sendto", []uint64{3, 0x7000, 9, 0x40, addressAt, 16}, "connect 10.0.0.1:22"},
			{11, "sendto", []uint64{3, 0x7000, 9, 0x40, 0, 16}, "none nobody"},
		} {
			inv, mem := call(t, abi, "socketcall", junk|uint64(c.nr), blockAt)
			mem[blockAt], mem[addressAt] = wordsOf(abi, c.words...), sin(abi, "10.0.0.1", 22, 0)
			var out Accesses
			errno := Describe(inv, mem, &fakeResolver{}, &out)
			if got := described(&out, errno); got != c.want || out.Socket.Call.Name != c.call || out.Socket.FD != 3 {
				t.Errorf("%s socketcall %d: %s by %+v, want %s", abi, c.nr, got, out.Socket, c.want)
			}
			for i, w := range c.words {
				if out.Socket.Args[i] != w {
					t.Errorf("%s socketcall %d: argument %d is %#x", abi, c.nr, i, out.Socket.Args[i])
				}
			}
			if c.call == "sendto" && out.Message != (Message{Flags: 0x40}) {
				t.Errorf("%s socketcall %d: %+v", abi, c.nr, out.Message)
			}
			mem[blockAt] = mem[blockAt][:len(mem[blockAt])-1]
			if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != syscall.EFAULT || out.N != 0 {
				t.Errorf("%s socketcall %d: %v where an argument cannot be read", abi, c.nr, errno)
			}
		}
	}
}

// TestNoStaleSocket: what an Accesses says of a socket is of the present call.
func TestNoStaleSocket(t *testing.T) {
	var out Accesses
	for _, c := range []struct {
		call string
		args []any
	}{{"openat", []any{cwd, "f", 0}}, {"read", []any{3, 0, 0}}, {"socketcall", []any{1, 0}}} {
		inv, mem := call(t, arch.I386, "sendto", 3, 0, 9, 0x40, sin(arch.I386, "10.0.0.1", 22, 0), 16)
		if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != 0 || out.Socket.Call == nil {
			t.Fatal(errno)
		}
		inv, mem = call(t, arch.I386, c.call, c.args...)
		if errno := Describe(inv, mem, &fakeResolver{}, &out); errno != 0 {
			t.Fatal(errno)
		}
		if out.Socket.Call != nil || out.N > 0 && out.List[0].Addr.Raw != nil {
			t.Errorf("%s: %+v, %+v", c.call, out.Socket, out.List[0].Addr)
		}
	}
}

func TestSocketCallsAllocateNothing(t *testing.T) {
	var out Accesses
	res := &fakeResolver{}
	for _, abi := range []*arch.ABI{arch.X86_64, arch.I386} {
		h := header{name: addressAt, length: 28, iovLen: 1}
		for _, c := range []struct {
			call string
			args []any
		}{
			{"connect", []any{3, sin(abi, "::", 80, 0), 28}},
			{"bind", []any{3, sin(abi, "127.0.0.1", 80, 0), 16}},
			{"sendto", []any{3, 0, 0, 0, make([]byte, 16), 16}},
			{"sendto", []any{3, 0, 0, 0, sun(1, "\x00name"), 7}},
			{"sendmsg", []any{3, headerAt, 0}},
			{"sendmmsg", []any{3, headerAt, 2, 0}},
			{"socketcall", []any{3, blockAt}},
			{"socketcall", []any{16, blockAt}},
		} {
			inv, mem := call(t, abi, c.call, c.args...)
			mem[headerAt], mem[addressAt] = append(h.bytes(abi), make([]byte, 200)...), sin(abi, "fe80::1", 80, 1)
			mem[blockAt] = wordsOf(abi, 3, headerAt, 0, 0)
			if c.args[0] == 3 && c.call == "socketcall" {
				mem[blockAt] = wordsOf(abi, 3, addressAt, 28)
			}
			var memory Memory = mem
			if errno := Describe(inv, memory, res, &out); errno != 0 || out.N != 1 {
				t.Errorf("%s %s: %v", abi, c.call, errno)
			}
			n := testing.AllocsPerRun(100, func() {
				Describe(inv, memory, res, &out)
				out.List[0].On(afInet6, loopback6)
			})
			if n != 0 {
				t.Errorf("%s %s allocates %v times", abi, c.call, n)
			}
		}
	}
}
