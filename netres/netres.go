// Package netres asks the kernel who would receive what is sent to an address of this machine.
//
// A policy may allow a program to reach what its own tree has bound. Which sockets those are is never learned by
// watching calls go by, where ports that the kernel chooses, descriptors that are copied and closes would have to be
// followed: the kernel is asked at the moment when it matters, over sock_diag(7), or through /proc/net where a kernel
// or a container has no sock_diag. The caller compares the answer with the sockets it knows.
//
// An answer is complete or it is an error. The kernel gives a long answer in pieces and counts places in its lists
// meanwhile: whoever closes a socket that was already told can make it skip another one. So an answer in pieces only
// counts if two in a row are the same (readings.go).
//
// What is asked about is what the kernel's own tables say. What an administrator put before them is not seen: address
// translation in netfilter, BPF programs at sk_lookup or in control groups.
//
// Thread rule: a Net belongs to one goroutine at a time. A Net of Open asks about the network namespace of the calling
// thread, for good; its fallbacks look from the thread that asks, so that a Net of Open stays on threads of that
// namespace.
package netres

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Socket names a socket that the kernel told of.
type Socket struct {
	// Inode is its number in sockfs, as fstat(2) says and /proc/PID/fd shows. 0 if no process has it. Numbers are 32 bits
	// that wrap around, so that a later socket may have the same.
	Inode uint64
	// Cookie is its number for SO_COOKIE, which no other ever has; 0 where /proc/net told.
	Cookie uint64
}

// Errors that an answer can end in.
var (
	// ErrTooMany means that more sockets have the address than a question may return.
	ErrTooMany = errors.New("more sockets at one address than are looked at")
	// ErrUnstable means that sockets came and went so fast that no two answers agreed.
	ErrUnstable = errors.New("sockets change faster than they can be listed")
	// ErrMalformed means that the kernel's answer could not be understood.
	ErrMalformed = errors.New("malformed answer of the kernel")
)

// Most is how many sockets a question returns at most.
const Most = 4096

// Net asks about one network namespace.
type Net struct {
	diag  *channel // nil where there is no sock_diag
	route *channel // nil where there is no rtnetlink
	files files    // of /proc/net, open since they were first needed
	// missing has the protocols that sock_diag cannot tell about here. The kernel would look for a module each time.
	missing   map[int]bool
	elsewhere bool // the namespace is not that of the calling thread
	// long is the last question of which no answer can be had at once: to ask it that way is in vain, and costs half as
	// much again. It may be so no more, which changes nothing about the answer.
	long question
}

// Open returns a Net for the network namespace of the calling thread.
func Open() (*Net, error) {
	n := &Net{missing: map[int]bool{}}
	var err error
	if n.diag, err = openChannel(unix.NETLINK_SOCK_DIAG); err != nil && !lacking(err) {
		return nil, fmt.Errorf("open a sock_diag socket to ask which sockets are bound: %w", err)
	}
	if n.route, err = openChannel(unix.NETLINK_ROUTE); err != nil && !lacking(err) {
		n.Close()
		return nil, fmt.Errorf("open an rtnetlink socket to ask which addresses are local: %w", err)
	}
	return n, nil
}

// New returns a Net for the network namespace that the netlink sockets diag (NETLINK_SOCK_DIAG) and route
// (NETLINK_ROUTE) were made in, wherever the calling thread is; either may be -1. It owns them from then on, also if it
// fails. There is no fallback: what a socket cannot tell is an error.
func New(diag, route int) (*Net, error) {
	n := &Net{missing: map[int]bool{}, elsewhere: true}
	var err, err2 error
	if diag >= 0 {
		n.diag, err = newChannel(diag)
	}
	if route >= 0 {
		n.route, err2 = newChannel(route)
	}
	if err = errors.Join(err, err2); err != nil {
		return nil, fmt.Errorf("use netlink sockets of another network namespace: %w", errors.Join(err, n.Close()))
	}
	return n, nil
}

// OpenAt is Open for the network namespace that namespace is a descriptor of (/proc/PID/ns/net). It takes
// CAP_SYS_ADMIN there and here (setns(2)). There is no fallback, as for New.
func OpenAt(namespace int) (*Net, error) {
	type opened struct {
		net *Net
		err error
	}
	answer := make(chan opened)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if err := unix.Setns(namespace, unix.CLONE_NEWNET); err != nil {
			answer <- opened{nil, fmt.Errorf("enter a network namespace to ask about its sockets: %w", err)}
			return
		}
		n, err := Open()
		if err == nil {
			n.elsewhere = true
		}
		answer <- opened{n, err}
	}()
	o := <-answer
	return o.net, o.err
}

// Close gives back what the Net holds.
func (n *Net) Close() error {
	var errs []error
	for _, c := range []*channel{n.diag, n.route} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	n.diag, n.route = nil, nil
	errs = append(errs, n.files.close())
	return errors.Join(errs...)
}

// lacking says whether an error means that the kernel, or the container around, does not offer something at all.
func lacking(err error) bool {
	for _, e := range [...]unix.Errno{
		unix.ENOENT,                          // no handler for the family or protocol, and no module
		unix.EOPNOTSUPP,                      // sock_diag without that request
		unix.EPROTONOSUPPORT,                 // no netlink protocol of that number
		unix.EAFNOSUPPORT,                    // no netlink at all
		unix.EPERM, unix.EACCES, unix.ENOSYS, // a container's filter
		unix.EINVAL, // a request that this kernel does not know
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
