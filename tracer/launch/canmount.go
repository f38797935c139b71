package launch

import (
	"errors"
	"runtime"

	"golang.org/x/sys/unix"
)

// CanMountProc says why a target in a PID and a mount namespace of its own could not have a /proc of its own; nil if it
// could. A shim is started that executes nothing.
func CanMountProc() error {
	runtime.LockOSThread() // whose child it is
	defer runtime.UnlockOSThread()
	s, err := (&Plan{PIDs: Required, Mounts: Required}).Start()
	var setup *SetupError
	if errors.As(err, &setup) {
		return setup.Err
	}
	if err != nil {
		return err
	}
	s.Close() // it ends
	for {
		if _, err := unix.Wait4(s.child, nil, 0, nil); err != unix.EINTR {
			return nil // whoever else in this program waits for any child may have been first
		}
	}
}

// CanSetattr says why there is no mount_setattr(2); nil if there is. Whether this process may use it is not asked.
func CanSetattr() error {
	if err := unix.MountSetattr(-1, "", 0, &unix.MountAttr{}); err == unix.ENOSYS {
		return err
	}
	return nil
}
