package event

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lines is one of each line of a recording, with every field set and hostile bytes where a tracee chooses them.
var lines = []Event{
	&Recording{Time: when, Tool: "syd-trace 1", Command: []string{"make", "\xff"}, Dir: "/b\x80", Env: []string{"A=\x1b", "B="},
		Host: "h", Kernel: "6.18", Machine: "x86_64", CPUs: 2, UID: 1, GID: 2, Attached: []int{5}, Policies: []string{"build"},
		Injected: []string{"/x=ENOENT"}},
	&Born{At: 1, ID: 2, PID: 77, Parent: 1, Dir: "/\xfe", Attached: true},
	&Executed{At: 2, ID: 2, Path: "/bin/sh\n", Typed: "sh", Script: "/b/\xff", Names: []string{"dd\xff"},
		Argv: []string{"", "a\xffb", "c"}, Dir: "/b", Set: []string{"A=\xff"}, Unset: []string{"B"}, Stdio: [3]string{"/dev/null", "", "pipe:[3]"},
		Denied: "x [exec] \xff"},
	&Used{At: 3, ID: 2, Op: OpRename, Path: "/a\xff", To: "/b\xff", Typed: "\xff", Call: "rename", Flags: "F", Errno: "EXDEV",
		Kind: "dir", Last: 9, Count: 3, Denied: "build:7 [write] \xff", Injected: true},
	&Reached{At: 4, ID: 2, Op: "connect", Address: "unix:/\xff", Protocol: "stream", Host: "\xff", Errno: "EPERM", Denied: "x"},
	&Asked{At: 5, ID: 2, Host: "a\x00b", Server: "192.0.2.1:53", Addresses: []string{"192.0.2.7"}},
	&Signalled{At: 6, ID: 2, Signal: "SIGTERM", From: 1, PID: 9},
	&Said{At: 7, ID: 2, Text: "lost\n", Lost: true},
	&Said{At: 7, ID: 2, Text: "cc1: \x1b[31merror\xff\n", Cut: 12},
	&Hinted{At: 8, ID: 2, What: "random", Call: "getrandom"},
	&Ended{At: 9, ID: 2, Exit: 3, Signal: "SIGSEGV", Core: true, User: 1, System: 2, MaxRSS: 3, ReadBytes: 4, WriteBytes: -1, Threads: 2},
	&Finished{At: 10, Exit: 1, Signal: "SIGINT", Interrupted: true, Processes: 2, Lines: 11, Alive: []int{2}},
	&Used{ID: 1, Op: OpLook}, &Born{ID: 1}, &Ended{ID: 1}, &Finished{},
}

func TestRecordedLines(t *testing.T) {
	for _, e := range lines {
		text := e.AppendJSON(nil)
		for _, parse := range []func([]byte) (Event, error){Parse, ParseRecorded} {
			got, err := parse(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if diff := cmp.Diff(e, got); diff != "" {
				t.Errorf("%s: %s", text, diff)
			}
		}
	}
}

// A reader meets lines of its future.
func TestRecordedUnknown(t *testing.T) {
	for _, text := range []string{`{"v":2,"type":"used","id":1}`, `{"v":1,"type":"dreamt","id":1}`} {
		if _, err := ParseRecorded([]byte(text)); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{``, `{`, `{"v":1,"type":"used","at":"x"}`, `{"v":1,"type":"exec","argv_b64":["?"]}`} {
		if _, err := ParseRecorded([]byte(text)); err == nil || errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzParseRecorded(f *testing.F) {
	for _, e := range lines {
		f.Add(e.AppendJSON(nil))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := ParseRecorded(text)
		if err != nil {
			return
		}
		again, err := ParseRecorded(e.AppendJSON(nil))
		if err != nil {
			t.Fatalf("%s: %v", e.AppendJSON(nil), err)
		}
		if one, two := e.AppendJSON(nil), again.AppendJSON(nil); string(one) != string(two) {
			t.Errorf("%s becomes %s", one, two)
		}
	})
}
