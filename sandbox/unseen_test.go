package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnseen kills tasks in opens that can only be looked at when they have happened. That leaves nothing to look at,
// which is logged, and is no denial.
func TestUnseen(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	binary, err := w.compile("../testdata/benign/kill_look.c", variants["dynamic"])
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(w.dir, "unseen")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "log")
	// Who is killed between the open and the look is for chance: one in a hundred.
	for range 50 {
		if err := os.RemoveAll(log); err != nil {
			t.Fatal(err)
		}
		j := job{dir: dir, uid: users()[0], argv: []string{w.sydbox, "run", "--log", log, "-w", dir,
			"--deny", "stat=/nonexistent/hidden", "--", binary}}
		r := j.run(t)
		if stderr := withoutHint(r.stderr); r.status != 0 || stderr != "" {
			t.Fatalf("status %d\n%s%s", r.status, r.stdout, r.stderr)
		}
		unseen := 0
		for _, d := range readLog(t, log) {
			if d.Action == actionMute {
				continue // it was killed before it had opened anything
			}
			if d.Action != actionUnseen || d.Op != "stat" || !strings.HasPrefix(d.Call, "open") || d.Why != whyUnseen {
				t.Errorf("it was told of %+v", d)
			}
			unseen++
		}
		if unseen > 0 {
			return
		}
	}
	t.Error("nobody was killed before the look, or nobody told")
}
