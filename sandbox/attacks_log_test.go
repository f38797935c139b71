package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"sydbox/event"
)

// readLog reads the denials that a box has logged.
func readLog(t *testing.T, path string) []*event.Denial {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []*event.Denial
	for line := range bytes.Lines(text) {
		e, err := event.Parse(line)
		if errors.Is(err, event.ErrUnknown) {
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v: %s", path, err, line)
		}
		if d, ok := e.(*event.Denial); ok {
			list = append(list, d)
		}
	}
	return list
}

// explained says what is missing in the log of a trick that was contained; "" if one of the denials tells all: the call,
// the path as typed and as resolved, the errno, who asked, and the rule or the reason.
func (a *assault) explained(trick trick, r *trial) string {
	if len(r.denials) == 0 {
		return "nothing was logged"
	}
	var lacks []string
	for _, d := range r.denials {
		missing := a.missing(trick, d)
		if missing == "" {
			return ""
		}
		lacks = append(lacks, fmt.Sprintf("%s %s %s: %s", d.Op, d.Call, d.Path, missing))
	}
	return strings.Join(lacks, "\n")
}

// missing says what a denial does not tell.
func (a *assault) missing(trick trick, d *event.Denial) string {
	switch {
	case d.Action == "warn":
		return "it went on"
	case d.Call == "":
		return "no call is named"
	case d.Op == "":
		return "no operation is named"
	case d.Errno == "" && !strings.HasPrefix(d.Action, "kill"):
		return "no errno"
	case d.PID == 0 || d.TID == 0 || len(d.Chain) == 0 || d.Chain[0].PID != d.PID:
		return "no process"
	case d.Rule.Action == "" && d.Why == "":
		return "neither rule nor reason"
	case d.Rule.Action != "" && (d.Rule.Section == "" || d.Rule.Text == "" || d.Rule.Source == "" ||
		d.Rule.Text != "default" && d.Rule.Line == 0):
		return fmt.Sprintf("the rule is incomplete: %+v", d.Rule)
	case d.Path == "" && d.Why == "":
		return "no path"
	case d.Typed == "" && !byDescriptor(d.Call):
		return "no path as typed"
	case d.Path != "" && !strings.HasPrefix(d.Path, a.base) && !strings.HasPrefix(d.Path, "/proc/"):
		return "not a path of this trick's"
	}
	return ""
}

// byDescriptor says whether a call names its object by a descriptor, or may do so by an empty path.
func byDescriptor(call string) bool {
	switch call {
	case "ioctl", "bind", "execveat":
		return true
	}
	return strings.HasPrefix(call, "f") || strings.Contains(call, "at")
}
