package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// setFilter makes a tracepoint count only what an expression is true for (ioctl PERF_EVENT_IOC_SET_FILTER).
func setFilter(fd int, expression string) error {
	text, err := unix.BytePtrFromString(expression)
	if err != nil {
		return err
	}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.PERF_EVENT_IOC_SET_FILTER, uintptr(unsafe.Pointer(text)))
	if errno != 0 {
		return errno
	}
	return nil
}
