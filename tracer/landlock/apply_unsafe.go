package landlock

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Error says which step of Apply failed.
type Error struct {
	Call string // the system call
	On   string // the path, descriptor or port of a rule, or empty
	Err  unix.Errno
}

func (e *Error) Error() string {
	if e.On != "" {
		return fmt.Sprintf("%s %s: %v", e.Call, e.On, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Call, e.Err)
}

// Unwrap returns the errno.
func (e *Error) Unwrap() error { return e.Err }

// Apply puts the calling thread, and everything that it starts from now on, into a domain of the ruleset, for good. A
// rule whose file is gone since it was planned is an error: without it the domain would be stricter than was meant.
// EPERM: neither no_new_privs nor CAP_SYS_ADMIN; E2BIG: sixteen domains already. After an error the thread is as
// before.
//
// Precondition: the OS thread is locked to the goroutine, and has no_new_privs or CAP_SYS_ADMIN in its user namespace.
func (r *Ruleset) Apply() error {
	attr := unix.LandlockRulesetAttr{
		Handled_access_fs: uint64(r.Handled), Handled_access_net: uint64(r.HandledNet), Scoped: uint64(r.Scoped),
	}
	ruleset, errno := createRuleset(&attr, 0)
	if errno != 0 {
		return &Error{"landlock_create_ruleset", "", errno}
	}
	defer unix.Close(ruleset)
	for i := range r.Rules {
		if err := r.Rules[i].add(ruleset); err != nil {
			return err
		}
	}
	for i := range r.Ports {
		if err := r.Ports[i].add(ruleset); err != nil {
			return err
		}
	}
	_, _, errno = unix.RawSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(ruleset), 0, 0)
	if errno != 0 {
		return &Error{"landlock_restrict_self", "", errno}
	}
	return nil
}

// add adds the rule to a ruleset.
func (rule *Rule) add(ruleset int) error {
	fd := rule.FD
	if rule.Path != "" {
		var err error
		if fd, err = openPath(rule.Path); err != nil {
			return &Error{"open", rule.Path, err.(unix.Errno)}
		}
		defer unix.Close(fd)
	}
	beneath := unix.LandlockPathBeneathAttr{Allowed_access: uint64(rule.Access), Parent_fd: int32(fd)}
	_, _, errno := unix.RawSyscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&beneath)), 0, 0, 0)
	if errno == unix.EBADFD && rule.Path == "" {
		return nil // a pipe or socket: what is on no file system is never asked about
	}
	if errno != 0 {
		return &Error{"landlock_add_rule", rule.object(), errno}
	}
	return nil
}

// ruleNetPort is LANDLOCK_RULE_NET_PORT of linux/landlock.h; netPortAttr is its struct landlock_net_port_attr.
const ruleNetPort = 2

type netPortAttr struct {
	allowed uint64
	port    uint64 // in host order
}

// add adds the rule to a ruleset.
func (rule *PortRule) add(ruleset int) error {
	attr := netPortAttr{allowed: uint64(rule.Net), port: uint64(rule.Port)}
	_, _, errno := unix.RawSyscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), ruleNetPort,
		uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if errno != 0 {
		return &Error{"landlock_add_rule", fmt.Sprintf("port %d", rule.Port), errno}
	}
	return nil
}

// object names what the rule is on.
func (rule *Rule) object() string {
	if rule.Path != "" {
		return rule.Path
	}
	return fmt.Sprintf("descriptor %d", rule.FD)
}

// createRuleset is landlock_create_ruleset(2). The kernel takes a structure that is longer than the one it knows if the
// rest is zero, which Fit sees to.
func createRuleset(attr *unix.LandlockRulesetAttr, flags uintptr) (int, unix.Errno) {
	size := uintptr(0)
	if attr != nil {
		size = unsafe.Sizeof(*attr)
	}
	fd, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(attr)), size, flags)
	return int(fd), errno
}
