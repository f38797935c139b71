package launch

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Inside says which namespaces the target has to itself.
type Inside struct {
	// Target is the target's number, as this process counts.
	Target int
	// User: it is in a user namespace, because that was asked for or because the others take one.
	User bool
	// PIDs: it and all its descendants have numbers of their own, below an init of this package's that is not traced.
	// Init is that process's number outside.
	PIDs bool
	Init int
	// Mounts: what it mounts is nobody else's to see, and what is mounted elsewhere from now on is not its.
	Mounts bool
	// Covered are the paths at which something is mounted over, as they are called in there.
	Covered []string
	// Proc: its /proc shows its own PID namespace.
	Proc bool
}

// Inside says which namespaces the target has to itself. It must be called after the shim has executed the target.
func (s *Shim) Inside() Inside {
	s.hear()
	in := Inside{
		Target: s.PID, User: s.inside.has(StepUsers), PIDs: s.inside.has(StepPIDs), Mounts: s.inside.has(StepMounts),
	}
	if in.PIDs {
		in.Init = s.child
	}
	for i := range s.outcomes {
		switch o := &s.outcomes[i]; {
		case o.Status == Applied && o.Step == StepProc:
			in.Proc = true
		case o.Step == StepRoot || o.Step == StepHide || o.Step == StepReadOnly:
			in.Covered = append(in.Covered, s.at.of(o.Step)...) // of one that failed a part may be there
		}
	}
	return in
}

// spaces are the kinds of namespaces that the plan asks for.
func (p *Plan) spaces() (set spaceSet) {
	for i := range spaces {
		if p.level(spaces[i].step) != Off {
			set |= spaceSet(spaces[i].flag)
		}
	}
	return set
}

// startInside starts the shim in the namespaces of the plan, as far as they are to be had. Those that are preferred and
// cannot be are left out; which they are is found by making each alone, for a child that executes nothing.
func (p *Plan) startInside() (*Shim, error) {
	set := p.spaces()
	without := map[Step]error{}
	for set != 0 {
		user, err := set.needsUser()
		if err == nil && set.has(StepMounts) && !rootMounted() {
			err = &SetupError{Step: StepMounts, Err: errNoMountRoot}
		}
		var s *Shim
		if err == nil {
			s, err = p.start(set, set.attr(user))
		}
		if err == nil {
			if s.inside = set; user {
				s.inside |= unix.CLONE_NEWUSER
			}
			s.without = without
			s.network.Applied, s.network.User, s.network.Skipped = set.has(StepNetwork), user, without[StepNetwork]
			return s, nil
		}
		culprits := set.culprits(err, user)
		if len(culprits) == 0 {
			return nil, err
		}
		for step, err := range culprits {
			if p.level(step) == Required {
				var setup *SetupError
				if step == StepMounts && p.Mounts != Required && errors.As(err, &setup) {
					setup.Hint = `to start without it, say [harden] mounts = "preferred"`
				}
				return nil, err
			}
			without[step] = err
			if step == StepPIDs && stepOf(err) == StepProc {
				// Numbers of its own and the /proc of others would be worse than neither.
				without[StepProc] = errors.Unwrap(err)
				without[StepPIDs] = fmt.Errorf("no procfs of its own can be mounted: %w", errors.Unwrap(err))
			}
			set &^= spaceSet(spaceOf(step).flag)
		}
		if err := without[StepMounts]; err != nil && set.has(StepPIDs) && p.level(StepPIDs) == Preferred && p.level(StepProc) != Off {
			// The same, as there is no place for a procfs of its own.
			without[StepProc] = errors.Unwrap(err)
			without[StepPIDs] = fmt.Errorf("no procfs of its own can be mounted: %w", err)
			set &^= spaceSet(spaceOf(StepPIDs).flag)
		}
	}
	s, err := p.start(0, nil)
	if err == nil {
		s.without, s.network.Skipped = without, without[StepNetwork]
	}
	return s, err
}

// stepOf is the step that failed, 0 if it was none.
func stepOf(err error) Step {
	var setup *SetupError
	if errors.As(err, &setup) {
		return setup.Step
	}
	return 0
}

// culprits are the kinds that a start failed because of; none if it was something else.
func (s spaceSet) culprits(err error, user bool) map[Step]error {
	found := map[Step]error{}
	var setup *SetupError
	if stepOf(err) == StepProc {
		found[StepPIDs] = err
		return found
	}
	if errors.As(err, &setup) && spaceOf(setup.Step) != nil {
		// The shim, or its init, has said so.
		cause := setup.Err
		if errno := syscall.Errno(0); errors.As(cause, &errno) {
			cause = errno
		}
		found[setup.Step] = spaceOf(setup.Step).failed(cause, user)
		return found
	}
	if errors.Is(err, unix.ENOENT) {
		return nil // there is no shim
	}
	blame := func(sp *space, err error) {
		if sp.flag&uintptr(s) != 0 {
			found[sp.step] = sp.failed(err, user)
		}
	}
	if s.has(StepUsers) {
		// Alone: whoever has CAP_SYS_ADMIN gets the others without it.
		if err := spaceSet(unix.CLONE_NEWUSER).try(true); err != nil {
			blame(spaceOf(StepUsers), err)
			return found
		}
	}
	for i := range spaces {
		sp := &spaces[i]
		if sp.flag&uintptr(s) == 0 {
			continue
		}
		alone := spaceSet(sp.flag)
		needs, err := alone.needsUser()
		if err == nil {
			err = alone.try(user || needs)
		}
		if err != nil {
			blame(sp, err)
		}
	}
	if len(found) > 0 {
		return found
	}
	if err := s.try(user); err != nil { // each can be had, but not all
		for i := range spaces {
			blame(&spaces[i], err)
		}
	}
	return found
}
