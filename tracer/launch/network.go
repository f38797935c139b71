package launch

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A network namespace with nothing in it but a loopback interface. The shim is born in it, because a Go program has
// threads and cannot go into a user namespace any more, which it takes to make one without CAP_SYS_ADMIN:
//
//	parent                                          shim
//	ForkExec, CLONE_NEWNET [| CLONE_NEWUSER] ─────► brings lo up, opens sockets to ask the namespace by
//	             ◄── ready, with those sockets ──── or the record of what failed
//
// The user namespace has one user and one group, those that there were, so the process is to the rest of the machine
// who it was before: files, signals and peers of unix sockets know it by the same numbers. Inside, all other owners and
// groups show as nobody's, and cannot be named (EINVAL). Its capabilities end at the namespace and are dropped before
// the target is executed.

// Network is what came of Plan.Network.
type Network struct {
	// Applied: the target has a network namespace to itself, with a loopback interface that is up.
	Applied bool
	// User: it is in a user namespace of its own as well, because this process has not the capability to do without.
	User bool
	// Skipped says why it has none, where that was preferred.
	Skipped error
	// Diag and Route are netlink sockets (NETLINK_SOCK_DIAG, NETLINK_ROUTE) in the namespace, which it can be asked by
	// from anywhere: close-on-exec and the caller's. -1 if they could not be had, as where a sandbox around this one
	// forbids netlink.
	Diag, Route int
}

// close gives back what the caller has not taken.
func (n *Network) close() {
	for _, fd := range []*int{&n.Diag, &n.Route} {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
	}
}

// Network says what came of Plan.Network. It must be called at most once.
func (s *Shim) Network() Network {
	n := s.network
	s.network.Diag, s.network.Route = -1, -1
	return n
}

// startApart starts the shim in a network namespace of its own.
func (p *Plan) startApart() (*Shim, error) {
	user, err := needsUser()
	if err != nil {
		return nil, networkError(err, user)
	}
	s, err := p.start(apart(user))
	var errno syscall.Errno
	switch {
	case err == nil:
		s.network.Applied, s.network.User = true, user
	case errors.As(err, &errno) && errno != unix.ENOENT: // ENOENT: there is no shim
		return nil, networkError(errno, user)
	}
	return s, err
}

// CanNetwork says why Plan.Network cannot be had by this process; nil if it can, as far as can be told without starting
// anything: a namespace is made for a child that executes nothing.
func CanNetwork() error {
	user, err := needsUser()
	if err != nil {
		return err
	}
	attr := &syscall.ProcAttr{Sys: apart(user)}
	execute := func() error {
		_, err := syscall.ForkExec("", []string{""}, attr)
		return err
	}
	if user {
		err = openly(execute)
	} else {
		err = execute()
	}
	if errors.Is(err, unix.ENOENT) {
		return nil // it came to the exec
	}
	return networkError(err, user).Err
}

// apart is how a child is born in a network namespace of its own.
func apart(user bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	if user {
		attr.Cloneflags |= unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
		// An exec of anybody but root leaves no others. The second is to take them away by again.
		attr.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN, unix.CAP_SETPCAP}
	}
	return attr
}

var errCapabilities = errors.New("this process has capabilities, which it would lose in a user namespace, and not " +
	"CAP_SYS_ADMIN, without which it takes one")

// needsUser says whether it takes a user namespace. Who has any capability at all must not lose it unasked.
func needsUser() (bool, error) {
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

// networkError is why there can be no network namespace.
func networkError(err error, user bool) *SetupError {
	if errno, ok := err.(syscall.Errno); ok {
		if reason := networkReason(errno, user); reason != "" {
			err = fmt.Errorf("%w: %s", errno, reason)
		}
	}
	return &SetupError{Step: StepNetwork, Err: err,
		Hint: `to start without it, say [harden] network_namespace = "preferred"`}
}

// switches are the settings that keep a user from having namespaces, with the value at which they do.
var switches = []struct{ file, value, says string }{
	{"/proc/sys/user/max_user_namespaces", "0", "user namespaces are switched off (user.max_user_namespaces is 0)"},
	{"/proc/sys/kernel/unprivileged_userns_clone", "0",
		"user namespaces are for root alone (kernel.unprivileged_userns_clone is 0)"},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
		"AppArmor keeps user namespaces from having any rights (kernel.apparmor_restrict_unprivileged_userns is 1)"},
}

// networkReason says what stands behind an errno.
func networkReason(errno syscall.Errno, user bool) string {
	switch errno {
	case unix.EPERM, unix.EACCES, unix.ENOSPC, unix.EUSERS:
	case unix.EINVAL:
		if user {
			return "the kernel lacks user or network namespaces (CONFIG_USER_NS, CONFIG_NET_NS)"
		}
		return "the kernel lacks network namespaces (CONFIG_NET_NS)"
	default:
		return ""
	}
	if content("/proc/sys/user/max_net_namespaces") == "0" {
		return "network namespaces are switched off (user.max_net_namespaces is 0)"
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
		return "there are too many namespaces already (user.max_user_namespaces, user.max_net_namespaces)"
	case user:
		return "a sandbox or a chroot around this one forbids user namespaces"
	}
	return "a sandbox around this one forbids network namespaces"
}

// content is that of a small file, without the space around it; empty if it cannot be read.
func content(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(text))
}

// openMu keeps two starts from seeing each other's moment of being open.
var openMu sync.Mutex

// openly calls f while this process is dumpable. The child of a process that is not belongs to root until it executes,
// and nobody else may write its maps of IDs (proc(5)). It is a moment in which others of this user could look in; the
// tree of an earlier start is kept from that by its own rules.
func openly(f func() error) error {
	openMu.Lock()
	defer openMu.Unlock()
	if open, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err == nil && open != 1 {
		if unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0) == nil {
			defer func() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }()
		}
	}
	return f()
}

// loopback brings the loopback interface of the shim's network namespace up; the kernel then gives it its addresses.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, lo); err != nil {
		return err
	}
	lo.SetUint16(lo.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// readyApart is what the shim does before it is ready, in a network namespace of its own. The parent is sent sockets
// that it can ask the namespace by, if there are any to be had.
func readyApart(outcomeFD int) error {
	if err := loopback(); err != nil {
		return err
	}
	var rights []byte
	const kind = unix.SOCK_RAW | unix.SOCK_CLOEXEC
	diag, errDiag := unix.Socket(unix.AF_NETLINK, kind, unix.NETLINK_SOCK_DIAG)
	if errDiag == nil {
		defer unix.Close(diag)
	}
	route, errRoute := unix.Socket(unix.AF_NETLINK, kind, unix.NETLINK_ROUTE)
	if errRoute == nil {
		defer unix.Close(route)
	}
	if errDiag == nil && errRoute == nil {
		rights = unix.UnixRights(diag, route)
	}
	return unix.Sendmsg(outcomeFD, []byte{readyByte}, rights, nil, 0)
}
