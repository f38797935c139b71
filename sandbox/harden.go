package sandbox

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer/launch"
)

// hardening is what [harden] and [env] ask of the start, and what came of it. It is complete before the target runs.
type hardening struct {
	// why has the primitives that the plan leaves out though the policy asks for them.
	why map[string]event.Primitive
	env policy.EnvChange
	// calls is the list of deny_calls: its level, how many calls this machine's ABIs have of it, and their errno.
	calls struct {
		level  string
		number int
		errno  syscall.Errno
	}
	timeout, grace time.Duration
	output         uint64
	// primitives are all of them.
	primitives []event.Primitive
}

// Reasons that several primitives share.
const (
	whyWarn    = "with --mode warn everything happens"
	whyUnasked = "not asked for"
)

// launchLevel is the level that a policy names.
func launchLevel(word string) launch.Level {
	switch word {
	case "preferred":
		return launch.Preferred
	case "required":
		return launch.Required
	}
	return launch.Off
}

// steps are the primitives of the bounds.
var steps = map[policy.Bound]launch.Step{
	policy.BoundCPU: launch.StepCPU, policy.BoundAS: launch.StepAS, policy.BoundNofile: launch.StepNofile,
	policy.BoundNproc: launch.StepNproc, policy.BoundFsize: launch.StepFsize, policy.BoundCore: launch.StepCoreSize,
}

// into plans what the policy asks for. With WarnOnly everything happens.
func (h *hardening) into(plan *launch.Plan, c *Cmd, w *wall) {
	h.why = map[string]event.Primitive{}
	if plan.Env == nil {
		plan.Env = os.Environ()
	}
	want := c.Policy.Hardening()
	if level, obstacle := c.Policy.NetworkNamespace(); obstacle != nil {
		h.skip("network_namespace", level,
			"[connect] "+obstacle.Action.String()+" "+obstacle.Text+" is more than it would let through")
	}
	switch level := c.Policy.Landlock(); {
	case w.err != nil:
		h.why["landlock"] = failed("landlock", level, w.err)
	case w.ruleset == nil && level != "off":
		h.skip("landlock", level, "the rules leave nothing to it")
	}
	h.countCalls(c.Policy)
	h.timeout, h.grace, h.output = c.Timeout, c.Grace, c.Output
	if c.Mode == WarnOnly {
		h.without(&want, c)
		return
	}
	if !without(envPrimitive) {
		plan.Env, h.env = c.Policy.Env(plan.Env)
	}
	plan.DropAll = launchLevel(want.Capabilities)
	plan.Descriptors, plan.KeepFDs = launchLevel(want.Descriptors), want.Keep
	for kind, level := range map[policy.Namespace]*launch.Level{
		policy.NamespaceUser: &plan.Users, policy.NamespacePID: &plan.PIDs, policy.NamespaceIPC: &plan.IPC,
		policy.NamespaceUTS: &plan.UTS, policy.NamespaceMount: &plan.Mounts,
	} {
		*level = launchLevel(want.Namespaces[kind])
	}
	plan.ReadOnly, plan.Hide = want.Mounts[policy.MountReadOnly], want.Mounts[policy.MountHide]
	plan.Root = want.Mounts[policy.MountRoot]
	plan.MountLevel = launchLevel(want.MountLevel)
	if want.Umask >= 0 {
		plan.SetUmask, plan.Umask = true, uint32(want.Umask)
	}
	for _, l := range want.Limits {
		if level := launchLevel(want.LimitLevel); level != launch.Off {
			plan.Limits = append(plan.Limits, launch.Limit{Step: steps[l.Bound], Value: l.Value, Level: level})
		}
	}
	if len(plan.Limits) > 0 {
		plan.Drop |= 1 << unix.CAP_SYS_RESOURCE // which would raise them again
	}
}

// countCalls reads the list of deny_calls.
func (h *hardening) countCalls(p *policy.Policy) {
	var names []string
	names, h.calls.errno, h.calls.level = p.DeniedCalls()
	for _, name := range names {
		has := func(abi *arch.ABI) bool {
			_, known := syscalls.Number(abi, name)
			return known
		}
		if slices.ContainsFunc(arch.Native(), has) {
			h.calls.number++
		}
	}
}

// without notes what is left out with WarnOnly.
func (h *hardening) without(want *policy.Hardening, c *Cmd) {
	h.leaveOut("capabilities", want.Capabilities)
	h.leaveOut("descriptors", want.Descriptors)
	h.leaveOut("landlock", c.Policy.Landlock())
	network, _ := c.Policy.NetworkNamespace()
	h.leaveOut("network_namespace", network)
	h.leaveOut(pinningPrimitive, c.Policy.Pinning())
	for n, level := range want.Namespaces {
		h.leaveOut(policy.Namespace(n).String(), level)
	}
	for l, paths := range want.Mounts {
		if len(paths) > 0 {
			h.leaveOut(policy.MountList(l).String(), want.MountLevel)
		}
	}
	for _, l := range want.Limits {
		h.leaveOut(l.Bound.String(), want.LimitLevel)
	}
	if want.Umask >= 0 {
		h.leaveOut("umask", "required")
	}
	if _, change := c.Policy.Env(nil); change.Asked {
		h.leaveOut(envPrimitive, "required")
	}
	h.leaveOut(denyPrimitive, h.calls.level)
}

func (h *hardening) leaveOut(name, level string) {
	if level != "off" {
		h.skip(name, level, whyWarn)
	}
}

// skip notes that a primitive has nothing to do or is not to be used.
func (h *hardening) skip(name, level, why string) {
	h.why[name] = event.Primitive{Name: name, Level: level, Status: launch.Skipped.String(), Reason: why}
}

func failed(name, level string, err error) event.Primitive {
	p := event.Primitive{Name: name, Level: level, Status: launch.Failed.String(), Reason: err.Error()}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		p.Errno = unix.ErrnoName(errno)
	}
	return p
}

// hardened is called once the target is loaded: all is settled now.
func (b *box) hardened(list []launch.Outcome) {
	h := &b.hardening
	var all []event.Primitive
	for i := range list {
		o := &list[i]
		p := event.Primitive{Name: o.Step.Primitive(), Level: o.Level.String(), Status: o.Status.String(), Reason: o.Reason}
		if o.Errno != 0 {
			p.Errno = unix.ErrnoName(o.Errno)
		}
		if said, ok := h.why[p.Name]; ok && o.Status == launch.Skipped {
			p = said
		}
		if o.Step == launch.StepLandlock {
			b.inForce.Landlock = o.Status == launch.Applied
			if p.Status != launch.Skipped.String() {
				p.Level = b.policy.Landlock() // it may be planned as required for the sake of the filter
			}
		}
		all = append(all, p)
	}
	h.primitives = append(all, h.own()...)
}

// pinned says how firmly calls are held to what was judged. Precondition: beginCarrying was called.
func (b *box) pinned() event.Primitive {
	p := event.Primitive{Name: pinningPrimitive, Level: b.policy.Pinning(), Status: launch.Skipped.String()}
	if said, ok := b.hardening.why[p.Name]; ok {
		return said
	}
	switch {
	case p.Level == "off":
		p.Reason = whyUnasked
	case !b.inForce.Judges:
		p.Reason = "no rule judges what is opened"
	case b.inForce.Opens == PinHeld:
		p.Status = launch.Applied.String()
	default:
		p.Status, p.Reason = launch.Failed.String(), "opens are looked at again when they have happened"
	}
	return p
}

// tell passes on what came of everything, once the target is loaded.
func (b *box) tell(c *Cmd) {
	b.hardening.primitives = append(b.hardening.primitives, b.pinned())
	if c.Hardened != nil {
		c.Hardened(b.hardening.primitives)
	}
}

// refusal is the primitive that kept the target from being started; false if it was something else.
func refusal(err error) (event.Primitive, bool) {
	if errors.Is(err, errNoHandover) || errors.Is(err, errNoSockets) {
		return failed(pinningPrimitive, "required", err), true
	}
	var setup *launch.SetupError
	if !errors.As(err, &setup) || setup.Step.Primitive() == "" {
		return event.Primitive{}, false
	}
	return failed(setup.Step.Primitive(), launch.Required.String(), setup.Err), true
}
