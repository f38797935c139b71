package landlock

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Try applies the ruleset to a thread that ends with it, so that what is wrong shows before anything is started: a
// sandbox around this one that knows the probe and not the rest, too many domains, a path that cannot be opened. Rules
// on descriptors are looked up in this process. The thread sets no_new_privs for itself; this process keeps what it
// has.
func (r *Ruleset) Try() error {
	result := make(chan error)
	go tryOn(r, result)
	return <-result
}

// tryOn must not be on the main thread, which the runtime never ends.
func tryOn(r *Ruleset, result chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		done := make(chan error)
		go tryOn(r, done) // while this goroutine holds the main thread, that one gets another
		result <- <-done
		runtime.UnlockOSThread()
		return
	}
	// EPERM: an outer sandbox forbids it; CAP_SYS_ADMIN may do as well.
	_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	result <- r.Apply()
	// Still locked: the runtime ends the thread, and makes no others from it (runtime.LockOSThread).
}
