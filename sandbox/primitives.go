package sandbox

import (
	"fmt"

	"golang.org/x/sys/unix"

	"sydbox/event"
	"sydbox/tracer/launch"
)

// Names of the primitives of hardening that are no steps of the start.
const (
	envPrimitive     = "env"
	denyPrimitive    = "deny_list"
	timeoutPrimitive = "timeout"
	outputPrimitive  = "output"
	filterPrimitive  = "seccomp"
	pinningPrimitive = "pinning"
)

// primitives are the names of all primitives, in the order in which a run tells of them.
func primitives() (names []string) {
	for _, step := range launch.Primitives() {
		names = append(names, step.Primitive())
	}
	return append(names, envPrimitive, denyPrimitive, timeoutPrimitive, outputPrimitive, filterPrimitive, pinningPrimitive)
}

// own are those that are no steps of the start.
func (h *hardening) own() []event.Primitive {
	list := []event.Primitive{h.environment(), h.denyList(), h.time(), h.cut()}
	for i := range list {
		if said, ok := h.why[list[i].Name]; ok {
			list[i] = said
		}
	}
	return append(list, event.Primitive{Name: filterPrimitive, Level: "required", Status: launch.Applied.String()})
}

// stated is the outcome of something that needs nothing of the kernel.
func stated(name string, asked bool, reason string) event.Primitive {
	if !asked {
		return event.Primitive{Name: name, Level: "off", Status: launch.Skipped.String(), Reason: whyUnasked}
	}
	return event.Primitive{Name: name, Level: "required", Status: launch.Applied.String(), Reason: reason}
}

func (h *hardening) environment() event.Primitive {
	return stated(envPrimitive, h.env.Asked, fmt.Sprintf("kept back: %d, set: %d", h.env.Removed, h.env.Set))
}

func (h *hardening) denyList() event.Primitive {
	reason := fmt.Sprintf("calls that fail with %s: %d", unix.ErrnoName(h.calls.errno), h.calls.number)
	p := stated(denyPrimitive, h.calls.level != "off" && !ablated(protectCalls), reason)
	p.Level = h.calls.level
	return p
}

func (h *hardening) time() event.Primitive {
	reason := h.timeout.String()
	if h.grace > 0 {
		reason += ", grace " + h.grace.String()
	}
	return stated(timeoutPrimitive, h.timeout > 0, reason)
}

func (h *hardening) cut() event.Primitive {
	return stated(outputPrimitive, h.output > 0, fmt.Sprintf("%d bytes", h.output))
}

// leaveOut leaves out what a build for tests switches off, of what the command itself says.
func (c *Cmd) leaveOut() {
	if without(launch.StepNoNewPrivs.Primitive()) {
		c.NoNewPrivs = Off
	}
	if without(timeoutPrimitive) {
		c.Timeout = 0
	}
	if without(outputPrimitive) {
		c.Output = 0
	}
}
