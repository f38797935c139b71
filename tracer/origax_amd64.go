package tracer

// origAX is where PTRACE_POKEUSER finds the call number (sys/reg.h: ORIG_RAX is word 15, also for a 32-bit task of a 64-bit tracer).
const origAX uintptr = 15 * 8
