// Package syscalls knows every system call by name: its number in each ABI, and what its arguments are.
//
// The number tables (zabi_*.go) are generated from golang.org/x/sys for every Linux port of Go and are ordinary
// data: the tracer picks a table by the ABI of the stop. What the arguments mean is one table keyed by name.
package syscalls

import "sydbox/arch"

// Kind is what one argument of a call is.
type Kind uint8

// The kinds of arguments. Only what a decision, a report or a recording needs is told apart.
const (
	Unused    Kind = iota
	Word           // a number of the ABI's word size: length, offset, opaque
	Int            // a signed 32-bit number
	Uint           // an unsigned 32-bit number
	FD             // a descriptor
	Dirfd          // a descriptor that a path argument is relative to, or AT_FDCWD
	Path           // address of a NUL-terminated path
	String         // address of another NUL-terminated string
	OpenFlags      // O_* in a register
	AtFlags        // AT_* in a register
	Mode           // permission bits
	Pointer        // address of anything else
	Sockaddr       // address of a struct sockaddr; its length is the next argument
	PID            // a process or thread
	Signal         // a signal number
)

// Class says what sydbox does about a call.
type Class uint8

// Every known call is in exactly one class; a test fails for a call in Unclassified.
const (
	Unclassified Class = iota
	Harmless           // nothing a policy can speak about: memory, time, I/O on open descriptors …
	File               // names or changes a file: package access says how
	Exec               // becomes another program
	Net                // reaches or offers an address
	Task               // acts on other tasks: signals, priorities, limits
	Refused            // refused in the filter unless [syscalls] allow lifts it; see Call.Refusal
)

// String returns the class as a word for people.
func (c Class) String() string {
	switch c {
	case Harmless:
		return "harmless"
	case File:
		return "file"
	case Exec:
		return "exec"
	case Net:
		return "net"
	case Task:
		return "task"
	case Refused:
		return "refused"
	}
	return "unclassified"
}

// Call is what is known about a system call whatever its ABI. Calls are compared by pointer.
type Call struct {
	Name  string
	Class Class
	Args  [6]Kind
	// Refusal is the name under which the call is refused ("mount", "io_uring", "userns" …). Empty for calls that
	// are never refused. A call of a class other than Refused may have one too: then it is refused for some arguments
	// only, and package policy tests the registers.
	Refusal string
}

// Invocation is one call as a tracee made it: the Call with its typed arguments.
type Invocation struct {
	ABI  *arch.ABI
	Call *Call
	Nr   uint64
	// Args are the raw registers, truncated to the ABI's word.
	Args [6]uint64
}

// Decode gives the call numbered nr in abi its meaning. ok is false for a number that the tables do not know.
func Decode(abi *arch.ABI, nr uint64, args [6]uint64) (inv Invocation, ok bool) {
	call := Lookup(abi, nr)
	if call == nil {
		return Invocation{}, false
	}
	if abi.WordSize == 4 {
		for i := range args {
			args[i] = uint64(uint32(args[i]))
		}
	}
	return Invocation{ABI: abi, Call: call, Nr: nr, Args: args}, true
}

// Int returns argument i as the kernel reads an int: the low 32 bits, signed. Descriptors too: AT_FDCWD arrives as
// 0xffffff9c or 0xffffffffffffff9c and both mean -100.
func (inv *Invocation) Int(i int) int32 { return int32(uint32(inv.Args[i])) }

// Uint returns argument i as the kernel reads an unsigned int: the low 32 bits.
func (inv *Invocation) Uint(i int) uint32 { return uint32(inv.Args[i]) }

// Pointer returns argument i as an address of the tracee.
func (inv *Invocation) Pointer(i int) uint64 { return inv.Args[i] }
