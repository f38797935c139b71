package launch

import (
	"bytes"
	"os"
	"sync"

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

// CanNetwork says why Plan.Network cannot be had by this process; nil if it can, as far as can be told without starting
// anything: a namespace is made for a child that executes nothing.
func CanNetwork() error { return CanMake(StepNetwork) }

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
