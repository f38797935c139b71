package launch

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Limit is an upper bound of what a process may use (setrlimit(2)). Soft and hard limit become Value unless they are
// lower already: a limit never gives more than there was. What is left after the soft limit of CPU time is a second in
// which the program can say so before it is killed.
type Limit struct {
	// Step is StepCPU (seconds), StepAS, StepFsize, StepCoreSize (bytes), StepNofile or StepNproc (a number).
	Step  Step
	Value uint64
	Level Level
}

// resources are the RLIMIT_* of the steps.
var resources = map[Step]int{
	StepCPU: unix.RLIMIT_CPU, StepAS: unix.RLIMIT_AS, StepNofile: unix.RLIMIT_NOFILE, StepNproc: unix.RLIMIT_NPROC,
	StepFsize: unix.RLIMIT_FSIZE, StepCoreSize: unix.RLIMIT_CORE,
}

// limit returns the limit of a step, nil if there is none.
func (p *Plan) limit(step Step) *Limit {
	for i := range p.Limits {
		if p.Limits[i].Step == step {
			return &p.Limits[i]
		}
	}
	return nil
}

// errUncounted says that the kernel does not count the processes of whoever starts the target: copy_process in
// kernel/fork.c lets root and CAP_SYS_RESOURCE have as many as there is room for.
var errUncounted = errors.New("the kernel does not count the processes of root")

// Limit sets the limits of the target, which has stopped at its first exec and not run an instruction. The shim could
// not do that: its own runtime would meet the limits on memory and threads, and the runtime puts the limit of open
// files back before it executes anything. The error is that of the first limit that is required and cannot be set.
//
// Precondition: it is called once, after the shim has executed the target.
func (s *Shim) Limit() error {
	for i := range s.plan.Limits {
		l := &s.plan.Limits[i]
		err := l.set(s.PID)
		status := Applied
		if err != nil {
			status = Failed
		}
		o := Outcome{Step: l.Step, Level: l.Level, Status: status}
		if err != nil {
			o.Reason = err.Error()
			if errno, ok := err.(unix.Errno); ok {
				o.Errno = errno
			}
		}
		s.outcomes = append(s.outcomes, o)
		if err != nil && l.Level == Required {
			return &SetupError{Step: l.Step, Err: err, Hint: `to start without it, say [harden] limits = "preferred"`}
		}
	}
	return nil
}

// set lowers a limit of a process.
func (l *Limit) set(pid int) error {
	if l.Step == StepNproc && uncounted(pid) {
		return errUncounted
	}
	var old unix.Rlimit
	if err := unix.Prlimit(pid, resources[l.Step], nil, &old); err != nil {
		return err
	}
	hard := l.Value
	if l.Step == StepCPU {
		hard++
	}
	limit := unix.Rlimit{Cur: min(old.Cur, l.Value), Max: min(old.Max, hard)}
	return unix.Prlimit(pid, resources[l.Step], &limit, nil)
}

// uncounted says that the kernel does not count the processes of whoever pid belongs to. In a user namespace where root
// is somebody else outside it does.
func uncounted(pid int) bool {
	var st unix.Stat_t
	if unix.Stat(fmt.Sprintf("/proc/%d", pid), &st) != nil || st.Uid != 0 {
		return false
	}
	text, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return true
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "0" {
			return f[1] == "0"
		}
	}
	return true
}
