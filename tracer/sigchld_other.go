//go:build !(mips || mipsle || mips64 || mips64le)

package tracer

// sigactionSwapped: struct sigaction begins with handler and flags, as everywhere but on MIPS.
const sigactionSwapped = false

// signalSetSize is the size of the kernel's sigset_t in bytes.
const signalSetSize = 8
