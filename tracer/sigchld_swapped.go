//go:build mips || mipsle || mips64 || mips64le

package tracer

// sigactionSwapped: struct sigaction begins with the flags, and the numbers of the flags differ.
const sigactionSwapped = true

// signalSetSize is the size of the kernel's sigset_t in bytes.
const signalSetSize = 16
