package access

import (
	"net/netip"
	"slices"
	"syscall"
	"testing"

	"sydbox/syscalls"
)

// hostileMemory has the same bytes everywhere, again and again, from where the address says: what a tracee chose. Each
// read finds other bytes, as if another thread wrote all the time.
type hostileMemory struct {
	bytes []byte
	reads *int
}

func (m hostileMemory) Read(addr uint64, buf []byte) syscall.Errno {
	if len(m.bytes) == 0 || addr == 0 {
		return syscall.EFAULT
	}
	*m.reads++
	for i := range buf {
		buf[i] = m.bytes[(int(addr%251)+i+*m.reads-1)%len(m.bytes)]
	}
	return 0
}

func (m hostileMemory) ReadString(uint64, []byte) (int, syscall.Errno) { return 0, syscall.EFAULT }

// FuzzSocketCalls gives hostile addresses and headers to every call on a socket: nothing panics, every operation that
// is listed is demanded, and the copy that is handed on says what was judged.
func FuzzSocketCalls(f *testing.F) {
	names := []string{"bind", "connect", "listen", "sendto", "sendmsg", "sendmmsg", "socketcall"}
	for i := range names {
		for j, abi := range abis {
			f.Add(uint8(i), uint8(j), sin(abi, "::", 80, 2), uint64(28), uint64(1))
			f.Add(uint8(i), uint8(j), sin(abi, "0.0.0.0", 80, 2), uint64(16), uint64(20))
			f.Add(uint8(i), uint8(j), un("\x00name")(abi), uint64(7), uint64(16))
			f.Add(uint8(i), uint8(j), un("sock")(abi), uint64(6), uint64(3))
			f.Add(uint8(i), uint8(j), make([]byte, 16), uint64(16), uint64(11))
		}
	}
	f.Fuzz(func(t *testing.T, which, layout uint8, b []byte, length, nr uint64) {
		name, abi := names[int(which)%len(names)], abis[int(layout)%len(abis)]
		reads := 0
		mem := hostileMemory{slices.Clone(b), &reads}
		inv := syscalls.Invocation{ABI: abi, Call: syscalls.ByName(name)}
		inv.Args = [6]uint64{3, 251, length, nr, 251 << 8, length}
		if name == "socketcall" {
			inv.Args = [6]uint64{nr, 251}
		}
		if abi.WordSize == 4 {
			for i := range inv.Args {
				inv.Args[i] = uint64(uint32(inv.Args[i]))
			}
		}
		var out Accesses
		FormatFlags(&inv)
		checkSocketCall(t, &inv, &out, Describe(&inv, mem, &fakeResolver{}, &out), mem)
		if out.Socket.Call == callSendmmsg {
			checkSocketCall(t, &inv, &out, DescribeMessage(&inv, int(nr%MessagesMax), mem, &fakeResolver{}, &out), mem)
		}
	})
}

func checkSocketCall(t *testing.T, inv *syscalls.Invocation, out *Accesses, errno syscall.Errno, mem hostileMemory) {
	if errno != 0 {
		if out.N != 0 {
			t.Fatalf("%v, yet N is %d", errno, out.N)
		}
		return
	}
	demands := Demands(inv.ABI, inv.Call)
	for i := range out.N {
		a := &out.List[i]
		if rest := uncovered(a.Op, demands, &inv.Args); rest != 0 {
			t.Fatalf("%s%#x: %s is listed, but not demanded", inv.Call.Name, inv.Args, rest)
		}
		// It is a copy: whatever becomes of the tracee's memory, it says the same.
		before := a.Addr.String()
		clear(mem.bytes)
		if after := a.Addr.String(); after != before {
			t.Fatalf("%q became %q", before, after)
		}
		for _, domain := range []int{afUnix, afInet, afInet6} {
			for _, local := range []netip.Addr{{}, loopback6, netip.MustParseAddr("::ffff:127.0.0.9")} {
				judged := *a
				judged.Addr.Raw = append([]byte(nil), a.Addr.Raw...)
				judged.On(domain, local)
				if judged.Op&Connect == 0 || a.Addr.Path() {
					continue
				}
				again := Address{Raw: judged.Addr.Raw}
				if errno := again.parse(inv.ABI, true); errno != 0 || again.String() != judged.Addr.String() || again.given != 0 {
					t.Fatalf("judged as %s, handed on as %s (%v)", judged.Addr.String(), again.String(), errno)
				}
			}
		}
	}
}

// FuzzParseAddress: what is read is written again in one way, and that is read as the same.
func FuzzParseAddress(f *testing.F) {
	for _, text := range []string{"", "1.2.3.4:5", "[::1]:80", "[fe80::1%2]:1", "[::ffff:1.2.3.4]:0", "unix:/a", "abstract:",
		"family:x25"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, path, err := ParseAddress(text)
		if err != nil {
			return
		}
		written := a.Text(path)
		again, path2, err := ParseAddress(written)
		if err != nil || again.Text(path2) != written || again.IP != a.IP || string(path2) != string(path) {
			t.Fatalf("%q is written %q, which is read as %+v %q (%v)", text, written, again, path2, err)
		}
	})
}
