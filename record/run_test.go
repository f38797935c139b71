package record

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/event"
	"sydbox/record/trail"
	"sydbox/tracer/launch"
)

// failing is a writer that takes so many writes.
type failing struct{ writes int }

var errFull = errors.New("no space left")

func (f *failing) Write(b []byte) (int, error) {
	if f.writes--; f.writes < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// TestOutFails: the command goes on to its end, and the error is told then.
func TestOutFails(t *testing.T) {
	made := filepath.Join(t.TempDir(), "made")
	c := Command("/bin/sh", "-c", "sleep 0.5; sleep 0.5; touch "+made)
	c.Out = &failing{writes: 1}
	result, err := c.Run()
	if !errors.Is(err, errFull) || result == nil || result.Root.ExitStatus() != 0 {
		t.Errorf("%v, %v", result, err)
	}
	if _, err := os.Stat(made); err != nil {
		t.Error(err)
	}
}

// writerFunc is a function as a writer.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// TestInterrupt: what is known is written, with a last line.
func TestInterrupt(t *testing.T) {
	var out bytes.Buffer
	// The quotes keep the name out of the first line, which is there before the command is.
	c := Command("/bin/sh", "-c", `cat /nonexi""stent; sleep 1000`)
	once := sync.OnceFunc(func() { go c.Interrupt() })
	c.Out = writerFunc(func(b []byte) (int, error) {
		if bytes.Contains(b, []byte("/nonexistent")) {
			once()
		}
		return out.Write(b)
	})
	result, err := c.Run()
	if err != nil || !result.Interrupted {
		t.Fatalf("%v, %v", result, err)
	}
	tr, err := trail.Read(&out)
	if err != nil {
		t.Fatal(err)
	}
	if tr.Finish == nil || !tr.Finish.Interrupted || tr.Finish.Signal != unix.SignalName(unix.SIGKILL) {
		t.Errorf("it ends with %+v", tr.Finish)
	}
}

// TestInterruptAtOnce: a run that is interrupted before its command is there ends like any other.
func TestInterruptAtOnce(t *testing.T) {
	var out bytes.Buffer
	c := Command("/bin/sh", "-c", "sleep 1000")
	c.Out = &out
	c.Interrupt()
	result, err := c.Run()
	if err != nil || !result.Interrupted || result.Root.Signal() != unix.SIGKILL {
		t.Fatalf("%+v, %v", result, err)
	}
	tr, err := trail.Read(&out)
	if err != nil || tr.Finish == nil || !tr.Finish.Interrupted || tr.Finish.Signal != unix.SignalName(unix.SIGKILL) {
		t.Errorf("%+v, %v", tr, err)
	}
}

// TestNoCommand: what cannot be executed is an error of its own.
func TestNoCommand(t *testing.T) {
	if _, err := Command("no-such-program-anywhere").Run(); err == nil {
		t.Error("a program was run that there is none of")
	}
	var exec *launch.ExecError
	if _, err := Command("/nonexistent/program").Run(); !errors.As(err, &exec) {
		t.Errorf("%v", err)
	}
}

// TestHostileNames: bytes come back as they were, and nothing is cut.
func TestHostileNames(t *testing.T) {
	const name = "a\nb\x1b[31m\xff"
	long := strings.Repeat("x", 100_000)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := Command("/bin/cat", name, "--", "/"+long)
	c.Dir, c.Out = dir, &out
	if _, err := c.Run(); err != nil {
		t.Fatal(err)
	}
	if bytes.IndexByte(out.Bytes(), 0x1b) >= 0 || bytes.IndexByte(out.Bytes(), 0xff) >= 0 {
		t.Error("raw bytes in the recording")
	}
	tr, err := trail.Read(&out)
	if err != nil {
		t.Fatal(err)
	}
	if argv := tr.Procs[0].Execs[0].Argv; argv[1] != name || argv[3] != "/"+long {
		t.Errorf("argv %q", argv)
	}
	for i := range tr.Uses {
		if u := &tr.Uses[i]; u.Op == event.OpRead && u.Path == filepath.Join(dir, name) && u.Errno == "" {
			return
		}
	}
	t.Error("the file that was read is not there")
}
