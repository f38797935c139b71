package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sydbox/event"
)

// TestReadsOfEveryProcess: ps looks at all processes of the machine, which is one thing to tell and not a thousand.
func TestReadsOfEveryProcess(t *testing.T) {
	var out strings.Builder
	term := NewTerminal(&out, Options{Logged: true})
	ask := func(op, path, why string, rule event.Rule) {
		d := denial(op, path)
		d.Why, d.Rule = why, rule
		term.Denied(d)
	}
	const outside = "it is not one of the sandbox's"
	for pid := range 100 {
		ask("read", fmt.Sprintf("/proc/%d/environ", pid), outside, event.Rule{})
	}
	ask("read", "/proc/7/maps", outside, event.Rule{})
	if n := strings.Count(out.String(), "sydbox: denied read /proc/"); n != 2 {
		t.Errorf("%d blocks, want 2:\n%s", n, out.String())
	}
	for pid := range 2 {
		ask("write", fmt.Sprintf("/proc/%d/oom_score_adj", pid), outside, event.Rule{})
		ask("read", fmt.Sprintf("/proc/%d/status", pid), "", buildDefault)
		ask("read", fmt.Sprintf("/proc/%dx/environ", pid), outside, event.Rule{})
	}
	out.Reset()
	term.Summary()
	const want = `sydbox: 107 denials, 8 different
  100×  read   /proc/*/environ        by install < sh < make
    1×  read   /proc/7/maps           by install < sh < make
    1×  write  /proc/0/oom_score_adj  by install < sh < make
    1×  read   /proc/0/status         by install < sh < make
    1×  read   /proc/0x/environ       by install < sh < make
    1×  write  /proc/1/oom_score_adj  by install < sh < make
    1×  read   /proc/1/status         by install < sh < make
    1×  read   /proc/1x/environ       by install < sh < make
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}
