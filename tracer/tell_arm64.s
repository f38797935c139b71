#include "textflag.h"

// tell is a handler of SIGCHLD (SA_SIGINFO) that puts the PID of a signal into told. It may run on any thread.
// R1 is the siginfo_t, with the PID at 16. It returns to the vDSO.
TEXT tell<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD $·told(SB), R2

again:
	LDAXRW (R2), R3
	ADDW   $1, R3, R4
	STLXRW R4, (R2), R5
	CBNZ   R5, again
	AND    $15, R3
	MOVW   16(R1), R4
	ADD    $4, R2
	ADD    R3<<2, R2
	MOVW   R4, (R2)
	RET

// func tellPC() uintptr
TEXT ·tellPC(SB), NOSPLIT, $0-8
	MOVD $tell<>(SB), R0
	MOVD R0, ret+0(FP)
	RET
