package sandbox

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/tracer"
	"sydbox/tracer/landlock"
)

// TestProbe: what is said of the kernel is what the parts that use it find.
func TestProbe(t *testing.T) {
	f := Probe()
	seen := map[string]bool{}
	for _, feature := range f.Features {
		if feature.Name == "" || feature.Since == "" || feature.Use == "" || seen[feature.Name] {
			t.Errorf("%+v", feature)
		}
		seen[feature.Name] = true
	}
	support := landlock.Probe()
	for name, want := range map[string]bool{
		featureGive:     tracer.CanGive() == nil,
		featureLandlock: support.Err == nil,
		featurePorts:    support.Net() != 0,
		featureNames:    support.Scopes()&landlock.ScopeAbstract != 0,
	} {
		if f.Has(name) != want {
			t.Errorf("%s: %v, want %v", name, f.Has(name), want)
		}
	}
	if os.Getuid() == 0 && f.Has(featureNamespace) {
		onlyHere(func() {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				t.Errorf("no network namespace can be had: %v", err)
			}
		})
	}
}

// TestSocketPinning: calls on sockets are held only where both means are there.
func TestSocketPinning(t *testing.T) {
	for _, c := range []struct {
		getfd, give bool
		want        Pin
	}{{true, true, PinHeld}, {true, false, PinDetects}, {false, true, PinOff}, {false, false, PinOff}} {
		f := &Features{Features: []Feature{{Name: featureGetfd, Found: c.getfd}, {Name: featureGive, Found: c.give}}}
		if got := f.socketPinning(); got.Level != c.want || got.By == "" {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

// askDiag tells a kernel that can from one that cannot: no kernel has the family.
func TestAskDiag(t *testing.T) {
	if err := askDiag(unix.AF_MAX - 1); err == nil {
		t.Error("sock_diag knows a family that there is not")
	}
}
