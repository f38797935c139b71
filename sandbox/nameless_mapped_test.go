package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNamelessMapped: what a process may only read it may not write by /proc/self/map_files, whose links keep the mode of a
// file that was mapped there before. What is its own it may reopen.
func TestNamelessMapped(t *testing.T) {
	t.Parallel()
	if !followsMapped(t) {
		t.Skip("only CAP_SYS_ADMIN and CAP_CHECKPOINT_RESTORE follow links of /proc/PID/map_files (proc_pid_map_files(5))")
	}
	w := newWorkshop(t)
	program, err := w.compile("../testdata/nameless/mapped.c", variants["dynamic"])
	if err != nil {
		t.Fatal(err)
	}
	const kept, script = "kept by an outsider", `exec 8<"$1" 9<"$1"; rm "$1"; shift; "$@"; echo $?; cat <&8`
	run := func(box ...string) outcome {
		t.Helper()
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, []byte(kept), 0o644); err != nil {
			t.Fatal(err)
		}
		argv := append([]string{"/bin/sh", "-c", script, "sh", file}, box...)
		return (&job{argv: append(argv, program), dir: w.dir}).run(t)
	}
	if r := run(); r.stdout != "0\nchanged"+kept[len("changed"):] {
		t.Fatalf("without the box it wrote nothing: %q\n%s", r.stdout, r.stderr)
	}
	if r := run(w.sydbox, "run", "-p", "build", "--"); r.stdout != "1\n"+kept {
		t.Errorf("in the box: %q\n%s", r.stdout, r.stderr)
	}
}

// followsMapped says whether this process may open what the first of its own entries leads to.
func followsMapped(t *testing.T) bool {
	t.Helper()
	const mapped = "/proc/self/map_files"
	entries, err := os.ReadDir(mapped)
	if err != nil || len(entries) == 0 {
		t.Fatalf("%d entries of %s, %v", len(entries), mapped, err)
	}
	f, err := os.Open(filepath.Join(mapped, entries[0].Name()))
	if err == nil {
		f.Close()
	}
	return !errors.Is(err, unix.EPERM)
}
