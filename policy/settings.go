package policy

import (
	"fmt"
	"time"
)

// What is not about rules: [syscalls], [run], and the levels of [harden]. The nearest layer that says something about a setting
// has the word.

// Levels of a hardening primitive.
var levelNames = []string{"off", "preferred", "required"}

// Values of run.wait.
var waitNames = []string{"all", "root"}

var placementNames = []string{"near", "free"}

// setting is a value and where it was set; without a place nobody did.
type setting[T any] struct {
	value T
	place place
}

func (s *setting[T]) set() bool { return s.place.src != nil }

// or returns the value, or another one where nobody set it.
func (s *setting[T]) or(otherwise T) T {
	if s.set() {
		return s.value
	}
	return otherwise
}

// settings are those of one document, or of a whole policy.
type settings struct {
	noNewPrivs setting[string]
	landlock   setting[string]
	pinning    setting[string]
	// networkNamespace: see Policy.NetworkNamespace.
	networkNamespace setting[string]
	wait             setting[string]
	timeout          setting[time.Duration]
	violationStatus  setting[int]
	grace            setting[time.Duration]
	output           setting[uint64]
	placement        setting[string]

	harden hardenSettings
	env    envSettings
	calls  callSettings
}

// below fills what s leaves open from a farther layer, the number of which is layer.
func (s *settings) below(far *settings, layer int) {
	fill(&s.noNewPrivs, &far.noNewPrivs)
	fill(&s.landlock, &far.landlock)
	fill(&s.pinning, &far.pinning)
	fill(&s.networkNamespace, &far.networkNamespace)
	fill(&s.wait, &far.wait)
	fill(&s.timeout, &far.timeout)
	fill(&s.violationStatus, &far.violationStatus)
	fill(&s.grace, &far.grace)
	fill(&s.output, &far.output)
	fill(&s.placement, &far.placement)
	s.harden.below(&far.harden)
	s.env.below(&far.env, layer)
	s.calls.below(&far.calls, layer)
}

func fill[T any](near, far *setting[T]) {
	if !near.set() {
		*near = *far
	}
}

// RunSettings is the [run] section.
type RunSettings struct {
	// Wait is "all" (the run is over when the whole tree is gone) or "root" (when the command is).
	Wait string
	// Timeout ends the run; 0 is none. Everything gets SIGTERM then, and SIGKILL when Grace is over as well.
	Timeout, Grace time.Duration
	// Output is how many bytes the command may write to its standard output and error, together; 0 sets no bound.
	Output uint64
	// Placement is "near" (while one thing happens after the other, it does so on one CPU) or "free".
	Placement string
	// ViolationStatus is the exit status where something was denied and the command itself succeeded; 0 leaves it.
	ViolationStatus int
}

// Run returns the [run] section: wait "all", placement "near", no timeout and no status of its own unless said.
func (p *Policy) Run() RunSettings {
	s := &p.settings
	return RunSettings{Wait: s.wait.or("all"), Timeout: s.timeout.value, Grace: s.grace.value,
		Output: s.output.value, Placement: s.placement.or("near"), ViolationStatus: s.violationStatus.value}
}

// NoNewPrivs returns harden.no_new_privs: "required" unless said, "preferred" or "off".
func (p *Policy) NoNewPrivs() string { return p.settings.noNewPrivs.or("required") }

// Landlock returns harden.landlock: "preferred" unless said, "required" or "off".
func (p *Policy) Landlock() string { return p.settings.landlock.or("preferred") }

// Pinning returns harden.pinning: "preferred" unless said, "required" or "off". "required" means that a run must not
// start where a call that a rule could deny would only be looked at again afterwards.
func (p *Policy) Pinning() string { return p.settings.pinning.or("preferred") }

// Lifted says whether [syscalls] lifts a refusal of RefusalNames.
func (p *Policy) Lifted(refusal string) bool {
	_, ok := p.lifted[refusal]
	return ok
}

// Lifts says whether any refusal is lifted.
func (p *Policy) Lifts() bool { return len(p.lifted) > 0 }

func (d *decoder) syscalls(table map[string]any) {
	const prefix = "syscalls" + keySep
	for _, name := range d.ordered(table, prefix) {
		key := prefix + name
		if name != "allow" {
			d.fail(d.at(key), didYouMean(name, []string{"allow"}), "unknown key %q in [syscalls]", name)
			continue
		}
		d.strings(key, table[name], func(text string, p place) {
			if err := checkRefusal(text, p); err != nil && d.err == nil {
				d.err = err
			}
			d.doc.lifted = append(d.doc.lifted, liftEntry{text, p})
		})
	}
}

// checkRefusal says whether a refusal of that name exists.
func checkRefusal(name string, p place) *Error {
	for _, known := range RefusalNames() {
		if name == known {
			return nil
		}
	}
	if LookupRefusal(name) != nil {
		return p.failIn(name, &problem{0, len(name), fmt.Sprintf("the refusal %q cannot be lifted", name),
			"without it nothing else holds"})
	}
	return p.failIn(name, &problem{0, len(name), fmt.Sprintf("%q is not the name of a refusal", name),
		choose(name, RefusalNames())})
}

// word reads one of a few words.
func (d *decoder) word(key string, v any, known []string, to *setting[string]) {
	text, ok := d.text(key, v)
	if !ok {
		return
	}
	for _, k := range known {
		if text == k {
			*to = setting[string]{text, d.at(key)}
			return
		}
	}
	d.fail(d.value(key), choose(text, known), "%q is not a value that is known", text)
}

var runKeys = []string{"wait", "timeout", "grace", "output", "placement", "violation_status"}

func (d *decoder) run(table map[string]any) {
	const prefix = "run" + keySep
	for _, name := range d.ordered(table, prefix) {
		key, v := prefix+name, table[name]
		switch name {
		case "wait":
			d.word(key, v, waitNames, &d.doc.settings.wait)
		case "timeout":
			if t, ok := d.duration(key, v); ok {
				d.doc.settings.timeout = setting[time.Duration]{t, d.at(key)}
			}
		case "grace":
			if t, ok := d.duration(key, v); ok {
				d.doc.settings.grace = setting[time.Duration]{t, d.at(key)}
			}
		case "output":
			if n, ok := d.size(key, v); ok {
				d.doc.settings.output = setting[uint64]{n, d.at(key)}
			}
		case "placement":
			d.word(key, v, placementNames, &d.doc.settings.placement)
		case "violation_status":
			n, isInt := v.(int64)
			if !isInt || n < 0 || n > 255 {
				d.fail(d.value(key), "write a number from 1 to 255, or 0 to keep the command's own",
					"%s is not an exit status", d.raw(key))
			}
			d.doc.settings.violationStatus = setting[int]{int(n), d.at(key)}
		default:
			d.fail(d.at(key), didYouMean(name, runKeys), "unknown key %q in [run]", name)
		}
	}
}
