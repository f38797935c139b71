package policy

import (
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// lastErrno is above every errno that a system call returns to a program (asm-generic/errno.h ends at 133, MIPS at
// 168). What the kernel uses inside, such as ERESTARTSYS, starts at 512.
const lastErrno = 200

// errnoByName maps "EACCES" to its number on the machine that this program is built for.
var errnoByName = sync.OnceValue(func() map[string]syscall.Errno {
	m := make(map[string]syscall.Errno, lastErrno)
	for e := syscall.Errno(1); e < lastErrno; e++ {
		if name := unix.ErrnoName(e); strings.HasPrefix(name, "E") {
			m[name] = e
		}
	}
	return m
})

// ErrnoByName returns the error that a name like "EACCES" stands for. Where there is none, errno is 0 and nearest the name
// that was probably meant; "" if none is near.
func ErrnoByName(name string) (errno syscall.Errno, nearestName string) {
	if errno = errnoByName()[name]; errno != 0 {
		return errno, ""
	}
	return 0, nearest(name, errnoNames())
}

// errnoNames lists the keys of errnoByName.
func errnoNames() []string {
	names := make([]string, 0, len(errnoByName()))
	for name := range errnoByName() {
		names = append(names, name)
	}
	return names
}
