// Command calls386 makes calls as an i386 program and prints what each returned, one line "NAME ERRNO" a call. It is
// built with GOARCH=386 and started below a filter.
package main

import (
	"fmt"
	"syscall"
)

func main() {
	for _, c := range []struct {
		name string
		nr   uintptr
		arg  uintptr
	}{
		{"getppid", syscall.SYS_GETPPID, 0},
		{"personality-query", syscall.SYS_PERSONALITY, 0xffffffff},
		{"personality-set", syscall.SYS_PERSONALITY, 8},
		{"getsid", syscall.SYS_GETSID, 0},
		{"unknown", 5000, 0},
	} {
		_, _, errno := syscall.RawSyscall(c.nr, c.arg, 0, 0)
		fmt.Println(c.name, int(errno))
	}
}
