package page

import (
	"strings"

	"sydbox/record/ask"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// why is the answer to "why did it fail", as text; empty if the command did not.
func why(t *trail.Trail) string {
	root := t.Root()
	if root == nil || !root.Failed() {
		return ""
	}
	var b strings.Builder
	ask.Why(t).Text(show.New(&b, 0, false))
	return b.String()
}
