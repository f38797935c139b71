package arch

import "encoding/binary"

// maxRegs is larger than the largest NT_PRSTATUS set of any port (ppc64: 384 bytes), so that a set of unexpected size
// is seen as such and not cut to one that is known.
const maxRegs = 512

// Regs is the register set of a task at a stop, to be read with PTRACE_GETREGSET, changed and written back:
//
//	iov := unix.Iovec{Base: &r.Buffer()[0], Len: …} // PTRACE_GETREGSET sets Len to what it read
//	if !r.Bind(abi, int(iov.Len)) { … }             // nobody knows where the registers are
//	r.SetNumber(-1); r.SetResult(-int64(errno))     // then PTRACE_SETREGSET with r.Bytes()
//
// It is a value without pointers to the heap: nothing here allocates. The zero value must be bound before any other
// method is used.
type Regs struct {
	set    [maxRegs]byte
	size   int
	abi    *ABI
	layout *RegLayout
}

// Buffer returns the space to read a set into. It is longer than any set.
func (r *Regs) Buffer() []byte { return r.set[:] }

// Bind says that the first size bytes of Buffer are the set of a task that makes a call in abi. It is false, and the
// other methods must not be used, if abi's registers in a set of that size are not known.
func (r *Regs) Bind(abi *ABI, size int) bool {
	r.abi, r.layout, r.size = abi, abi.Layout(size), size
	if r.layout == nil {
		r.size = 0
	}
	return r.layout != nil
}

// Bytes returns the set as it is to be written back: as many bytes as Bind was told.
func (r *Regs) Bytes() []byte { return r.set[:r.size] }

// Layout returns where the registers are.
func (r *Regs) Layout() *RegLayout { return r.layout }

// Number returns the call number: the low 32 bits of its register, which is all that the kernel looks at.
func (r *Regs) Number() uint32 { return uint32(r.word(r.layout.Number)) }

// SetNumber changes the call number; -1 makes the kernel skip the call. It is false, and nothing is changed, where the
// set does not carry the number into the kernel (arm64, arm; see RegLayout.NumberFixed).
func (r *Regs) SetNumber(nr int32) bool {
	if r.layout.NumberFixed {
		return false
	}
	r.setWord(r.layout.Number, uint64(int64(nr)))
	return true
}

// Result returns what the call returned (ABI.Result). At an entry stop it is -ENOSYS or argument 0, depending on the
// machine.
func (r *Regs) Result() int64 { return r.abi.Result(r.word(r.layout.Result)) }

// Result makes of a result as some kernel has it one that is the same for all: an error is -4095 to -1, any other result
// of a 32-bit ABI is positive, such as an address in the upper half. A kernel of arm64 tells of one of a 32-bit program
// with its sign extended (syscall_get_return_value from Linux 5.14 on), others do not.
func (a *ABI) Result(v uint64) int64 {
	if a.WordSize == 8 {
		return int64(v)
	}
	const maxErrno = 4095 // MAX_ERRNO of linux/err.h
	if v := int32(uint32(v)); v >= -maxErrno && v < 0 {
		return int64(v)
	}
	return int64(uint32(v))
}

// SetResult sets what the call returns: a result or -errno. It holds if the call is skipped or at its exit stop.
func (r *Regs) SetResult(v int64) { r.setWord(r.layout.Result, uint64(v)) }

// Arg returns argument i (0 to 5) of the call as the kernel gets it: truncated to the ABI's word. ok is false if the
// set no longer has it (RegLayout.Arg0Lost).
func (r *Regs) Arg(i int) (v uint64, ok bool) {
	if i == 0 && r.layout.Arg0Lost {
		return 0, false
	}
	v = r.word(r.layout.Args[i])
	if r.abi.WordSize == 4 {
		v = uint64(uint32(v))
	}
	return v, true
}

// SetArg changes argument i (0 to 5), truncated to the ABI's word. It is false, and nothing is changed, if that does
// not reach the kernel (RegLayout.Arg0Lost).
func (r *Regs) SetArg(i int, v uint64) bool {
	if i == 0 && r.layout.Arg0Lost {
		return false
	}
	if r.abi.WordSize == 4 {
		v = uint64(uint32(v))
	}
	r.setWord(r.layout.Args[i], v)
	return true
}

// SP returns the stack pointer. It belongs to the process, so int 0x80 from 64-bit code leaves all 64 bits of it.
func (r *Regs) SP() uint64 { return r.word(r.layout.SP) }

// SetSP changes the stack pointer.
func (r *Regs) SetSP(v uint64) { r.setWord(r.layout.SP, v) }

// IP returns the instruction pointer: at a stop in a call, the instruction after the one that made the call.
func (r *Regs) IP() uint64 { return r.word(r.layout.IP) }

// SetIP changes the instruction pointer.
func (r *Regs) SetIP(v uint64) { r.setWord(r.layout.IP, v) }

// word returns register i, zero-extended.
func (r *Regs) word(i int) uint64 {
	order := r.order()
	if r.layout.Word == 4 {
		return uint64(order.Uint32(r.set[4*i:]))
	}
	return order.Uint64(r.set[8*i:])
}

// setWord stores the low bits of v in register i.
func (r *Regs) setWord(i int, v uint64) {
	order := r.order()
	if r.layout.Word == 4 {
		order.PutUint32(r.set[4*i:], uint32(v))
		return
	}
	order.PutUint64(r.set[8*i:], v)
}

func (r *Regs) order() binary.ByteOrder {
	if r.abi.BigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}
