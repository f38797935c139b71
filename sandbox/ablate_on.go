//go:build ablation

package sandbox

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"sydbox/tracer/launch"
)

// off is what the environment says is off, read once.
var off = readSwitches(os.Getenv("SYDBOX_ABLATE"))

// switches are protections and, by their names, primitives of hardening.
type switches struct {
	protections [protections]bool
	primitives  []string
}

// ablated says whether a protection is switched off.
func ablated(p protection) bool { return off.protections[p] }

// without says whether a primitive of hardening is switched off that is no step of the start.
func without(primitive string) bool { return slices.Contains(off.primitives, primitive) }

func readSwitches(text string) (off switches) {
	for name := range strings.FieldsSeq(text) {
		switch i := slices.Index(protectionNames[:], name); {
		case i >= 0:
			off.protections[i] = true
		case slices.Contains(primitives(), name):
			off.primitives = append(off.primitives, name)
		default:
			panic(fmt.Sprintf("SYDBOX_ABLATE: no protection is called %q", name))
		}
	}
	return off
}

// omit takes the steps that are switched off out of a plan.
func omit(plan *launch.Plan) {
	for _, step := range launch.Primitives() {
		if without(step.Primitive()) && !plan.Omit(step) {
			panic(fmt.Sprintf("SYDBOX_ABLATE: %q cannot be switched off", step.Primitive()))
		}
	}
	if without(filterPrimitive) {
		plan.Filter, plan.Listener = nil, false
	}
}
