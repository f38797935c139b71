package record

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/event"
	"sydbox/record/trail"
)

// others starts a script that is not this process's child, and waits until it says that it has begun.
func others(t *testing.T, dir, script string) (pid int, ends func() string) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", `/bin/sh -c "$1" me & echo $!; wait $!; echo "status $?"`, "sh", script)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HERS=yes")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	for _, want := range []bool{true, false} {
		line, err := r.ReadString('\n')
		if n, notNumber := strconv.Atoi(strings.TrimSpace(line)); notNumber == nil {
			pid = n
		} else if err != nil || want && line != "begun\n" {
			t.Fatal(line, err)
		}
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil { // else the number may be another's by now
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	})
	return pid, func() string {
		rest, err := io.ReadAll(r)
		if err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		return string(rest)
	}
}

// TestAttach records a tree from its middle to its end.
func TestAttach(t *testing.T) {
	dir := t.TempDir()
	if real, err := filepath.EvalSymlinks(dir); err != nil || real != dir {
		t.Fatal(real, err)
	}
	// A child that has a tracer has a parent with one.
	pid, ends := others(t, dir, `(while grep -q '^TracerPid:.0$' /proc/self/status; do sleep 0.05; done
		cat missing; echo made > sub.txt; true) & echo begun
		wait; cp sub.txt copy.txt; exit 3`)
	tr := recordCmd(t, Attach(pid))
	if got := ends(); got != "status 3\n" {
		t.Error(got)
	}
	if fmt.Sprint(tr.Head.Attached) != fmt.Sprintf("[%d]", pid) || tr.Head.Command != nil {
		t.Errorf("%+v", tr.Head)
	}
	me := tr.Procs[0]
	if !me.Attached || me.PID != pid || me.Dir != dir || me.Parent != nil || me.End == nil || me.End.Exit != 3 {
		t.Errorf("%+v", me)
	}
	if len(me.Execs) == 0 || len(me.Execs[0].Argv) != 4 || me.Execs[0].Argv[3] != "me" ||
		!strings.Contains(strings.Join(me.Execs[0].Set, " "), "HERS=yes") {
		t.Errorf("%+v", me.Execs)
	}
	var did []string
	for _, p := range tr.Procs {
		if p.Parent == nil && p != me {
			t.Errorf("%+v has no parent", p)
		}
	}
	for _, u := range tr.Uses {
		if in, ok := strings.CutPrefix(u.Path, dir+"/"); ok && u.Op != event.OpLook {
			did = append(did, strings.TrimSpace(u.Op+" "+in+" "+u.Errno))
		}
	}
	got := "," + strings.Join(did, ",") + ","
	for _, want := range []string{"read missing ENOENT", "make sub.txt", "read sub.txt", "make copy.txt"} {
		if !strings.Contains(got, ","+want+",") {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

// TestAttachInterrupt lets go: the tree goes on as if nothing had been, and the recording is whole.
func TestAttachInterrupt(t *testing.T) {
	dir := t.TempDir()
	// The quotes keep the name out of what is told of the script itself.
	pid, ends := others(t, dir, `echo begun; until test -e over; do echo more > f; /bin/tr""ue; done
		echo last > f; exit 4`)
	c := Attach(pid)
	var out bytes.Buffer
	once := sync.OnceFunc(func() { go c.Interrupt() })
	c.Out = writerFunc(func(b []byte) (int, error) {
		if bytes.Contains(b, []byte("/true")) {
			once()
		}
		return out.Write(b)
	})
	result, err := c.Run()
	if err != nil || !result.Interrupted {
		t.Fatalf("%+v, %v", result, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "over"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := ends(); got != "status 4\n" {
		t.Error(got)
	}
	if last, err := os.ReadFile(filepath.Join(dir, "f")); string(last) != "last\n" {
		t.Errorf("%q, %v", last, err)
	}
	tr, err := trail.Read(&out)
	if err != nil || tr.Cut != nil || tr.Finish == nil || !tr.Finish.Interrupted {
		t.Fatalf("%+v, %v", tr, err)
	}
	if len(tr.Finish.Alive) == 0 || tr.Finish.Alive[0] != 1 {
		t.Errorf("alive: %v", tr.Finish.Alive)
	}
}

// TestAttachNobody: an error, and no recording that looks whole.
func TestAttachNobody(t *testing.T) {
	if _, err := Attach(1 << 22).Run(); err == nil || !strings.Contains(err.Error(), "no such process") {
		t.Error(err)
	}
}
