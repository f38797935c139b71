package tracer

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/tracer/seccomp"
)

// CanGive agrees with what a run finds, and leaves no filter behind.
func TestCanGive(t *testing.T) {
	before := seccompState(t)
	err := CanGive()
	if after := seccompState(t); after != before {
		t.Errorf("a filter is left: %q, was %q", after, before)
	}
	said, status := giveProcess(t, os.Getuid(), "", taker64(t), "nothing")
	if status != 0 || strings.HasPrefix(said, "gives true") != (err == nil) {
		t.Errorf("CanGive says %v, a run says %q", err, said)
	}
	// Below a listener there is no other.
	var below error
	onOwnThread(func() {
		if below = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); below != nil {
			return
		}
		allow := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}}
		listener, errListener := seccomp.InstallListener(allow)
		if below = errListener; below != nil || listener < 0 {
			return
		}
		defer unix.Close(listener)
		below = canGiveHere()
	})
	if err == nil && !errors.Is(below, errNoListener) {
		t.Errorf("below a listener: %v", below)
	}
}

func seccompState(t *testing.T) string {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "\nNoNewPrivs:")
	state, _, _ := strings.Cut(rest, "\nSpeculation")
	return state
}
