package talk

import (
	"encoding/binary"
	"slices"
	"syscall"
	"testing"

	"sydbox/arch"
	"sydbox/syscalls"
)

// pages is a memory with pieces at addresses.
type pages map[uint64][]byte

func (p pages) Read(addr uint64, buf []byte) syscall.Errno {
	for start, piece := range p {
		if addr >= start && addr+uint64(len(buf)) <= start+uint64(len(piece)) {
			copy(buf, piece[addr-start:])
			return 0
		}
	}
	return syscall.EFAULT
}

func (p pages) ReadString(uint64, []byte) (int, syscall.Errno) { return 0, syscall.EFAULT }

// longs are numbers as an ABI has them in memory.
func longs(abi *arch.ABI, numbers ...uint64) []byte {
	var b []byte
	for _, n := range numbers {
		if abi.PointerSize == 8 {
			b = binary.LittleEndian.AppendUint64(b, n)
		} else {
			b = binary.LittleEndian.AppendUint32(b, uint32(n))
		}
	}
	return b
}

func callOf(t *testing.T, abi *arch.ABI, name string, args ...uint64) *syscalls.Invocation {
	t.Helper()
	call := syscalls.ByName(name)
	if call == nil {
		t.Fatalf("there is no call %s", name)
	}
	inv := &syscalls.Invocation{ABI: abi, Call: call}
	copy(inv.Args[:], args)
	return inv
}

func TestContents(t *testing.T) {
	for _, abi := range []*arch.ABI{arch.X86_64, arch.I386} {
		size := uint64(abi.PointerSize)
		mem := pages{
			0x1000: []byte("hello"), 0x2000: []byte(", world"),
			0x3000: longs(abi, 0x1000, 5, 0x2000, 7),
			0x4000: longs(abi, 0, 0, 0x3000, 2, 0, 0, 0, 0 /* sent */, 0xdead, 16, 0x3000, 1, 0, 0, 0, 0),
			0x5000: longs(abi, 7, 0x1000, 5, 0),
			0x6000: longs(abi, 7, 0x4000+8*size, 0),
		}
		big := uint64(1)<<(8*size-1) | 5
		for name, c := range map[string]struct {
			inv       *syscalls.Invocation
			want      []string
			Addressed bool
		}{
			"write":       {callOf(t, abi, "write", 7, 0x1000, 5), []string{"hello"}, false},
			"nothing":     {callOf(t, abi, "write", 7, 0, 0), []string{""}, false},
			"unmapped":    {callOf(t, abi, "write", 7, 0x9000, 5), []string{""}, false},
			"half mapped": {callOf(t, abi, "write", 7, 0x1000, 50), []string{""}, false},
			"writev":      {callOf(t, abi, "writev", 7, 0x3000, 2), []string{"hello, world"}, false},
			"too many":    {callOf(t, abi, "writev", 7, 0x3000, big), []string{"hello, world"}, false},
			"send":        {callOf(t, abi, "sendto", 7, 0x1000, 5, 0, 0, 0), []string{"hello"}, false},
			"sendto":      {callOf(t, abi, "sendto", 7, 0x1000, 5, 0, 0x2000, 16), []string{"hello"}, true},
			"sendmsg":     {callOf(t, abi, "sendmsg", 7, 0x4000, 0), []string{"hello, world"}, false},
			"sendmsg, to": {callOf(t, abi, "sendmsg", 7, 0x4000+8*size, 0), []string{"hello"}, true},
			"sendmmsg":    {callOf(t, abi, "sendmmsg", 7, 0x4000, 2, 0), []string{"hello, world", "hello"}, false},
			"sendmmsg, many": {callOf(t, abi, "sendmmsg", 7, 0x4000, 1<<31, 0),
				[]string{"hello, world", "hello", "", ""}, false},
			"socketcall":      {callOf(t, abi, "socketcall", 9, 0x5000), []string{"hello"}, false},
			"socketcall, msg": {callOf(t, abi, "socketcall", 16, 0x6000), []string{"hello"}, true},
		} {
			u, ok := UseOf(mem, c.inv)
			if !ok || u.FD != 7 || u.Purpose != Sends {
				t.Errorf("%s, %s: %+v, %v", abi.Name, name, u, ok)
				continue
			}
			var got []string
			Contents(mem, c.inv, &u, -1, make([]byte, 64), func(payload []byte) bool {
				got = append(got, string(payload))
				return false
			})
			if !slices.Equal(got, c.want) {
				t.Errorf("%s, %s: %q, want %q", abi.Name, name, got, c.want)
			}
			if got := Addressed(mem, c.inv, &u); got != c.Addressed {
				t.Errorf("%s, %s: addressed is %v", abi.Name, name, got)
			}
		}
		for _, inv := range []*syscalls.Invocation{
			callOf(t, abi, "openat", 7), callOf(t, abi, "socketcall", 1, 0x5000),
			callOf(t, abi, "socketcall", 9, 0x9000),
		} {
			if u, ok := UseOf(mem, inv); ok {
				t.Errorf("%s %s: %+v", abi.Name, inv.Call.Name, u)
			}
		}
		// What came is as long as the call says.
		inv := callOf(t, abi, "readv", 7, 0x3000, 2)
		u, _ := UseOf(mem, inv)
		Contents(mem, inv, &u, 7, make([]byte, 64), func(payload []byte) bool {
			if string(payload) != "hello, " {
				t.Errorf("%s: %q was received", abi.Name, payload)
			}
			return true
		})
	}
}

func TestEnds(t *testing.T) {
	const last = 1<<32 - 1
	for _, c := range []struct {
		call  string
		args  []uint64
		fd    int32
		wants bool
	}{
		{"close", []uint64{7}, 7, true},
		{"close", []uint64{0xffffffff00000007}, 7, true},
		{"close", []uint64{8}, 7, false},
		{"dup2", []uint64{3, 7}, 7, true},
		{"dup2", []uint64{7, 7}, 7, false},
		{"dup3", []uint64{7, 8, 0}, 7, false},
		{"close_range", []uint64{3, last, 0}, 7, true},
		{"close_range", []uint64{8, last, 0}, 7, false},
		{"close_range", []uint64{3, last, 4}, 7, false}, // CLOSE_RANGE_CLOEXEC: at an exec
		{"close_range", []uint64{3, 6, 0}, 7, false},
		{"write", []uint64{7}, 7, false},
	} {
		u, ok := UseOf(pages{}, callOf(t, arch.X86_64, c.call, c.args...))
		if got := ok && u.Ends(c.fd); got != c.wants {
			t.Errorf("%s%v ends %d: %v", c.call, c.args, c.fd, got)
		}
	}
}
