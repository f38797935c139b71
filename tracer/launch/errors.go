package launch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Step is a step of the start.
type Step uint8

// The steps, in order.
const (
	StepShim         Step = iota + 1 // executing this program again
	StepUsers                        // the user namespace
	StepNetwork                      // the network namespace
	StepMounts                       // the mount namespace
	StepPIDs                         // the PID namespace, with its init
	StepIPC                          // the IPC namespace
	StepUTS                          // the UTS namespace
	StepSeize                        // PTRACE_SEIZE of the shim
	StepPlan                         // the shim receiving the plan
	StepProc                         // a procfs of the PID namespace's own
	StepRoot                         // a root of the target's own
	StepHide                         // empty mounts over files
	StepReadOnly                     // read-only mounts
	StepDir                          // chdir
	StepNoNewPrivs                   // PR_SET_NO_NEW_PRIVS
	StepCapabilities                 // capset, PR_CAPBSET_DROP
	StepCore                         // the core file limit
	StepUmask                        // umask
	StepDescriptors                  // close-on-exec for what is not the target's
	StepLandlock                     // landlock_restrict_self
	StepFilter                       // the seccomp filter
	StepExec                         // execve of the target
	StepCPU                          // RLIMIT_CPU and the others that the tracer sets: limits.go
	StepAS
	StepNofile
	StepNproc
	StepFsize
	StepCoreSize
)

var stepNames = [...]string{
	StepShim:         "start the shim",
	StepUsers:        "make a user namespace",
	StepNetwork:      "make a network namespace",
	StepMounts:       "make a mount namespace",
	StepPIDs:         "make a PID namespace",
	StepIPC:          "make an IPC namespace",
	StepUTS:          "make a UTS namespace",
	StepSeize:        "trace the shim",
	StepPlan:         "hand the plan to the shim",
	StepProc:         "mount a procfs of the PID namespace's own",
	StepRoot:         "make a private root",
	StepHide:         "hide",
	StepReadOnly:     "make read-only",
	StepDir:          "change to the working directory",
	StepNoNewPrivs:   "set no_new_privs",
	StepCapabilities: "drop capabilities",
	StepCore:         "set the limit of core files",
	StepUmask:        "set the umask",
	StepDescriptors:  "close descriptors",
	StepLandlock:     "set up Landlock",
	StepFilter:       "install the seccomp filter",
	StepExec:         "execute the target",
	StepCPU:          "limit CPU time",
	StepAS:           "limit memory",
	StepNofile:       "limit open files",
	StepNproc:        "limit processes",
	StepFsize:        "limit the size of files",
	StepCoreSize:     "limit core files",
}

// String says what the step does, as in "cannot <step>".
func (s Step) String() string {
	if int(s) < len(stepNames) && stepNames[s] != "" {
		return stepNames[s]
	}
	return fmt.Sprintf("step %d", uint8(s))
}

// ExecError says that the kernel refused to execute the target (ENOENT, EACCES, ENOEXEC, E2BIG …).
type ExecError struct {
	Path string
	Err  syscall.Errno
	// Interpreter: the file is there, but the interpreter or loader that it names is not (ENOENT).
	Interpreter bool
}

func (e *ExecError) Error() string {
	if e.Interpreter {
		return e.Path + ": its interpreter or loader does not exist"
	}
	return e.Path + ": " + e.Err.Error()
}

// Unwrap returns the errno.
func (e *ExecError) Unwrap() error { return e.Err }

// SetupError says that the target could not be started for a reason that is not the target's. Hint, if not empty, is
// one line that says what to change.
type SetupError struct {
	Step Step
	// On is what the step was applied to, if there is something to name: a path.
	On   string
	Err  error
	Hint string
}

func (e *SetupError) Error() string {
	var b strings.Builder
	b.WriteString("cannot " + e.Step.String())
	if e.On != "" {
		b.WriteString(" " + e.On)
	}
	b.WriteString(": " + e.Err.Error())
	if e.Hint != "" {
		b.WriteString(": " + e.Hint)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *SetupError) Unwrap() error { return e.Err }

// stepError makes the error for a step of the shim that failed with errno.
func (p *Plan) stepError(step Step, errno syscall.Errno) error {
	switch step {
	case StepExec:
		if errno == unix.ENOENT && p.coverLevel(p.Root) != Off {
			return &SetupError{Step: step, On: p.Path, Err: errno,
				Hint: "it, its interpreter or its loader may lie outside of [harden] root"}
		}
		e := &ExecError{Path: p.Path, Err: errno}
		if file := p.Path; errno == unix.ENOENT {
			if !filepath.IsAbs(file) {
				file = filepath.Join(p.Dir, file)
			}
			_, err := os.Stat(file)
			e.Interpreter = err == nil
		}
		return e
	case StepDir:
		return &SetupError{Step: step, On: p.Dir, Err: errno, Hint: p.dirHint()}
	case StepRoot, StepHide, StepReadOnly:
		return &SetupError{Step: step, On: "what [harden] names", Err: errno, Hint: setupHint(step, errno)}
	}
	hint := setupHint(step, errno)
	if step == StepCapabilities && p.NoNewPrivs == Off {
		hint = "without no_new_privs it takes CAP_SETPCAP: leave it on"
	}
	return &SetupError{Step: step, Err: errno, Hint: hint}
}

// setupHint says what to change where a step failed with errno.
func setupHint(step Step, errno syscall.Errno) string {
	switch step {
	case StepNoNewPrivs:
		return "a sandbox around this one forbids it"
	case StepProc:
		return `a container keeps parts of /proc covered: allow it there (docker run --security-opt systempaths=` +
			`unconfined), or say [harden] pid_namespace = "preferred"`
	case StepRoot:
		if errno == unix.EINVAL {
			return "the root directory is the kernel's first one (an initramfs), which cannot be left by pivot_root(2)"
		}
		return `a sandbox around this one forbids it: let mount(2), umount2(2) and pivot_root(2) through there, or say ` +
			`[harden] mounts = "preferred"`
	case StepHide, StepReadOnly:
		return `a sandbox around this one forbids it: let mount(2) through there, or say [harden] mounts = "preferred"`
	case StepCapabilities:
		return "a sandbox around this one forbids it: let capget(2), capset(2) and prctl(2) through in the container's " +
			"seccomp profile"
	case StepCore:
		return "a sandbox around this one forbids it: let prlimit64(2) through in the container's seccomp profile, or " +
			`say [syscalls] allow = ["core"]`
	case StepDescriptors:
		return "it takes close_range (Linux 5.11) or /proc"
	case StepLandlock:
		return landlockHint(errno)
	case StepFilter:
		return filterHint(errno)
	}
	return ""
}

func filterHint(errno syscall.Errno) string {
	switch errno {
	case unix.EACCES:
		return "without CAP_SYS_ADMIN a filter needs no_new_privs: leave it on"
	case unix.EINVAL, unix.ENOSYS:
		return "the kernel lacks seccomp filters (CONFIG_SECCOMP_FILTER), or a sandbox around this one forbids them"
	case unix.EPERM:
		return "a sandbox around this one forbids filters: let seccomp(2) and prctl(2) through in the container's " +
			"seccomp profile"
	case unix.ENOMEM:
		return "too many filters or too large ones are installed already"
	}
	return ""
}

// errShim is the cause where a shim ended without having said why.
var errShim = errors.New("the shim ended before it executed the target")

// shimEnded makes the error for a shim that ended without a record.
func shimEnded(ws unix.WaitStatus) error {
	switch {
	case ws.Signaled():
		return fmt.Errorf("%w: killed by %s", errShim, unix.SignalName(ws.Signal()))
	case ws.Exited() && ws.ExitStatus() != exitUnwanted:
		return fmt.Errorf("%w: status %d: does main call Init first?", errShim, ws.ExitStatus())
	}
	return errShim
}
