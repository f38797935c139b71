package record

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/record/trail"
)

func TestParseBreak(t *testing.T) {
	for text, want := range map[string]string{
		"":             `there is no breakpoint`,
		"exec":         `something must follow the colon`,
		"exec:":        `something must follow the colon`,
		"exe:cc1":      `there is no breakpoint exe: write exec:GLOB`,
		"exec:[":       `is no pattern`,
		"open:a/../..": "`..`",
		"connect:1.2":  `connect:1.2: `,
		"failure:x":    `nothing follows failure`,
	} {
		if _, err := ParseBreak(text, system("/")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// stopsAt records a script and returns how the breakpoint was met.
func stopsAt(t *testing.T, script, condition string, set ...func(*Cmd)) (stops []Stopped, tr *trail.Trail) {
	t.Helper()
	dir := t.TempDir()
	tr = recordOf(t, script, append([]func(*Cmd){func(c *Cmd) {
		b, err := ParseBreak(condition, system(dir))
		if err != nil {
			t.Fatal(err)
		}
		c.Dir, c.Breaks = dir, []*Break{b}
		c.OnBreak = func(s *Stopped) bool {
			if s.Break != b || s.ID == 0 || unix.Kill(s.PID, 0) != nil || s.Program == "" {
				t.Errorf("stopped: %+v", s)
			}
			stops = append(stops, *s)
			return true
		}
	}}, set...)...)
	return stops, tr
}

func TestBreak(t *testing.T) {
	for name, c := range map[string]struct{ script, condition, program, reason string }{
		"a program":          {"cd /; X=y ls; ls", "exec:l?", "ls", "it has become"},
		"by its path":        {"ls; cat /dev/null", "exec:/**/cat", "cat", "it has become"},
		"an applet":          {"busybox true; busybox cat /dev/null", "exec:cat", "cat", "it has become"},
		"a file":             {"cat /dev/null; cat made || ls >made", "open:made", "cat", "made: ENOENT"},
		"a file that is new": {"cat made; ls >made", "write:made", "sh", "made"},
		"an end":             {"ls / >/dev/null; ls nothing; false", "exit:ls", "ls", "it ends with status 2"},
		"the command":        {"ls nothing; exit 3", "failure", "sh", "it ends with status 3"},
		"a signal":           {"ls; kill -TERM $$", "failure", "sh", "it is killed by SIGTERM"},
		"an address": {`python3 -S -c 'import socket; s = socket.socket()
try: s.connect(("127.0.0.1", 1))
except OSError: pass'`, "connect:loopback", "python3", "connect 127.0.0.1:1: ECONNREFUSED"},
	} {
		t.Run(name, func(t *testing.T) {
			stops, tr := stopsAt(t, c.script, c.condition)
			if len(stops) == 0 {
				t.Fatalf("%s was not met", c.condition)
			}
			if s := stops[0]; !strings.HasPrefix(s.Program, c.program) || !strings.Contains(s.Reason, c.reason) || len(s.Argv) == 0 {
				t.Errorf("stopped: %+v, want %s, %s", s, c.program, c.reason)
			}
			if tr.Finish.Interrupted {
				t.Error("the run was to go on")
			}
		})
	}
}

// What a build tool starts matters, what a shell tries does not; it is stopped at once.
func TestBreakFailure(t *testing.T) {
	makefile := "all:\n\t@ls nothing || echo tolerated\n\t@./step\n\tls another\n"
	stops, tr := stopsAt(t, "make; exit 7", "failure", func(c *Cmd) {
		step := "#!/bin/sh\nexport MARK=here; cd /usr; ls nothing; exec sh -c 'exit 5'\n"
		if os.WriteFile(filepath.Join(c.Dir, "Makefile"), []byte(makefile), 0o644) != nil ||
			os.WriteFile(filepath.Join(c.Dir, "step"), []byte(step), 0o755) != nil {
			t.Fatal("no makefile")
		}
	})
	if len(stops) != 1 {
		t.Fatalf("stopped %d times: %+v", len(stops), stops)
	}
	s := stops[0]
	if s.Dir != "/usr" || !slices.Contains(s.Env, "MARK=here") || s.Reason != "it ends with status 5" {
		t.Errorf("stopped: %+v", s)
	}
	if p := tr.Proc(s.ID); p == nil || p.End == nil || p.End.Exit != 5 || p.PID != s.PID {
		t.Errorf("it is %+v", p)
	}
}

// The tree stands still at a breakpoint, and goes if it is to.
func TestBreakGivesUp(t *testing.T) {
	dir := t.TempDir()
	var stopped atomic.Int32
	tr := recordOf(t, "touch before; cat before; touch after; sleep 100", func(c *Cmd) {
		b, err := ParseBreak("exec:cat", system(dir))
		if err != nil {
			t.Fatal(err)
		}
		c.Dir, c.Breaks = dir, []*Break{b}
		c.OnBreak = func(s *Stopped) bool {
			stopped.Add(1)
			time.Sleep(50 * time.Millisecond) // what runs on has its time to
			return false
		}
	})
	_, before := os.Stat(filepath.Join(dir, "before"))
	_, after := os.Stat(filepath.Join(dir, "after"))
	if stopped.Load() != 1 || before != nil || after == nil || !tr.Finish.Interrupted {
		t.Errorf("stopped %d times; %v; %v; %+v", stopped.Load(), before, after, tr.Finish)
	}
}
