package tracer

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"sydbox/tracer/seccomp"
)

// Why nothing can be given, and nothing waited for.
var (
	errNoRegisters = errors.New("the registers of this machine's calls are not known")
	errNoListener  = errors.New("seccomp gives no listener: the kernel has none (before 5.0), or a sandbox around " +
		"this one has the only one that there can be")
	errNoAddFD = errors.New("the kernel hands over no descriptors (SECCOMP_IOCTL_NOTIF_ADDFD)")
)

// CanGive says why the Actions Give and Wait will not work for what is started from here; nil if they will. It tries it
// out on a thread that ends with it: this process keeps what it has. What a start finds in the end says Task.Gives.
func CanGive() error {
	result := make(chan error)
	go canGiveOn(result)
	return <-result
}

// canGiveOn must not be on the main thread, which the runtime never ends.
func canGiveOn(result chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		done := make(chan error)
		go canGiveOn(done) // while this goroutine holds the main thread, that one gets another
		result <- <-done
		runtime.UnlockOSThread()
		return
	}
	result <- canGiveHere()
	// Still locked: the runtime ends the thread, and the filter with it.
}

// Precondition: the OS thread is locked to the goroutine and is never given back.
func canGiveHere() error {
	if !canGive() {
		return errNoRegisters
	}
	// EPERM: an outer sandbox forbids it; CAP_SYS_ADMIN may do as well.
	_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	listener, err := seccomp.InstallListener([]unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K,
		K: unix.SECCOMP_RET_ALLOW}})
	switch {
	case err != nil:
		return fmt.Errorf("try a listener: %w", err)
	case listener < 0:
		return errNoListener
	}
	defer unix.Close(listener)
	if !notifySizesFit() {
		return errors.New("the kernel's notifications are larger than this program knows")
	}
	if r := (&giver{listener: listener}); !r.adds() {
		return errNoAddFD
	}
	return nil
}
