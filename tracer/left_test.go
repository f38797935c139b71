package tracer

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestLeftBehind: when the target has ended, the keys that would have ended it end what it left behind, which ignores
// them. Before its end they are the tree's own business.
func TestLeftBehind(t *testing.T) {
	for _, c := range []struct {
		name, left string
		sig        syscall.Signal
		told       string // what the one that is left writes to the file
		status     int
	}{
		{"INT is TERM for the rest", `trap 'echo term > $0; exit' TERM; echo ready; while :; do sleep 0.1; done`,
			unix.SIGINT, "term", 0},
		{"QUIT is, too", `trap 'echo term > $0; exit' TERM; echo ready; while :; do sleep 0.1; done`,
			unix.SIGQUIT, "term", 0},
		{"the second one kills", `trap '' TERM; echo ready; while :; do sleep 0.1; done`, unix.SIGINT, "", 124},
		{"its own INT ends nobody", `trap 'echo term > $0; exit' TERM; echo ready; sleep 2.5; trap : INT; kill -INT 0; ` +
			`sleep 1; echo lives > $0`, 0, "lives", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			said := filepath.Join(t.TempDir(), "said")
			// The inner shell sees the outer one end: its parent is another.
			cmd := boxed("pass", "/bin/sh", "-c", `sh -c '`+strings.ReplaceAll(c.left, "'", `'\''`)+`' `+said+` & :`)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			ready(t, cmd)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = cmd.Wait()
			}()
			// The first ones may come within the moment after the target's end; TERM twice would kill.
			for c.sig != 0 && !over(ended) {
				time.Sleep(2 * groupGrace)
				_ = unix.Kill(-cmd.Process.Pid, c.sig) // ESRCH: it has just ended
			}
			<-ended
			text, _ := os.ReadFile(said)
			if got := cmd.ProcessState.ExitCode(); got != c.status || strings.TrimSpace(string(text)) != c.told {
				t.Errorf("exits with %d, want %d; told %q, want %q", got, c.status, text, c.told)
			}
		})
	}
}
