package sandbox

import (
	"os"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/policy"
	"sydbox/tracer/landlock"
	"sydbox/tracer/launch"
)

// wall is the second wall: a Landlock domain that holds the target and all it starts within the outline of the rules
// for changing files and for addresses, and away from processes outside. The rules are the first: what it would stop, they have denied
// before, and said so. What a rule allows and the tracer does, it does from outside of the domain, so the wall
// meets only what is left to the kernel.
//
// The zero value is none.
type wall struct {
	ruleset  *landlock.Ruleset
	required bool
	// err is why it cannot be had, where that is preferred.
	err error
}

// newWall plans the wall of a run. The error says why there is none where the policy requires it.
func newWall(c *Cmd) (*wall, error) {
	level := c.Policy.Landlock()
	// With WarnOnly everything happens.
	if level == "off" || c.Mode == WarnOnly {
		return &wall{}, nil
	}
	w := &wall{required: level == "required"}
	support := landlock.Probe()
	err := support.Err
	if err == nil {
		// Where no write can be denied there are still processes outside to keep signals and looks from.
		wanted := outline(c.Policy)
		if support.Net() != 0 {
			outlineNetwork(wanted, c.Policy, carriesNetwork(c))
		}
		w.ruleset = support.Fit(wanted)
	}
	if w.ruleset != nil {
		err = w.ruleset.Try()
	}
	if err != nil {
		w.ruleset, w.err = nil, err
		if w.required {
			return nil, &launch.SetupError{Step: launch.StepLandlock, Err: err,
				Hint: `to start without it, say [harden] landlock = "preferred"`}
		}
	}
	return w, nil
}

// keepsSignalsIn says that the kernel lets no signal out of the tree, so that the filter need not.
func (w *wall) keepsSignalsIn() bool {
	return w.ruleset != nil && w.ruleset.Scoped&landlock.ScopeSignal != 0
}

// into makes the wall a part of the plan. What the filter leaves to the wall must not be left out by a start without
// it: where the kernel keeps the signals in, the wall is required whatever the policy says. Try has shown that it can
// be had.
func (w *wall) into(plan *launch.Plan) error {
	if w.ruleset == nil {
		return nil
	}
	held, err := heldOpen(plan)
	if err != nil {
		return err
	}
	r := *w.ruleset
	for _, rule := range held {
		if rule.Access &= r.Handled; rule.Access != 0 {
			r.Rules = append(r.Rules, rule)
		}
	}
	plan.Landlock, plan.LandlockLevel = &r, launch.Preferred
	if w.required || w.keepsSignalsIn() {
		plan.LandlockLevel = launch.Required
	}
	return nil
}

// What an operation takes. Devices are apart: making one is refused unless that is lifted, and then the rules decide.
const (
	rightsToWrite   = landlock.WriteFile | landlock.Truncate
	rightsToCreate  = landlock.MakeReg | landlock.MakeDir | landlock.MakeSym | landlock.MakeFIFO | landlock.MakeSock
	rightsToDelete  = landlock.RemoveFile | landlock.RemoveDir
	rightsToDevices = landlock.MakeChar | landlock.MakeBlock
)

// outline turns the hull of a policy into a ruleset. It leaves out what the hull cannot say:
//
//   - With "mount" lifted there are no rights to files, because a domain that has any refuses every mount; with
//     "handles", because a file opened by its handle may have no path up to any directory of a rule; with "bpf",
//     because pinning an object makes a name that no rule is asked about.
//   - A directory is known by its inode. If it is removed and made again the rule is gone with it: what the tracer
//     makes and opens there goes on, what is left to the kernel there (binding a socket) fails.
//   - The names of a place itself lie in the directory above, which is not opened for their sake: removing and
//     replacing the place is done by the tracer.
//   - Moving a device needs the right to make one, moving anything between places with different rights may be
//     EXDEV, and before Linux 5.19 all moving between directories is. Moves are the tracer's as well.
func outline(p *policy.Policy) *landlock.Ruleset {
	r := &landlock.Ruleset{}
	if !p.Lifted(refusalOutsiders) {
		r.Scoped = landlock.ScopeSignal
	}
	if p.Lifted("mount") || p.Lifted("handles") || p.Lifted("bpf") {
		return r
	}
	hull := p.Hull()
	r.Handled = rightsTo(policy.Outlined&^hull.Everywhere, true)
	if r.Handled == 0 {
		return r
	}
	// Linking and moving is denied wherever anything is handled: so it is given wherever the hull gives anything.
	r.Handled |= landlock.Refer
	if hull.Everywhere != 0 {
		r.Rules = append(r.Rules, landlock.Rule{Path: "/", Access: landlock.Refer})
	}
	if isQueues(queues) {
		r.Rules = append(r.Rules, landlock.Rule{Path: queues, Access: rightsToWrite})
	}
	devices := p.Lifted("devices")
	for i := range hull.Places {
		r.Rules = append(r.Rules, rulesFor(&hull.Places[i], devices)...)
	}
	return r
}

// queues is where POSIX message queues are usually mounted. A queue is opened by its own name and call, of which no
// rule speaks, but it is a file of that file system: without a rule there the domain would keep it from being opened
// for writing. Where it is not mounted, that is so.
const queues = "/dev/mqueue"

func isQueues(path string) bool {
	const magic = 0x19800202 // MQUEUE_MAGIC of ipc/mqueue.c
	var st unix.Statfs_t
	return unix.Statfs(path, &st) == nil && st.Type == magic
}

// rightsTo are the rights that operations take.
func rightsTo(ops access.Op, devices bool) (rights landlock.Access) {
	if ops&access.Write != 0 {
		rights |= rightsToWrite
	}
	if ops&access.Create != 0 {
		rights |= rightsToCreate
		if devices {
			rights |= rightsToDevices
		}
	}
	if ops&access.Delete != 0 {
		rights |= rightsToDelete
	}
	return rights
}

// rulesFor are the rules that let a place of the hull be as free as the hull says.
func rulesFor(place *policy.Place, devices bool) []landlock.Rule {
	if place.Tree {
		// The processes to come have no inodes yet, and nothing can be made or removed in /proc.
		return []landlock.Rule{{Path: place.Path, Access: rightsTo(place.Ops&access.Write, false)}}
	}
	found := landlock.Find(place.Path)
	if found.Exists && found.Directory && place.Alone {
		return nil // a directory has no content of its own, and what is below is not meant
	}
	rule := landlock.Rule{Path: found.Path, Access: rightsTo(place.Ops, devices) | landlock.Refer}
	switch {
	case found.Directory:
		return []landlock.Rule{rule}
	case !found.Exists:
		return nil // below something that is no directory
	}
	// A file can be linked from where it is if its directory may take part in that, which by itself gives nothing.
	rule.Access &= landlock.OfFile
	return []landlock.Rule{rule, {Path: found.Parent(), Access: landlock.Refer}}
}

// heldOpen are rules for what the target starts with open for writing: opening that again, by /dev/stdout or
// /proc/self/fd/N, is no more than it has. Pipes and sockets need none.
func heldOpen(plan *launch.Plan) ([]landlock.Rule, error) {
	var rules []landlock.Rule
	hold := func(from, at int) {
		flags, err := unix.FcntlInt(uintptr(from), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_PATH != 0 || flags&unix.O_ACCMODE == unix.O_RDONLY {
			return
		}
		rules = append(rules, landlock.Rule{FD: at, Access: landlock.OfFile})
	}
	for at, f := range []*os.File{plan.Stdin, plan.Stdout, plan.Stderr} {
		if f != nil {
			hold(int(f.Fd()), at)
		}
	}
	inherited, err := plan.Inherited()
	if err != nil {
		return nil, err
	}
	for fd := range inherited {
		hold(fd, fd)
	}
	return rules, nil
}
