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
		var got launch.Outcome
		b.opt.Hardened = func(list []launch.Outcome) { got = cameOf(list, launch.StepLandlock) }
		b.exits(0)
		want := launch.Outcome{Step: launch.StepLandlock, Level: launch.Preferred, Status: launch.Failed,
			Errno: unix.ENOENT, Reason: unix.ENOENT.Error()}
		if got != want {
			t.Errorf("preferred: %+v, want %+v", got, want)
		}

		b = newBox(t, nil, victim64(t), "ok")
		b.plan.NoNewPrivs, b.plan.Listener = launch.Required, listener
		b.plan.Landlock = &landlock.Ruleset{Handled: landlock.MakeFIFO}
		b.opt.Hardened = func(list []launch.Outcome) { got = cameOf(list, launch.StepLandlock) }
		b.exits(0)
		if got.Status != launch.Applied {
			t.Errorf("it can be had: %+v", got)
		}
	}
}

func cameOf(list []launch.Outcome, step launch.Step) launch.Outcome {
	for _, o := range list {
		if o.Step == step {
			return o
		}
	}
	return launch.Outcome{}
}
