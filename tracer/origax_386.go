package tracer

// origAX is where PTRACE_POKEUSER finds the call number (sys/reg.h: ORIG_EAX is word 11).
const origAX uintptr = 11 * 4
