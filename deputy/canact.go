package deputy

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrUnneeded says why a Deputy of this process never takes another's rights.
type ErrUnneeded struct{ why string }

func (e ErrUnneeded) Error() string { return "not needed: " + e.why }

// CanAct says why a Deputy of this process could not take the rights of another user's task; nil if it could, an
// ErrUnneeded where it cannot meet any. It is tried on a thread that ends with it.
func CanAct() error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked
		done <- tryRights()
	}()
	return <-done
}

func tryRights() error {
	d := &Deputy{proc: -1, fds: -1}
	defer d.Close()
	if err := d.open(Options{}); err != nil {
		return err
	}
	d.exposing = false // see below
	other, mapped := otherID(d.own.uid)
	switch {
	case d.permitted == 0:
		return ErrUnneeded{"whoever has no capabilities meets no other user"}
	case !mapped:
		return ErrUnneeded{"there is no other user in this user namespace"}
	}
	// The whole process loses this by another fsuid (commit_creds in kernel/cred.c).
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err == nil && dumpable == 1 {
		defer func() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0) }() // it has no other reason to fail
	}
	d.task = identity{uid: other, gid: other, groups: []uint32{other}}
	errno := d.change(&d.task, 0)
	if errno == 0 {
		errno = d.Own()
	}
	if errno != 0 {
		return fmt.Errorf("capset, setgroups, setfsgid and setfsuid: %w", errno)
	}
	return nil
}

// otherID returns a user that is mapped in this user namespace and is not own (user_namespaces(7)).
func otherID(own uint32) (id uint32, mapped bool) {
	text, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return own + 1, true // a kernel without user namespaces
	}
	return otherIn(string(text), own)
}

// otherIn reads the map.
func otherIn(text string, own uint32) (id uint32, mapped bool) {
	for line := range strings.Lines(text) {
		var first, outside, count uint32
		if n, _ := fmt.Sscan(line, &first, &outside, &count); n != 3 {
			continue
		}
		switch {
		case count > 0 && first != own:
			return first, true
		case count > 1:
			return first + 1, true
		}
	}
	return 0, false
}

// Refused says whether the thread has failed to take a task's rights: what cannot be looked at since may be for that.
func (d *Deputy) Refused() bool { return d.refused }
