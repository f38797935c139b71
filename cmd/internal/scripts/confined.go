package scripts

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// StatusImpossible is what Confined ends with where this machine does not let it make a restriction. A script asks
// first, by a condition: [can:WORD].
const StatusImpossible = 77

// Confined is the program `confined WORD... -- COMMAND [ARG...]`: it makes a restriction out of each word, as
// containers and their configurations make them, and becomes the command.
//
//	deny=CALL[:ERRNO]        a filter around the command refuses the call, in every ABI: EPERM unless said
//	ptrace=REQUEST[:ERRNO]   the same for one request of ptrace(2), by its number
//	filters=off[:ERRNO]      no seccomp filter can be installed: EINVAL, as without CONFIG_SECCOMP_FILTER, unless said
//	userns=off               no user namespace can be made, as in Docker's default profile
//	userns=0                 the same by the sysctl user.max_user_namespaces
//	caps=NAME,...            no capabilities but these, whoever the user is; caps= is none
//	caps=-NAME,...           all that there are but these
//	nnp                      no_new_privs
//	yama=N                   /proc/sys/kernel/yama/ptrace_scope says N, and ptrace answers as Yama does then
//	binfmt=LINE              binfmt_misc with LINE written to its file "register"
//	in=FILE:TEXT             FILE, whose directory is there, has that text, and its directory nothing else
func Confined() {
	err := confined(os.Args[1:])
	fmt.Fprintf(os.Stderr, "confined: %v\n", err)
	var exit *exec.ExitError
	switch {
	case errors.Is(err, errImpossible):
		os.Exit(StatusImpossible)
	case errors.As(err, &exit):
		os.Exit(exit.ExitCode())
	}
	os.Exit(1)
}

var errImpossible = errors.New("this machine does not let it be made")

// impossible wraps the error of a call that asks for a right.
func impossible(what string, err error) error {
	return fmt.Errorf("%s: %w: %w", what, err, errImpossible)
}

// restriction is what the words come to.
type restriction struct {
	mounts  []func() error // in a mount namespace of its own
	user    bool           // and in a user namespace
	rows    []refusal
	keep    uint64 // capabilities
	nnp     bool
	command []string
}

// insideWord is the first argument of the second run, which is in the namespaces.
const insideWord = "inside"

// confined returns only if something failed.
func confined(args []string) error {
	inside := len(args) > 0 && args[0] == insideWord
	if inside {
		args = args[1:]
	}
	r := &restriction{keep: ^uint64(0)}
	for i, word := range args {
		if word == "--" {
			r.command = args[i+1:]
			break
		}
		if err := r.read(word); err != nil {
			return fmt.Errorf("%s: %w", word, err)
		}
	}
	if len(r.command) == 0 {
		return errors.New("usage: confined WORD... -- COMMAND [ARG...]")
	}
	if !inside && (len(r.mounts) > 0 || r.user) {
		return again(r.user || os.Geteuid() != 0, args)
	}
	path, err := exec.LookPath(r.command[0])
	if err != nil {
		return err
	}
	runtime.LockOSThread() // all that follows is a thread's own, and so is the execve
	for _, mount := range r.mounts {
		if err := mount(); err != nil {
			return err
		}
	}
	if r.nnp || os.Geteuid() != 0 && len(r.rows) > 0 {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return err
		}
	}
	if err := refuse(r.rows); err != nil {
		return err
	}
	if err := keep(r.keep); err != nil {
		return err
	}
	return syscall.Exec(path, r.command, os.Environ())
}

// again runs this program once more in namespaces of its own, and ends as it does.
func again(user bool, args []string) error {
	cmd := exec.Command("/proc/self/exe", append([]string{insideWord}, args...)...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
	if user {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SYS_RESOURCE, unix.CAP_DAC_OVERRIDE}
		size := 1
		if os.Geteuid() == 0 {
			size = 65536 // so that files keep their owners
			cmd.SysProcAttr.GidMappingsEnableSetgroups = true
		}
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: size}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: size}}
	}
	if err := cmd.Start(); err != nil {
		return impossible("make namespaces", err)
	}
	err := cmd.Wait()
	if err == nil {
		os.Exit(0)
	}
	return err
}

// read takes in a word.
func (r *restriction) read(word string) error {
	key, value, _ := strings.Cut(word, "=")
	head, tail, hasTail := strings.Cut(value, ":")
	errno := unix.EPERM
	switch key {
	case "deny", "ptrace", "filters":
		if key == "filters" {
			errno = unix.EINVAL
		}
		if hasTail {
			if errno = errnoNamed(tail); errno == 0 {
				return fmt.Errorf("%s is no errno", tail)
			}
		}
	}
	switch key {
	case "deny":
		r.rows = append(r.rows, refusal{call: head, errno: errno})
	case "ptrace":
		n, err := strconv.ParseUint(head, 0, 32)
		if err != nil {
			return err
		}
		r.rows = append(r.rows, refusal{call: "ptrace", errno: errno, value: n, mask: 0xffffffff})
	case "filters":
		r.rows = append(r.rows,
			refusal{call: "prctl", errno: errno, value: unix.PR_SET_SECCOMP, mask: 0xffffffff},
			refusal{call: "seccomp", errno: errno, value: unix.SECCOMP_SET_MODE_FILTER, mask: 0xffffffff})
	case "userns":
		if value == "0" {
			r.user = true
			r.mounts = append(r.mounts, noUserNamespaces)
			return nil
		}
		r.rows = append(r.rows,
			refusal{call: "unshare", errno: unix.EPERM, value: unix.CLONE_NEWUSER, mask: unix.CLONE_NEWUSER},
			refusal{call: "clone", errno: unix.EPERM, value: unix.CLONE_NEWUSER, mask: unix.CLONE_NEWUSER},
			refusal{call: "clone3", errno: unix.ENOSYS})
	case "caps":
		set, err := capabilitiesNamed(value)
		r.keep &= set
		return err
	case "nnp":
		r.nnp = true
	case "yama":
		scope, err := strconv.Atoi(value)
		if err != nil {
			return err
		}
		r.yama(scope)
	case "binfmt":
		r.user = true
		r.mounts = append(r.mounts, func() error { return registerInterpreter(value) })
	case "in":
		r.mounts = append(r.mounts, func() error { return lay(head, tail) })
	default:
		return errors.New("nobody knows that word")
	}
	return nil
}

// yama puts the file there that says how strict Yama is, and answers as it does to whoever lacks CAP_SYS_PTRACE: from
// 2 on nobody is traced. Up to 1 a process may trace what it has started, which is all that a run needs.
func (r *restriction) yama(scope int) {
	const file = "/proc/sys/kernel/yama/ptrace_scope"
	r.mounts = append(r.mounts, func() error { return lay(file, strconv.Itoa(scope)+"\n") })
	if scope < 2 {
		return
	}
	for _, request := range []uint64{unix.PTRACE_TRACEME, unix.PTRACE_ATTACH, unix.PTRACE_SEIZE} {
		r.rows = append(r.rows, refusal{call: "ptrace", errno: unix.EPERM, value: request, mask: 0xffffffff})
	}
	r.rows = append(r.rows, refusal{call: "process_vm_readv", errno: unix.EPERM},
		refusal{call: "process_vm_writev", errno: unix.EPERM})
}

// errnoNamed is the errno of that name, 0 if there is none.
func errnoNamed(name string) syscall.Errno {
	const last = 4095
	for n := syscall.Errno(1); n < last; n++ {
		if unix.ErrnoName(n) == name {
			return n
		}
	}
	return 0
}

// CanConfine answers the condition [can:WORD]: whether `confined WORD` works here.
func CanConfine(word string) (bool, error) {
	err := exec.Command("confined", word, "--", "true").Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == StatusImpossible {
		return false, nil
	}
	return err == nil, err
}
