package access

import (
	"cmp"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"sydbox/arch"
	"sydbox/syscalls"
)

// fakeMemory is tracee memory made of separate pieces; between them nothing can be read.
type fakeMemory map[uint64][]byte

func (m fakeMemory) find(addr uint64) ([]byte, bool) {
	for base, b := range m {
		if addr >= base && addr < base+uint64(len(b)) {
			return b[addr-base:], true
		}
	}
	return nil, false
}

func (m fakeMemory) ReadString(addr uint64, buf []byte) (int, syscall.Errno) {
	b, ok := m.find(addr)
	if !ok {
		return 0, syscall.EFAULT
	}
	for i := range buf {
		switch {
		case i == len(b):
			return 0, syscall.EFAULT
		case b[i] == 0:
			return i, 0
		}
		buf[i] = b[i]
	}
	return 0, syscall.ENAMETOOLONG
}

func (m fakeMemory) Read(addr uint64, buf []byte) syscall.Errno {
	if b, ok := m.find(addr); !ok || copy(buf, b) < len(buf) {
		return syscall.EFAULT
	}
	return 0
}

// fakeResolver takes what an object is from its name: "miss…" is missing, "dir…" a directory, "sock…" a socket, "link…" a
// symbolic link unless followed, "err…" an error, anything else a regular file.
type fakeResolver struct{ buf [3][8192]byte }

func (r *fakeResolver) Resolve(slot int, n *Name, o *Object) {
	*o = Object{Kind: Regular, Dev: 1, Ino: uint64(slot) + 1}
	b := append(r.buf[slot][:0], "/r/"...)
	name := n.UnsafePath
	if n.FD {
		name = nil
	}
	o.Path = append(b, name...)
	switch {
	case len(name) >= 4 && string(name[:4]) == "miss":
		o.Kind = Missing
	case len(name) >= 3 && string(name[:3]) == "dir":
		o.Kind = Directory
	case len(name) >= 4 && string(name[:4]) == "sock":
		o.Kind = Socket
	case len(name) >= 4 && string(name[:4]) == "link" && !n.Follow:
		o.Kind = Symlink
	case len(name) >= 3 && string(name[:3]) == "err":
		o.Kind, o.Errno = Missing, syscall.ELOOP
	}
	if last, slash := lastOf(name); last == lastName && slash {
		o.Slash = true
	}
}

// call makes an Invocation. Arguments are numbers; a string or a []byte is put into memory, a string with its NUL, and
// its address is passed.
func call(t testing.TB, abi *arch.ABI, name string, args ...any) (*syscalls.Invocation, fakeMemory) {
	t.Helper()
	c := syscalls.ByName(name)
	if c == nil {
		t.Fatalf("no call is named %q", name)
	}
	inv, mem := &syscalls.Invocation{ABI: abi, Call: c}, fakeMemory{}
	for i, a := range args {
		addr := uint64(i+1) << 20
		switch a := a.(type) {
		case int:
			inv.Args[i] = uint64(a)
		case uint64:
			inv.Args[i] = a
		case string:
			mem[addr], inv.Args[i] = append([]byte(a), 0), addr
		case []byte:
			mem[addr], inv.Args[i] = a, addr
		default:
			t.Fatalf("argument %d has type %T", i, a)
		}
		if abi.WordSize == 4 {
			inv.Args[i] = uint64(uint32(inv.Args[i]))
		}
	}
	return inv, mem
}

// text writes what Describe found: operations, start, path and how the last component is taken.
func text(a *Accesses) string {
	var all []string
	for i := range a.N {
		x := &a.List[i]
		s := x.Op.String()
		switch {
		case a.Socket.Call != nil && !x.Addr.Path():
			s += " " + cmp.Or(x.Addr.String(), "nobody")
		case x.Name.FD:
			s += fmt.Sprintf(" fd %d", x.Name.Dirfd)
		case x.Name.Dirfd == atFDCWD:
			s += fmt.Sprintf(" %q", x.Name.UnsafePath)
		default:
			s += fmt.Sprintf(" %d:%q", x.Name.Dirfd, x.Name.UnsafePath)
		}
		for _, f := range []struct {
			set  bool
			name string
		}{{x.Name.Follow, "follow"}, {x.Name.Empty, "empty"}, {x.Name.Create, "create"}} {
			if f.set {
				s += " " + f.name
			}
		}
		if x.Name.Resolve != 0 {
			s += fmt.Sprintf(" resolve=%#x", x.Name.Resolve)
		}
		if x.Mode != 0 {
			s += fmt.Sprintf(" mode=%#o", x.Mode)
		}
		if x.Natural != 0 {
			s += " " + errnoName(x.Natural)
		}
		all = append(all, s)
	}
	return strings.Join(all, "; ")
}
