package launch

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// space is a kind of namespace that a target can be born in.
type space struct {
	step Step
	flag uintptr
	// what it is called in messages, what the kernel must be built with, and the file below /proc/sys/user that says how
	// many there may be.
	what, config, maximum string
}

// spaces are the kinds, the one first that others may depend on.
var spaces = []space{
	{StepUsers, unix.CLONE_NEWUSER, "user", "CONFIG_USER_NS", "max_user_namespaces"},
	{StepNetwork, unix.CLONE_NEWNET, "network", "CONFIG_NET_NS", "max_net_namespaces"},
	{StepMounts, unix.CLONE_NEWNS, "mount", "CONFIG_NAMESPACES", "max_mnt_namespaces"},
	{StepPIDs, unix.CLONE_NEWPID, "PID", "CONFIG_PID_NS", "max_pid_namespaces"},
	{StepIPC, unix.CLONE_NEWIPC, "IPC", "CONFIG_IPC_NS", "max_ipc_namespaces"},
	{StepUTS, unix.CLONE_NEWUTS, "UTS", "CONFIG_UTS_NS", "max_uts_namespaces"},
}

// spaceOf returns the kind that a step makes; nil if it makes none.
func spaceOf(step Step) *space {
	for i := range spaces {
		if spaces[i].step == step {
			return &spaces[i]
		}
	}
	return nil
}

// spaceSet are kinds of namespaces, by the bits of clone(2).
type spaceSet uintptr

func (s spaceSet) has(step Step) bool { return s&spaceSet(spaceOf(step).flag) != 0 }

// CanMake says why this process cannot start a target in a namespace of the kind that a step makes; nil if it can. One
// is made for a child that executes nothing, as a start would make it.
func CanMake(step Step) error {
	sp := spaceOf(step)
	set := spaceSet(sp.flag)
	user, err := set.needsUser()
	if err == nil {
		err = set.try(user)
	}
	if err == nil {
		return nil
	}
	return sp.failed(err, user).Err
}

// try makes a child in these namespaces that executes nothing.
func (s spaceSet) try(user bool) error {
	attr := &syscall.ProcAttr{Sys: s.attr(user)}
	execute := func() error {
		_, err := syscall.ForkExec("", []string{""}, attr)
		return err
	}
	var err error
	if user {
		err = openly(execute)
	} else {
		err = execute()
	}
	if errors.Is(err, unix.ENOENT) {
		return nil // it came to the exec
	}
	return err
}

// attr is how a child is born in the namespaces. The user namespace has one user and one group, those that there were;
// setgroups(2) is denied in it.
func (s spaceSet) attr(user bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: uintptr(s)}
	if user {
		attr.Cloneflags |= unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
		if os.Geteuid() != 0 {
			// An exec of anybody but root leaves no others. The second is to take them away by again.
			attr.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN, unix.CAP_SETPCAP}
			if s.has(StepMounts) {
				attr.AmbientCaps = append(attr.AmbientCaps, unix.CAP_SYS_ADMIN)
			}
		}
	}
	return attr
}

var errCapabilities = errors.New("this process has capabilities, which it would lose in a user namespace, and not " +
	"CAP_SYS_ADMIN, without which it takes one")

// needsUser says whether it takes a user namespace. Who has any capability at all must not lose it unasked.
func (s spaceSet) needsUser() (bool, error) {
	if s.has(StepUsers) {
		return true, nil
	}
	_, permitted, effective, err := capabilities()
	switch {
	case err != nil:
		return false, err
	case effective&(1<<unix.CAP_SYS_ADMIN) != 0:
		return false, nil
	case permitted != 0:
		return false, errCapabilities
	}
	return true, nil
}

// unprivileged says that this process has no capabilities.
func unprivileged() bool {
	_, permitted, _, err := capabilities()
	return err == nil && permitted == 0
}

// failed is why there can be no such namespace.
func (sp *space) failed(err error, user bool) *SetupError {
	if errno, ok := err.(syscall.Errno); ok {
		if reason := sp.reason(errno, user); reason != "" {
			err = fmt.Errorf("%w: %s", errno, reason)
		}
	}
	return &SetupError{Step: sp.step, Err: err,
		Hint: `to start without it, say [harden] ` + sp.step.Primitive() + ` = "preferred"`}
}

// switches are the settings that keep a user from having namespaces, with the value at which they do.
var switches = []struct{ file, value, says string }{
	{"/proc/sys/user/max_user_namespaces", "0", "user namespaces are switched off (user.max_user_namespaces is 0)"},
	{"/proc/sys/kernel/unprivileged_userns_clone", "0",
		"user namespaces are for root alone (kernel.unprivileged_userns_clone is 0)"},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
		"AppArmor keeps user namespaces from having any rights (kernel.apparmor_restrict_unprivileged_userns is 1)"},
}

// reason says what stands behind an errno.
func (sp *space) reason(errno syscall.Errno, user bool) string {
	switch errno {
	case unix.EPERM, unix.EACCES, unix.ENOSPC, unix.EUSERS:
	case unix.EINVAL:
		if user && sp.step != StepUsers {
			return "the kernel lacks user or " + sp.what + " namespaces (CONFIG_USER_NS, " + sp.config + ")"
		}
		return "the kernel lacks " + sp.what + " namespaces (" + sp.config + ")"
	default:
		return ""
	}
	if sp.step != StepUsers && content("/proc/sys/user/"+sp.maximum) == "0" {
		return sp.what + " namespaces are switched off (user." + sp.maximum + " is 0)"
	}
	if user {
		for _, s := range switches {
			if content(s.file) == s.value {
				return s.says
			}
		}
	}
	switch {
	case errno == unix.ENOSPC || errno == unix.EUSERS:
		return "there are too many namespaces already (user.max_user_namespaces, user." + sp.maximum + ")"
	case user:
		return "a sandbox or a chroot around this one forbids user namespaces"
	}
	return "a sandbox around this one forbids " + sp.what + " namespaces"
}
