package arch

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// These are encoded alike in 32-bit and 64-bit code.
const (
	eax, ecx, edx, ebx, ebp, esi, edi = 0, 1, 2, 3, 5, 6, 7
)

func mov(reg byte, value uint32) []byte {
	return binary.LittleEndian.AppendUint32([]byte{0xb8 + reg}, value)
}

var (
	int80     = []byte{0xcd, 0x80}
	syscall64 = []byte{0x0f, 0x05}
)

// victim is an ELF file that sets all argument registers, makes the call numbered nr, then exits with status 7 by the
// call numbered exit whose status is in register status.
func victim(wide bool, enter []byte, nr, exit uint32, status byte) []byte {
	var code []byte
	for i, reg := range []byte{ebx, ecx, edx, esi, edi, ebp} {
		code = append(code, mov(reg, 0x11111111*uint32(i+1))...)
	}
	code = append(append(code, mov(eax, nr)...), enter...)
	code = append(append(code, mov(status, 7)...), mov(eax, exit)...)
	code = append(code, enter...)

	const base, page = 0x400000, 0x1000
	le := binary.LittleEndian
	elf := []byte{0x7f, 'E', 'L', 'F', 1, 1, 1, 15: 0}
	if wide {
		elf[4] = 2
		elf = le.AppendUint16(le.AppendUint16(elf, 2), 62) // ET_EXEC, EM_X86_64
		elf = le.AppendUint64(le.AppendUint32(elf, 1), base+64+56)
		elf = le.AppendUint64(le.AppendUint64(elf, 64), 0)
		elf = append(elf, 0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0)
		elf = le.AppendUint32(le.AppendUint32(elf, 1), 5) // PT_LOAD, R|X
		size := uint64(64 + 56 + len(code))
		for _, v := range []uint64{0, base, base, size, size, page} {
			elf = le.AppendUint64(elf, v)
		}
		return append(elf, code...)
	}
	elf = le.AppendUint16(le.AppendUint16(elf, 2), 3) // ET_EXEC, EM_386
	for _, v := range []uint32{1, base + 52 + 32, 52, 0, 0} {
		elf = le.AppendUint32(elf, v)
	}
	elf = append(elf, 52, 0, 32, 0, 1, 0, 0, 0, 0, 0, 0, 0)
	size := uint32(52 + 32 + len(code))
	for _, v := range []uint32{1, 0, base, base, size, size, 5, page} {
		elf = le.AppendUint32(elf, v)
	}
	return append(elf, code...)
}

// TestForeignCalls makes calls of the other ABIs and denies and changes them through their layouts.
func TestForeignCalls(t *testing.T) {
	for _, c := range []struct {
		name string
		elf  []byte
		abi  *ABI
		size int
		nr   uint32
	}{
		{"int 0x80 in a 64-bit program", victim(true, int80, 20, 1, ebx), I386, 216, 20},
		{"int 0x80 in a 32-bit program", victim(false, int80, 20, 1, ebx), I386, 68, 20},
		{"x32", victim(true, syscall64, 0x40000027, 231, edi), X32, 216, 0x40000027},
		{"x86-64", victim(true, syscall64, 39, 231, edi), X86_64, 216, 39},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "victim")
			if err := os.WriteFile(path, c.elf, 0o755); err != nil {
				t.Fatal(err)
			}
			stops, denied := 0, false
			status, err := traceCalls(t, path, nil, func(s *callStop) bool {
				stops++
				switch stops {
				case 1:
					abi := Find(s.audit, s.nr)
					if abi != c.abi || s.size != c.size || uint32(s.nr) != c.nr {
						t.Errorf("call %#x of %v in a set of %d bytes, want %#x of %s in %d", s.nr, abi, s.size, c.nr, c.abi, c.size)
						return false
					}
					s.compare(t, abi)
					if !s.regs.SetNumber(-1) {
						t.Error("the number cannot be set")
					}
					s.regs.SetResult(-int64(unix.EXDEV))
					s.write(t)
				case 2:
					s.compare(t, c.abi)
					denied = s.rval == -int64(unix.EXDEV)
				case 3:
					abi := Find(s.audit, s.nr)
					s.compare(t, abi)
					if got, _ := s.regs.Arg(0); got != 7 {
						t.Errorf("exit status in register %d, want 7", got)
					}
					s.regs.SetArg(0, 42)
					s.write(t)
				}
				return !t.Failed()
			})
			if errors.Is(err, unix.ENOEXEC) && c.size == 68 {
				t.Skip("this kernel runs no 32-bit programs (execve gave ENOEXEC)")
			}
			if err != nil {
				t.Fatal(err)
			}
			if status.Signal() == unix.SIGSEGV && c.abi == I386 && stops == 0 {
				t.Skip("this kernel has no int 0x80 (it gave SIGSEGV)")
			}
			if !denied {
				t.Errorf("the call was not denied with EXDEV")
			}
			if status.ExitStatus() != 42 {
				t.Errorf("ended with %#x, want the exit status 42 that was written", status)
			}
		})
	}
}
