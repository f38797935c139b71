package sandbox

import (
	"bytes"
	"encoding/binary"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Bounds of an argument vector, as the kernel has them: longer ones fail with E2BIG (execve(2), "Limits on size of
// arguments and environment").
const (
	maxArgString = 128 << 10
	maxArgBytes  = 6 << 20
	pageSize     = 4096
)

// argReader reads an argument vector from a tracee. Strings usually lie one behind the other, so whole pages are read
// and cut up.
type argReader struct {
	t        *tracer.Task
	pointers [512]byte
	page     [pageSize]byte
	start    uint64 // of what page holds
	n        int
	long     []byte
}

// read returns the strings that the pointers at addr name. NULL is an empty vector, as for the kernel.
func (r *argReader) read(inv *syscalls.Invocation, addr uint64) ([][]byte, syscall.Errno) {
	if addr == 0 {
		return nil, 0
	}
	word := inv.ABI.PointerSize
	var order binary.ByteOrder = binary.LittleEndian
	if inv.ABI.BigEndian {
		order = binary.BigEndian
	}
	var argv [][]byte
	var ahead []byte // of the pointers: what follows the vector on its page may be read as well
	r.n = 0
	for total := 0; ; ahead = ahead[word:] {
		if len(ahead) == 0 {
			n := min(len(r.pointers), pageSize-int(addr%pageSize))
			ahead = r.pointers[:max(n-n%word, word)]
			if errno := r.t.Read(addr, ahead); errno != 0 {
				return nil, errno
			}
			addr += uint64(len(ahead))
		}
		p := uint64(order.Uint32(ahead))
		if word == 8 {
			p = order.Uint64(ahead)
		}
		if p == 0 {
			return argv, 0
		}
		s, errno := r.string(p)
		if errno != 0 {
			return nil, errno
		}
		if total += len(s) + 1 + word; total > maxArgBytes {
			return nil, unix.E2BIG
		}
		argv = append(argv, s)
	}
}

// string reads one string.
func (r *argReader) string(addr uint64) ([]byte, syscall.Errno) {
	if s, ok := r.inPage(addr); ok {
		return s, 0
	}
	r.start, r.n = addr, pageSize-int(addr%pageSize)
	if errno := r.t.Read(addr, r.page[:r.n]); errno != 0 {
		r.n = 0
		return nil, errno
	}
	if s, ok := r.inPage(addr); ok {
		return s, 0
	}
	if r.long == nil {
		r.long = make([]byte, maxArgString+1)
	}
	n, errno := r.t.ReadString(addr, r.long)
	if errno == unix.ENAMETOOLONG {
		errno = unix.E2BIG
	}
	if errno != 0 {
		return nil, errno
	}
	return bytes.Clone(r.long[:n]), 0
}

// inPage returns the string at addr if it lies whole in what was read last.
func (r *argReader) inPage(addr uint64) ([]byte, bool) {
	if addr < r.start || addr >= r.start+uint64(r.n) {
		return nil, false
	}
	s, _, ok := bytes.Cut(r.page[addr-r.start:r.n], []byte{0})
	if !ok {
		return nil, false
	}
	return bytes.Clone(s), true
}

// execArgs are the arguments of execve and execveat.
type execArgs struct {
	name  access.Name
	typed []byte // as the kernel will show it in AT_EXECFN
	argv  uint64
}

// execArgsOf takes them from the call, whose name access.Describe has read into a.
func execArgsOf(inv *syscalls.Invocation, a *access.Access) execArgs {
	e := execArgs{name: a.Name, argv: inv.Pointer(1)}
	typed := bytes.Clone(a.Name.UnsafePath)
	if inv.Call.Name == "execveat" {
		e.argv = inv.Pointer(2)
		if a.Name.FD || len(typed) == 0 || typed[0] != '/' && inv.Int(0) != unix.AT_FDCWD {
			fd := append([]byte("/dev/fd/"), strconv.Itoa(int(inv.Int(0)))...) // fs/exec.c, alloc_bprm
			if len(typed) > 0 {
				fd = append(append(fd, '/'), typed...)
			}
			typed = fd
		}
	}
	e.typed = typed
	return e
}

// loadedArgv returns the argument vector of a program that was just loaded.
func loadedArgv(tid int) ([][]byte, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/cmdline")
	if err != nil || len(text) == 0 {
		return nil, err
	}
	return bytes.Split(bytes.TrimSuffix(text, []byte{0}), []byte{0}), nil
}

// atExecfn is the auxiliary vector's entry for the path as the caller typed it (getauxval(3)).
const atExecfn = 31

// loadedName returns the path by which a program that was just loaded was called; nil if it cannot be told.
func loadedName(t *tracer.Task) []byte {
	auxv, err := os.ReadFile("/proc/" + strconv.Itoa(t.TID) + "/auxv")
	if err != nil {
		return nil
	}
	// The entries have the word size of the new image, which the vector itself tells: its first tags are small, so in
	// a 32-bit one the upper half of what would be the first 64-bit tag is a value other than 0.
	word := 8
	if len(auxv) >= 8 && binary.NativeEndian.Uint32(auxv[4:8]) != 0 {
		word = 4
	}
	at := func(i int) uint64 {
		if word == 4 {
			return uint64(binary.NativeEndian.Uint32(auxv[i:]))
		}
		return binary.NativeEndian.Uint64(auxv[i:])
	}
	for i := 0; i+2*word <= len(auxv); i += 2 * word {
		if at(i) != atExecfn {
			continue
		}
		buf := make([]byte, access.PathMax+1)
		n, errno := t.ReadString(at(i+word), buf)
		if errno != 0 {
			return nil
		}
		return buf[:n]
	}
	return nil
}
