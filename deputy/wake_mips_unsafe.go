//go:build mips || mipsle || mips64 || mips64le

package deputy

import "unsafe"

const sigsetSize = 16

// dropRestart takes SA_RESTART off. The flags come first, in an int whatever the word.
func (a *sigaction) dropRestart() { *(*uint32)(unsafe.Pointer(a)) &^= saRestart }
