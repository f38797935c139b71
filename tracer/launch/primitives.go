package launch

import "slices"

// Primitives are the steps that Shim.Outcomes tells of, in its order. The slice is the caller's.
func Primitives() []Step { return slices.Clone(primitives) }
