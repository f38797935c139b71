package tracer

import (
	"errors"
	"testing"
)

// TestTrial: what is needed to run the other tests of this package is found here.
func TestTrial(t *testing.T) {
	r := Try("")
	for name, err := range map[string]error{"seize": r.Seize, "filter": r.Filter, "stop": r.Stop, "order": r.Order} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r.VMRead != nil && r.MemFile != nil && r.Peek != nil {
		t.Errorf("memory cannot be read: %v, %v, %v", r.VMRead, r.MemFile, r.Peek)
	}
	if (r.Change == nil) != setsInfo() {
		t.Errorf("PTRACE_SET_SYSCALL_INFO: %v", r.Change)
	}
	if r = Try("/bin/true"); r.Seize == nil || !errors.Is(r.Filter, ErrUntried) || !errors.Is(r.Info, ErrUntried) {
		t.Errorf("a shim that is none: %+v", r)
	}
}

// TestTrialOrder: an entry behind a seccomp stop is the order before Linux 4.8, whoever says that it is one.
func TestTrialOrder(t *testing.T) {
	for _, c := range []struct {
		noInfo bool
		op     uint8
		value  int64
		old    bool
	}{{false, opExit, 5, false}, {false, opExit, entryResult, false}, {false, opEntry, 0, true},
		{true, opExit, 5, false}, {true, opExit, entryResult, true}} {
		if got := trialOrder(c.noInfo, c.op, c.value); (got != nil) != c.old {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
