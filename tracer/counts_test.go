package tracer

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

func TestCountsOfForks(t *testing.T) {
	for _, answered := range []bool{false, true} {
		b := newBox(t, []string{"access", "faccessat", "faccessat2"}, victim64(t), "forks")
		b.opt.Counts, b.opt.Exits = &Counts{}, true
		outcome := Ran
		if answered {
			b.onCall = func(*Task, *syscalls.Invocation) Action { return Action{Kind: Return} }
			outcome = Returned
		}
		b.exits(0)
		stops := b.opt.Counts.Stops
		born := uint64(b.births - 1) // the target's was announced by its exec
		for kind, want := range map[StopKind]uint64{
			BirthStop: born, FirstStop: born, Death: born + 1, EndStop: born + 1, EntryStop: 0, ExecStop: 0, GroupStop: 0,
		} {
			if stops[kind] != want {
				t.Errorf("answered %v: %d stops of the kind %v, want %d", answered, stops[kind], kind, want)
			}
		}
		if stops[StartStop] == 0 {
			t.Error("the start made no stop")
		}
		calls := b.opt.Counts.Calls()
		if len(calls) != 1 || calls[0].Total() != stops[SeccompStop] || calls[0].Outcomes[outcome] != calls[0].Total() {
			t.Errorf("answered %v: calls %v, %d seccomp-stops, want all of one call and %v", answered, calls, stops[SeccompStop],
				outcome)
		}
		if calls[0].Total() != uint64(b.calls[oldName(calls[0].Name)]) {
			t.Errorf("answered %v: calls %v, the handler saw %v", answered, calls, b.calls)
		}
	}
}

func TestCountsOfFollowed(t *testing.T) {
	needsFollow(t)
	b := newBox(t, []string{"access", "faccessat", "faccessat2"}, victim64(t), "forks")
	b.opt.Counts = &Counts{}
	followed := uint64(0)
	b.onCall = func(task *Task, _ *syscalls.Invocation) Action {
		task.Follow(1)
		return Action{Exit: true}
	}
	b.onFollowed = func(*Task, *syscalls.Invocation) Action {
		followed++
		return Action{}
	}
	b.exits(0)
	// The exit stop of the last followed call is not asked for.
	stops := b.opt.Counts.Stops
	if followed == 0 || stops[EntryStop] != followed || stops[ExitStop] < stops[SeccompStop] {
		t.Errorf("stops %v, %d followed calls", stops, followed)
	}
	if calls := b.opt.Counts.Calls(); len(calls) != 1 || calls[0].Outcomes[Watched] != stops[SeccompStop] {
		t.Errorf("calls %v, %d seccomp-stops", calls, stops[SeccompStop])
	}
}

func TestKindOfStop(t *testing.T) {
	stop := func(event int, sig syscall.Signal) unix.WaitStatus {
		return unix.WaitStatus(uint32(event)<<16 | uint32(sig)<<8 | 0x7f)
	}
	for _, c := range []struct {
		ws   unix.WaitStatus
		want StopKind
	}{
		{stop(unix.PTRACE_EVENT_SECCOMP, unix.SIGTRAP), SeccompStop},
		{stop(0, syscallSignal), ExitStop},
		{stop(unix.PTRACE_EVENT_EXEC, unix.SIGTRAP), ExecStop},
		{stop(unix.PTRACE_EVENT_FORK, unix.SIGTRAP), BirthStop},
		{stop(unix.PTRACE_EVENT_VFORK, unix.SIGTRAP), BirthStop},
		{stop(unix.PTRACE_EVENT_CLONE, unix.SIGTRAP), BirthStop},
		{stop(unix.PTRACE_EVENT_STOP, unix.SIGTRAP), FirstStop},
		{stop(unix.PTRACE_EVENT_STOP, unix.SIGTTIN), GroupStop},
		{stop(0, unix.SIGTRAP), SignalStop},
		{stop(0, unix.SIGCHLD), SignalStop},
		{stop(unix.PTRACE_EVENT_EXIT, unix.SIGTRAP), EndStop},
		{0, Death},
		{unix.WaitStatus(unix.SIGKILL), Death},
	} {
		if got := kindOf(c.ws, true); got != c.want {
			t.Errorf("wait status %#x is %v, want %v", uint32(c.ws), got, c.want)
		}
		if got := kindOf(c.ws, false); got != StartStop {
			t.Errorf("wait status %#x before the launch is %v", uint32(c.ws), got)
		}
	}
}

func TestCountsAllocateNothing(t *testing.T) {
	abi := arch.Native()[0]
	call, other := syscalls.Lookup(abi, 0), syscalls.Lookup(abi, 1)
	c := &Counts{}
	c.asked(call, &Action{})
	c.asked(other, &Action{})
	if n := testing.AllocsPerRun(100, func() {
		c.report(unix.WaitStatus(0x7f), true)
		c.entry()
		c.asked(call, &Action{Exit: true})
		c.asked(other, &Action{Kind: Give})
	}); n != 0 {
		t.Errorf("%v allocations at a stop", n)
	}
	if calls := c.Calls(); len(calls) != 2 || calls[0].Total() != 102 || calls[1].Total() != 102 {
		t.Errorf("calls %v", calls)
	}
}
