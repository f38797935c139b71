package launch

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// CanDrop says why a target of this process could not have capabilities taken away; nil if it could. It is tried on
// a thread that ends with it: sets of capabilities are a thread's own.
func CanDrop() error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked
		done <- drop(^uint64(0), true)
	}()
	return <-done
}

// CanLimit says why a target of this process could not be given limits; nil if it could. The one on core files is set to
// what it is.
func CanLimit() error {
	var limit unix.Rlimit
	if err := unix.Prlimit(0, unix.RLIMIT_CORE, nil, &limit); err != nil {
		return err
	}
	return unix.Prlimit(0, unix.RLIMIT_CORE, &limit, nil)
}
