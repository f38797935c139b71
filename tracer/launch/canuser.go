package launch

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// CanUser says why this process cannot make a user namespace; nil if it can. One is made for a child that executes
// nothing, with the maps of IDs that a run writes.
func CanUser() error {
	attr := &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}},
	}
	err := openly(func() error {
		_, err := syscall.ForkExec("", []string{""}, &syscall.ProcAttr{Sys: attr})
		return err
	})
	if errors.Is(err, unix.ENOENT) {
		return nil // it came to the exec
	}
	return networkError(err, true).Err
}
