package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRmdirControlGroup: a control group is removed with the files that the kernel put into it, so that keeping a program
// from it is a denial, and is told.
func TestRmdirControlGroup(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	group := controlGroup(t)
	run := func(argv ...string) outcome { return (&job{argv: append(argv, "rmdir", group), dir: w.dir}).run(t) }
	boxed := run(w.sydbox, "run", "--")
	if boxed.status != 1 || !strings.Contains(boxed.stderr, "sydbox: denied delete "+group+" (EACCES)") {
		t.Errorf("status %d\n%s", boxed.status, boxed.stderr)
	}
	if native := run(); native.status != 0 {
		t.Errorf("status %d without the box\n%s", native.status, native.stderr)
	}
}

// controlGroup makes one in the first hierarchy where that can be done.
func controlGroup(t *testing.T) string {
	t.Helper()
	roots, _ := filepath.Glob("/sys/fs/cgroup/*/cgroup.procs") // version 1; the pattern is well-formed
	for _, root := range append(roots, "/sys/fs/cgroup/cgroup.procs") {
		group, err := os.MkdirTemp(filepath.Dir(root), "sydbox-test-")
		if err != nil {
			continue
		}
		t.Cleanup(func() { _ = os.Remove(group) }) // there only if the test failed
		if _, err := os.Stat(filepath.Join(group, "cgroup.procs")); err == nil {
			return group
		}
	}
	t.Skip("no control group can be made: none is mounted, or mkdir in it fails")
	return ""
}
