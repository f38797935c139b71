// Package probetest is for tests of what needs a kernel that has a feature: they are skipped where the probe of
// `sydbox features` does not find it, and nowhere else.
package probetest

import (
	"sync"
	"testing"

	"sydbox/sandbox"
)

var probed = sync.OnceValue(sandbox.Probe)

// Needs skips the test where this kernel lacks the named feature.
//
// Precondition: the test binary begins with sandbox.Init.
func Needs(t testing.TB, name string) {
	t.Helper()
	for _, f := range probed().Features {
		switch {
		case f.Name != name:
			continue
		case !f.Found:
			t.Skipf("no %s (Linux %s): %s", name, f.Since, f.Detail)
		}
		return
	}
	t.Fatalf("no feature is called %q", name)
}
