//go:build !(mips || mipsle || mips64 || mips64le)

package deputy

const sigsetSize = 8

// dropRestart takes SA_RESTART off. The flags are the second word.
func (a *sigaction) dropRestart() { a[1] &^= saRestart }
