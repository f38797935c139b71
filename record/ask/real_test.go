package ask

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/record"
	"sydbox/record/trail"
	"sydbox/sandbox"
)

// TestMain lets this test binary be the shim of the recorder.
func TestMain(m *testing.M) {
	sandbox.Init()
	os.Exit(m.Run())
}

// recorded runs a command in a directory and returns the recording, and how the command ended. Its output is thrown
// away; what it writes to descriptor 2 is in the recording.
func recorded(t *testing.T, dir string, command ...string) (*trail.Trail, unix.WaitStatus) {
	t.Helper()
	var out bytes.Buffer
	cmd := record.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Out, cmd.Tool = dir, &out, "syd-trace test"
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	result, err := cmd.Run()
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	tr, err := trail.Read(&out)
	if err != nil {
		t.Fatal(err)
	}
	if tr.Cut != nil {
		t.Fatalf("%s: %v", command, tr.Cut)
	}
	return tr, result.Root
}

// recordedFiles is recorded in a new directory with these files: name, text, name, text …; those that start with "#!"
// are executable.
func recordedFiles(t *testing.T, files []string, command ...string) (*trail.Trail, string) {
	t.Helper()
	dir := realDir(t)
	for i := 0; i < len(files); i += 2 {
		mode := os.FileMode(0o644)
		if len(files[i+1]) > 2 && files[i+1][:2] == "#!" {
			mode = 0o755
		}
		name := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), mode); err != nil {
			t.Fatal(err)
		}
	}
	tr, _ := recorded(t, dir, command...)
	return tr, dir
}

// realDir is a new directory by its canonical name.
func realDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
