package tracer

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/tracer/landlock"
	"sydbox/tracer/launch"
)

// TestLandlockLevels gives the shim a domain that cannot be had, with and without a listener to hand over: preferred it
// is told of and done without, required it is the end of the start.
func TestLandlockLevels(t *testing.T) {
	if s := landlock.Probe(); s.Err != nil {
		t.Skip(s.Err)
	}
	missing := &landlock.Ruleset{
		Handled: landlock.WriteFile, Rules: []landlock.Rule{{Path: "/no/such", Access: landlock.WriteFile}},
	}
	for _, listener := range []bool{false, true} {
		b := newBox(t, nil, victim64(t), "ok")
		b.plan.NoNewPrivs, b.plan.Listener = launch.Required, listener
		b.plan.Landlock, b.plan.LandlockLevel = missing, launch.Required
		var e *launch.SetupError
		_, err := Run(&b.plan, b.fake, b.opt)
		if !errors.As(err, &e) || e.Step != launch.StepLandlock || !errors.Is(err, unix.ENOENT) || e.Hint == "" {
			t.Errorf("required: %v", err)
		}

		b = newBox(t, nil, victim64(t), "ok")
		b.plan.NoNewPrivs, b.plan.Listener = launch.Required, listener
		b.plan.Landlock, b.plan.LandlockLevel = missing, launch.Preferred
		var skipped error
		b.opt.Skipped = func(err error) { skipped = err }
		b.exits(0)
		if !errors.As(skipped, &e) || e.Step != launch.StepLandlock || !errors.Is(skipped, unix.ENOENT) {
			t.Errorf("preferred: %v", skipped)
		}

		b = newBox(t, nil, victim64(t), "ok")
		b.plan.NoNewPrivs, b.plan.Listener = launch.Required, listener
		b.plan.Landlock = &landlock.Ruleset{Handled: landlock.MakeFIFO}
		b.opt.Skipped = func(err error) { t.Errorf("it can be had: %v", err) }
		b.exits(0)
	}
}
