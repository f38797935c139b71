package tracer

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/tracer/launch"
)

func TestExecErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		path        string
		errno       syscall.Errno
		interpreter bool
	}{
		{filepath.Join(dir, "none"), unix.ENOENT, false},
		{write("plain", "x", 0o644), unix.EACCES, false},
		{write("text", "x", 0o755), unix.ENOEXEC, false},
		{write("script", "#!/no/such/interpreter\n", 0o755), unix.ENOENT, true},
		{dir, unix.EACCES, false},
		{"text/x", unix.ENOTDIR, false},
		{"a\x00b", unix.EINVAL, false},
	} {
		b := newBox(t, []string{"access"}, c.path)
		b.plan.Dir = dir
		_, err := Run(&b.plan, b.fake, b.opt)
		var e *launch.ExecError
		if !errors.As(err, &e) || e.Err != c.errno || e.Path != c.path || e.Interpreter != c.interpreter {
			t.Errorf("%q: %v, want errno %v", c.path, err, c.errno)
		}
		if b.births != 0 {
			t.Errorf("%q: the Handler heard of a target that never was", c.path)
		}
	}
}

func TestSetupErrors(t *testing.T) {
	for _, c := range []struct {
		change func(*launch.Plan)
		step   launch.Step
		errno  syscall.Errno
	}{
		{func(p *launch.Plan) { p.Dir = "/no/such/dir" }, launch.StepDir, unix.ENOENT},
		{func(p *launch.Plan) { p.SelfPath = "/no/such/file" }, launch.StepShim, unix.ENOENT},
		{func(p *launch.Plan) { p.SelfPath = "/bin/false" }, launch.StepShim, 0},
		{func(p *launch.Plan) { p.Filter = []unix.SockFilter{{Code: 0xffff}} }, launch.StepFilter, unix.EINVAL},
		{func(p *launch.Plan) { p.Filter = []unix.SockFilter{} }, launch.StepFilter, unix.EINVAL},
	} {
		b := newBox(t, nil, victim64(t), "ok")
		c.change(&b.plan)
		_, err := Run(&b.plan, b.fake, b.opt)
		var e *launch.SetupError
		if !errors.As(err, &e) || e.Step != c.step || c.errno != 0 && !errors.Is(err, c.errno) {
			t.Errorf("%v, want step %v with %v", err, c.step, c.errno)
		}
		if b.births != 0 {
			t.Error("the Handler heard of a target that never was")
		}
	}
}

// TestNoNewPrivs compares what the target has with what was asked for.
func TestNoNewPrivs(t *testing.T) {
	for level, want := range map[launch.Level]int{launch.Off: 0, launch.Preferred: 1, launch.Required: 1} {
		b := newBox(t, nil, victim64(t), "ok")
		b.plan.NoNewPrivs = level
		b.onExec = func(task *Task, _ bool) Action {
			if got := readStatus(task.TID).number("NoNewPrivs"); got != want {
				t.Errorf("level %d: no_new_privs is %d", level, got)
			}
			return Action{}
		}
		if os.Geteuid() != 0 && level == launch.Off {
			var e *launch.SetupError
			_, err := Run(&b.plan, b.fake, b.opt)
			if !errors.As(err, &e) || e.Step != launch.StepFilter || e.Hint == "" {
				t.Errorf("a filter without privilege and without no_new_privs: %v", err)
			}
			continue
		}
		b.exits(0)
	}
}

// TestNestedTracer: under a tracer that follows forks there can be no second one, and the error says so.
func TestNestedTracer(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatal(err)
	}
	cmd := boxed("", victim64(t), "ok")
	cmd.Args = append([]string{"strace", "-f", "-o", "/dev/null", "/proc/self/exe"}, cmd.Args[1:]...)
	cmd.Args[4], _ = os.Executable()
	cmd.Path, _ = exec.LookPath("strace")
	cmd.Stderr = nil
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 125 || !strings.Contains(string(out), "traces it already") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestSeizeHint(t *testing.T) {
	for _, c := range []struct {
		errno         syscall.Errno
		tracer, scope int
		want          string
	}{
		{unix.EPERM, 77, 2, "process 77"},
		{unix.EPERM, 0, 2, "set it to 1"},
		{unix.EPERM, 0, 3, "next boot"},
		{unix.EPERM, 0, 1, "container"},
		{unix.EPERM, 0, -1, "container"},
		{unix.EIO, 0, -1, "4.8 or later"},
		{unix.ESRCH, 0, -1, ""},
	} {
		got := seizeHint(c.errno, c.tracer, c.scope)
		if !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%v, tracer %d, scope %d: %q", c.errno, c.tracer, c.scope, got)
		}
	}
}
