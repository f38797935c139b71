#include "textflag.h"

// tell is a handler of SIGCHLD (SA_SIGINFO) that puts the PID of a signal into told. It may run on any thread.
// SI is the siginfo_t, with the PID at 16. It returns to sa_restorer.
TEXT tell<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVL $1, AX
	LOCK
	XADDL AX, ·told(SB)
	ANDL $15, AX
	MOVL 16(SI), CX
	LEAQ ·told+4(SB), DX
	MOVL CX, (DX)(AX*4)
	RET

// func tellPC() uintptr
TEXT ·tellPC(SB), NOSPLIT, $0-8
	LEAQ tell<>(SB), AX
	MOVQ AX, ret+0(FP)
	RET
