// Oldk runs a command on a pretended older kernel: a seccomp filter makes what later kernels brought fail as it does
// there. The kernel's behaviour stays as it is: the order of stops, uname(2), files in /proc and flags in structures.
//
//	oldk LEVEL COMMAND [ARGUMENT...]
//
// The exit status is the command's, 127 if it is not there, 126 if it cannot be executed or nothing can be pretended.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

func main() {
	// The filter is put on this thread alone, and the exec ends all others.
	runtime.LockOSThread()
	err := run(os.Args[1:])
	fmt.Fprintln(os.Stderr, "oldk:", err)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
		os.Exit(127)
	}
	os.Exit(126)
}

// run returns only if it failed.
func run(args []string) error {
	if len(args) < 2 {
		var names []string
		for _, l := range levels {
			names = append(names, l.name)
		}
		return fmt.Errorf("usage: oldk LEVEL COMMAND [ARGUMENT...]; LEVEL is one of %s", strings.Join(names, ", "))
	}
	l := find(args[0])
	if l == nil {
		return fmt.Errorf("%s: no such level", args[0])
	}
	path, err := exec.LookPath(args[1])
	if err != nil {
		return err
	}
	prog, err := filter(l, arch.Native())
	if err != nil {
		return err
	}
	if err := install(prog); err != nil {
		return err
	}
	if err := unix.Exec(path, args[1:], os.Environ()); err != nil {
		return fmt.Errorf("execute %s: %w", path, err)
	}
	return nil
}

// install puts the filter on this thread by prctl(2), as every kernel can, with no_new_privs only where privilege is
// missing: set-user-ID programs are part of the tests.
func install(prog []unix.SockFilter) error {
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	set := func() error {
		if _, _, errno := unix.Syscall(unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER,
			uintptr(unsafe.Pointer(&fprog))); errno != 0 {
			return errno
		}
		return nil
	}
	err := set()
	if errors.Is(err, unix.EACCES) {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("set no_new_privs: %w", err)
		}
		err = set()
	}
	if err != nil {
		return fmt.Errorf("install the filter: %w", err)
	}
	return nil
}
