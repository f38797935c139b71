package launch

import (
	"encoding/binary"
	"errors"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// Status is what came of a primitive.
type Status uint8

// The statuses.
const (
	Skipped Status = iota // not asked for, or nothing to do
	Applied               // in force
	Failed                // asked for, and not to be had
)

var statusNames = [...]string{Skipped: "skipped", Applied: "applied", Failed: "failed"}

func (s Status) String() string { return statusNames[s] }

var levelNames = [...]string{Off: "off", Preferred: "preferred", Required: "required"}

func (l Level) String() string { return levelNames[l] }

// Outcome is what came of one primitive of a Plan.
type Outcome struct {
	Step   Step
	Level  Level
	Status Status
	// Errno is why it failed; 0 if no call of the kernel's said so.
	Errno syscall.Errno
	// Reason is why it was skipped or failed, or what of it was applied, in words; may be empty.
	Reason string
}

// primitives are the steps that have a level, in the order in which they are told of.
var primitives = []Step{
	StepUsers, StepNetwork, StepMounts, StepPIDs, StepIPC, StepUTS, StepProc, StepRoot, StepHide, StepReadOnly, StepNoNewPrivs,
	StepCapabilities, StepCore, StepUmask, StepDescriptors, StepLandlock,
	StepCPU, StepAS, StepNofile, StepNproc, StepFsize, StepCoreSize,
}

// primitiveNames are the keys of a policy, and the names in logs.
var primitiveNames = map[Step]string{
	StepUsers: "user_namespace", StepNetwork: "network_namespace", StepMounts: "mount_namespace",
	StepPIDs: "pid_namespace", StepIPC: "ipc_namespace", StepUTS: "uts_namespace", StepProc: "private_proc",
	StepRoot: "root", StepHide: "hide", StepReadOnly: "read_only",
	StepNoNewPrivs: "no_new_privs", StepCapabilities: "capabilities", StepCore: "core",
	StepUmask: "umask", StepDescriptors: "descriptors", StepLandlock: "landlock",
	StepCPU: "limit_cpu", StepAS: "limit_as", StepNofile: "limit_nofile", StepNproc: "limit_nproc",
	StepFsize: "limit_fsize", StepCoreSize: "limit_core",
}

// Primitive is the name of a step that has a level, as in a policy; empty for the others.
func (s Step) Primitive() string { return primitiveNames[s] }

// level is how much the plan wants a primitive.
func (p *Plan) level(step Step) Level {
	switch step {
	case StepNetwork:
		return p.Network
	case StepUsers:
		return p.Users
	case StepMounts:
		if p.covers() {
			return max(p.Mounts, p.MountLevel)
		}
		return p.Mounts
	case StepRoot:
		return p.coverLevel(p.Root)
	case StepHide:
		return p.coverLevel(p.Hide)
	case StepReadOnly:
		return p.coverLevel(p.ReadOnly)
	case StepPIDs:
		return p.PIDs
	case StepIPC:
		return p.IPC
	case StepUTS:
		return p.UTS
	case StepProc:
		if p.OuterProc {
			return Off
		}
		return min(p.PIDs, p.level(StepMounts))
	case StepNoNewPrivs:
		return p.NoNewPrivs
	case StepCapabilities:
		if p.DropAll == Off && p.Drop != 0 {
			return Required
		}
		return p.DropAll
	case StepCore:
		return levelIf(p.NoCore)
	case StepUmask:
		return levelIf(p.SetUmask)
	case StepDescriptors:
		if !p.InheritFDs {
			return Required
		}
		return p.Descriptors
	case StepLandlock:
		if p.Landlock != nil && p.LandlockLevel == Off {
			return Preferred
		}
		return p.LandlockLevel
	}
	if l := p.limit(step); l != nil {
		return l.Level
	}
	return Off
}

func levelIf(wanted bool) Level {
	if wanted {
		return Required
	}
	return Off
}

// reason says in words what of a primitive was applied, or why not.
func (p *Plan) reason(o *Outcome) string {
	switch {
	case o.Status == Skipped && o.Level == Off:
		return "not asked for"
	case o.Status == Failed:
		return o.Errno.Error()
	case o.Status == Applied && o.Step == StepCapabilities && p.DropAll == Off:
		return "those by which limits and addresses could be changed"
	}
	return ""
}

// outcomes are what the shim has to tell, records of three fields: step, status, and the errno in four bytes.
type outcomes struct{ buf []byte }

const outcomeSize = 7 // with its mark

// came notes what came of a step. The error is that of the step if the start must not go on without it.
func (o *outcomes) came(step Step, level Level, err error) error {
	status := Applied
	if err != nil {
		status = Failed
	}
	o.buf = append(o.buf, outcomeByte, byte(step), byte(status))
	var errno syscall.Errno
	if err != nil {
		errno = errnoOf(err)
	}
	o.buf = binary.LittleEndian.AppendUint32(o.buf, uint32(errno))
	if level == Required {
		return err
	}
	return nil
}

// flush tells it all. The socket holds far more.
func (o *outcomes) flush(fd int) {
	_, _ = unix.Write(fd, o.buf) // without a reader there is nobody to tell
	o.buf = o.buf[:0]
}

// outcomeRecord reads the rest of a record of the shim's.
func (s *Shim) outcomeRecord() {
	var rec [outcomeSize - 1]byte
	if readFull(s.outcome, rec[:]) != nil || rec[1] > byte(Failed) {
		return // the shim was killed in the middle of it
	}
	s.note(Step(rec[0]), Status(rec[1]), syscall.Errno(binary.LittleEndian.Uint32(rec[2:])))
}

// note keeps an outcome; of a step that is told of twice the last word counts.
func (s *Shim) note(step Step, status Status, errno syscall.Errno) {
	o := Outcome{Step: step, Level: s.plan.level(step), Status: status, Errno: errno}
	if o.Reason = s.plan.reason(&o); o.Reason == "" {
		o.Reason = s.at.without[step]
	}
	s.outcomes = append(slices.DeleteFunc(s.outcomes, func(old Outcome) bool { return old.Step == step }), o)
}

// Outcomes says what came of each primitive, those that were not asked for too. It must be called after the shim has
// executed the target, or has ended: then those that it did not come to are missing.
func (s *Shim) Outcomes() []Outcome {
	s.hear()
	list := make([]Outcome, 0, len(primitives))
	for _, step := range primitives {
		i := slices.IndexFunc(s.outcomes, func(o Outcome) bool { return o.Step == step })
		switch {
		case i >= 0:
			list = append(list, s.outcomes[i])
		case spaceOf(step) != nil && s.inside.has(step):
			o := Outcome{Step: step, Level: s.plan.level(step), Status: Applied}
			if o.Level == Off {
				o.Reason = "it takes one for the others"
			}
			list = append(list, o)
		case s.without[step] != nil:
			list = append(list, s.leftOut(step))
		case s.plan.level(step) == Off:
			o := Outcome{Step: step}
			o.Reason = s.plan.reason(&o)
			list = append(list, o)
		case step == StepRoot || step == StepHide || step == StepReadOnly:
			list = append(list, s.uncovered(step))
		}
	}
	return list
}

// uncovered is the outcome of paths that are preferred to be mounted over, none of which was come to.
func (s *Shim) uncovered(step Step) Outcome {
	if s.without[StepMounts] != nil {
		o := s.leftOut(StepMounts)
		o.Step, o.Level = step, s.plan.level(step)
		return o
	}
	return Outcome{Step: step, Level: s.plan.level(step), Reason: s.at.without[step]}
}

// leftOut is the outcome of what is preferred and cannot be had.
func (s *Shim) leftOut(step Step) Outcome {
	o := Outcome{Step: step, Level: s.plan.level(step), Status: Failed}
	cause := s.without[step]
	var setup *SetupError
	if errors.As(cause, &setup) {
		cause = setup.Err
	}
	o.Reason = cause.Error()
	_ = errors.As(cause, &o.Errno) // 0 where it was no call of the kernel's
	return o
}
