//go:build !(amd64 || 386)

package tracer

// origAX is where PTRACE_POKEUSER finds the call number on x86.
const origAX uintptr = 0
