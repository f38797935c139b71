package access

import (
	"encoding/binary"
	"math/rand/v2"
	"syscall"
	"testing"

	"sydbox/arch"
	"sydbox/syscalls"
)

// chaos answers every read and every name at random: whatever a tracee may have in memory and in its file system.
type chaos struct {
	*rand.Rand
	abi *arch.ABI
}

func (c chaos) ReadString(_ uint64, buf []byte) (int, syscall.Errno) {
	n := copy(buf, []string{"", "a", "a/b/", ".", "..", "/", "a/.", "x/y"}[c.IntN(8)])
	return n, 0
}

func (c chaos) Read(_ uint64, buf []byte) syscall.Errno {
	clear(buf)
	switch len(buf) {
	case howSize:
		var order binary.ByteOrder = binary.LittleEndian
		if c.abi.BigEndian {
			order = binary.BigEndian
		}
		flags := c.Uint64() & openFlagsOf(c.abi).known()
		if c.IntN(2) == 0 {
			flags &= 0xffff
		}
		order.PutUint64(buf, flags)
		order.PutUint64(buf[16:], c.Uint64()&resolveKnown)
	default:
		for i := range buf {
			buf[i] = []byte{0, 0, 1, 2, afInet6, afInet6, 0xff}[c.IntN(7)]
		}
	}
	return 0
}

func (c chaos) Resolve(_ int, _ *Name, o *Object) {
	*o = Object{Kind: Kind(c.IntN(int(Anonymous) + 1)), Path: []byte("/a"), Slash: c.IntN(4) == 0, Ino: uint64(c.IntN(2))}
	if c.IntN(8) == 0 {
		o.Errno = syscall.ENOENT
	}
}

// covered says which of ops no demand covers for these registers.
func uncovered(ops Op, demands []Demand, args *[6]uint64) Op {
	for _, d := range demands {
		holds := true
		for _, t := range d.When {
			holds = holds && t.Holds(args)
		}
		if holds {
			ops &^= d.Ops
		}
	}
	return ops
}

func checkDemands(t *testing.T, seed uint64) {
	abis := []*arch.ABI{arch.X86_64, arch.I386, arch.AArch64, arch.ARM, arch.RISCV64, arch.S390X, arch.PPC64LE, arch.MIPS,
		arch.MIPS64EL, arch.Sparc64}
	r := rand.New(rand.NewPCG(seed, 1))
	abi := abis[r.IntN(len(abis))]
	c := chaos{r, abi}
	var out Accesses
	for name, s := range calls {
		inv := syscalls.Invocation{ABI: abi, Call: syscalls.ByName(name)}
		for i := range inv.Args {
			inv.Args[i] = r.Uint64()
			switch r.IntN(4) {
			case 0:
				inv.Args[i] &= 0xffff
			case 1:
				inv.Args[i] = 0
			}
		}
		interesting(r, abi, s, &inv)
		if abi.WordSize == 4 {
			for i := range inv.Args {
				inv.Args[i] = uint64(uint32(inv.Args[i]))
			}
		}
		if errno := Describe(&inv, c, c, &out); errno != 0 {
			continue
		}
		demands := Demands(abi, inv.Call)
		for i := range out.N {
			a := &out.List[i]
			free := s.held && a.Name.Empty && len(a.Name.UnsafePath) == 0 || isSocket(s) && !a.Addr.Path()
			if a.Op == 0 && !free {
				t.Errorf("%s %s%#x: an access without an operation", abi, name, inv.Args)
			}
			if rest := uncovered(a.Op, demands, &inv.Args); rest != 0 {
				t.Errorf("%s %s%#x: %s is listed, but not demanded", abi, name, inv.Args, rest)
			}
		}
	}
}

// interesting gives the arguments that select an operation values that do.
func interesting(r *rand.Rand, abi *arch.ABI, s *spec, inv *syscalls.Invocation) {
	high := r.Uint64() << 32
	switch s.shape {
	case open:
		if s.flags != none {
			f := openFlagsOf(abi)
			flags := r.Uint64() & f.known()
			for range r.IntN(3) {
				flags &= r.Uint64()
			}
			inv.Args[s.flags.of()] = high | flags
		}
	case openHow:
		inv.Args[3] = howSize + uint64(r.IntN(2))*8
	case socketCall:
		inv.Args[2] = high | uint64(r.IntN(130))
		inv.Args[5] = high | uint64(r.IntN(130))
	case socketcall:
		inv.Args[s.extra.of()] = high | uint64(r.IntN(sysSendmmsg+2))
	case fileIoctl:
		inv.Args[s.extra.of()] = high | uint64(requests[r.IntN(len(requests))].number(abi))
	case fileLease:
		inv.Args[s.extra.of()] = high | uint64([]uint32{0, fSetlease, fSetdeleg}[r.IntN(3)])
	case renameName:
		if s.extra != none {
			inv.Args[s.extra.of()] = high | uint64(r.IntN(8))
		}
	default:
		if s.at != nil && s.at.known != 0 {
			inv.Args[s.flags.of()] = high | r.Uint64()&uint64(s.at.known)
		}
	}
}

func isSocket(s *spec) bool { return s.shape == socketCall || s.shape == socketcall }

func TestDemandsCoverDescribe(t *testing.T) {
	for seed := range uint64(2000) {
		checkDemands(t, seed)
	}
}

func FuzzDemands(f *testing.F) {
	f.Add(uint64(1 << 40))
	f.Fuzz(checkDemands)
}

// TestDemandsArePrecise: what an open does not need is not demanded, or it would stop for nothing.
func TestDemandsArePrecise(t *testing.T) {
	for _, c := range []struct {
		abi  *arch.ABI
		call string
		args []any
		want Op
	}{
		{arch.X86_64, "openat", []any{cwd, "f", 0x80000}, Read},
		{arch.X86_64, "openat", []any{cwd, "f", 0x1}, Write},
		{arch.X86_64, "openat", []any{cwd, "f", 0x2}, Read | Write},
		{arch.X86_64, "openat", []any{cwd, "f", 0x3}, Read | Write},
		{arch.X86_64, "openat", []any{cwd, "f", 0x200}, Read | Write},
		{arch.X86_64, "openat", []any{cwd, "f", 0x40}, Read | Create},
		{arch.X86_64, "openat", []any{cwd, "f", 0x410001}, Write | Create},
		{arch.X86_64, "openat", []any{cwd, "f", 0x10000}, Read},
		{arch.X86_64, "openat", []any{cwd, "f", 0x200000 | 0x241}, Stat},
		{arch.AArch64, "openat", []any{cwd, "f", 0x4000}, Read},
		{arch.MIPS, "openat", []any{cwd, "f", 0x2000}, Read}, // O_LARGEFILE
		{arch.Sparc64, "openat", []any{cwd, "f", 0x40000}, Read},
		{arch.X86_64, "ioctl", []any{3, 0x5401, 0}, 0},
		{arch.X86_64, "ioctl", []any{3, 0x40086602, 0}, Attr},
		{arch.X86_64, "fcntl", []any{3, 4, 0}, 0},
		{arch.X86_64, "fcntl", []any{3, 1024, 0}, Write},
		{arch.I386, "fcntl64", []any{3, 1040, 0}, Write},
		{arch.I386, "socketcall", []any{1, 0}, 0},
		{arch.I386, "socketcall", []any{2, 0}, Bind | Create},
		{arch.I386, "socketcall", []any{3, 0}, Connect},
		{arch.I386, "socketcall", []any{4, 0}, Bind},
		{arch.I386, "socketcall", []any{9, 0}, 0},
		{arch.I386, "socketcall", []any{11, 0}, Connect},
		{arch.I386, "socketcall", []any{16, 0}, Connect},
		{arch.I386, "socketcall", []any{17, 0}, 0},
		{arch.I386, "socketcall", []any{20, 0}, Connect},
		{arch.S390X, "socketcall", []any{junk | 20, 0}, Connect},
		{arch.X86_64, "bind", []any{3, 0, 0}, Bind | Create},
		{arch.X86_64, "listen", []any{3, 0}, Bind},
		{arch.X86_64, "connect", []any{3, 0, 0}, Connect},
		{arch.X86_64, "sendto", []any{3, 1, 1, 0, 0, 16}, 0},
		{arch.X86_64, "sendto", []any{3, 1, 1, 0, uint64(1) << 40, 0}, Connect},
		{arch.X86_64, "sendmsg", []any{3, 0, 0}, Connect},
		{arch.X86_64, "sendmmsg", []any{3, 0, 0, 0}, Connect},
		{arch.X86_64, "recvfrom", []any{3, 0, 0, 0, 1, 1}, 0},
		{arch.X86_64, "fanotify_mark", []any{3, 0x80, 0, 0, 0}, 0},
		{arch.X86_64, "write", []any{1, 0, 0}, 0},
		{arch.X86_64, "fstat", []any{1, 0}, 0},
	} {
		inv, _ := call(t, c.abi, c.call, c.args...)
		demands := Demands(c.abi, inv.Call)
		if got := AllOps &^ uncovered(AllOps, demands, &inv.Args); got != c.want {
			t.Errorf("%s %s demands %s, want %s", c.abi, short(c.call, c.args), got, c.want)
		}
	}
}
