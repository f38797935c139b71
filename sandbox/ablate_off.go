//go:build !ablation

package sandbox

import "sydbox/tracer/launch"

// ablated says whether a protection is switched off: never.
func ablated(protection) bool { return false }

// without says whether a primitive of hardening is switched off: never.
func without(string) bool { return false }

// omit leaves a plan as it is.
func omit(*launch.Plan) {}
