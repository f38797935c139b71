package deputy

import (
	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// young are the calls done here that kernels from 4.8 on may lack: Linux 4.11, 5.8, 6.6, 6.13 and 6.17. Where one is
// missing it is ENOSYS whatever it names, as programs that try it first and an older one then expect.
var young = []string{
	"statx", "faccessat2", "fchmodat2", "setxattrat", "getxattrat", "listxattrat", "removexattrat", "file_getattr",
	"file_setattr",
}

// lacks says whether the kernel, or a sandbox around this one, answers ENOSYS. Nothing is named and the size of every
// structure is 0, so nothing happens.
func lacks(name string) bool {
	nr, known := syscalls.Number(arch.Native()[0], name)
	if !known {
		return false
	}
	_, _, errno := unix.RawSyscall6(uintptr(nr), ^uintptr(0), 0, 0, 0, 0, 0)
	return errno == unix.ENOSYS
}

// missing is a call that the kernel does not have.
func missing(*Deputy, *call) Outcome { return done(unix.ENOSYS) }
