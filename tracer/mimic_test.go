//go:build amd64

package tracer

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// TestMimic: an int 0x80 that looks like SYSCALL is told apart, whether or not the kernel describes calls, and also
// while another thread rewrites its instruction to SYSCALL.
func TestMimic(t *testing.T) {
	needsNarrow(t)
	// Where nobody installs a filter unseen, the stop tells.
	for how, stops := range map[string][]string{
		"mimic": {"mkdir"}, "rewritten": {"mkdir"}, "mimic told": {"mkdir", "seccomp", "prctl"},
		"rewritten told": {"mkdir", "seccomp", "prctl"},
	} {
		for _, info := range []bool{true, false} {
			t.Run(how+"/info="+strconv.FormatBool(info), func(t *testing.T) {
				made := filepath.Join(t.TempDir(), "made")
				how, _, _ := strings.Cut(how, " ")
				b := newBox(t, stops, victim64(t), how, made, strconv.Itoa(int(unix.EROFS)))
				b.opt.NoSyscallInfo = !info
				b.onCall = func(_ *Task, inv *syscalls.Invocation) Action {
					if inv.Call.Name == "prctl" {
						return Action{}
					}
					if inv.ABI != arch.I386 {
						t.Errorf("judged as a call of %v", inv.ABI)
						return Action{Kind: KillTree}
					}
					return Deny(unix.EROFS)
				}
				b.exits(0)
				if _, err := os.Lstat(made); err == nil {
					t.Error("the call got through")
				}
			})
		}
	}
}

// TestABIOfArguments: arguments that could be those of both ABIs, or of neither, tell nothing.
func TestABIOfArguments(t *testing.T) {
	var tr tracer
	tr.noInfo = true
	for name, c := range map[string]struct {
		now  currentCall
		want *arch.ABI
	}{
		"x86-64":  {currentCall{args: [6]uint64{14, 13, 12, 7, 9, 8}}, arch.X86_64},
		"i386":    {currentCall{args: [6]uint64{5, 11, 12, 13, 14, 4}}, arch.I386},
		"neither": {currentCall{args: [6]uint64{14, 13, 12, 7, 9, 4}}, nil},
	} {
		for i := range 27 {
			tr.regs.Buffer()[8*i] = byte(i)
		}
		if got := tr.abiOfArguments(&c.now, arch.X86_64); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for _, i := range []int{14, 13, 12, 7, 9, 8, 5, 11, 4} {
		tr.regs.Buffer()[8*i] = 1
	}
	if got := tr.abiOfArguments(&currentCall{args: [6]uint64{1, 1, 1, 1, 1, 1}}, arch.X86_64); got != nil {
		t.Errorf("both: %v", got)
	}
}

// TestCurrentCall reads what the kernel says of calls.
func TestCurrentCall(t *testing.T) {
	for text, want := range map[string]currentCall{
		"257 0xffffff9c 0x7ffd1 0x0 0x1b6 0xa 0xffffffffffffffff 0x7ffd0 0x4012ab\n": {
			257, [6]uint64{0xffffff9c, 0x7ffd1, 0, 0x1b6, 10, 1<<64 - 1},
		},
		"-1 0x7ffd0 0x4012ab\n": {nr: -1},
	} {
		var got currentCall
		if errno := got.parse([]byte(text)); errno != 0 || got != want {
			t.Errorf("%q: %+v, %v", text, got, errno)
		}
	}
	for _, text := range []string{"", "running\n", "257 0x1 0x2\n", "257 0x1 0x2 0x3 0x4 0x5 zz 0x7 0x8\n"} {
		var got currentCall
		if errno := got.parse([]byte(text)); errno != syscall.EAGAIN {
			t.Errorf("%q: %+v, %v", text, got, errno)
		}
	}
}
