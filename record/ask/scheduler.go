package ask

import (
	"cmp"
	"slices"

	"sydbox/record/trail"
)

// schedulers are programs that run jobs side by side, in an order that their input should make right.
var schedulers = map[string]bool{
	"make": true, "gmake": true, "bmake": true, "remake": true, "ninja": true, "samu": true, "xargs": true,
	"parallel": true, "ctest": true, "meson": true, "prove": true, "scons": true, "waf": true, "cargo": true,
	"tup": true, "redo": true, "jam": true, "bjam": true, "b2": true, "bazel": true,
}

// isScheduler says whether a process runs jobs side by side for a living.
func isScheduler(p *trail.Proc) bool { return p != nil && schedulers[p.Name()] }

// sortByTime sorts a list by a time of its elements; equals keep their order.
func sortByTime[T any](list []T, at func(T) int64) {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(at(a), at(b)) })
}
