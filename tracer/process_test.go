package tracer

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/tracer/landlock"
	"sydbox/tracer/launch"
)

// Tests of what happens around a tracer's process. The test binary runs again as one: tracerEnv holds its options.
const tracerEnv = "TRACER_TEST_OPTIONS"

// tracerMain runs the command of its arguments if this is such a process; exit statuses are a shell's.
func tracerMain() bool {
	options, ok := os.LookupEnv(tracerEnv)
	if !ok {
		return false
	}
	os.Unsetenv(tracerEnv)
	args := os.Args[1:]
	plan := &launch.Plan{
		Path: args[0], Args: args, Env: os.Environ(), Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		InheritFDs: strings.Contains(options, "inherit"),
	}
	opt := Options{PassSignals: strings.Contains(options, "pass"), TermGrace: time.Hour}
	if strings.Contains(options, "scoped") {
		plan.NoNewPrivs, plan.LandlockLevel = launch.Required, launch.Required
		plan.Landlock = &landlock.Ruleset{Scoped: landlock.ScopeSignal}
	}
	if strings.Contains(options, "pids") {
		plan.PIDs = launch.Required
	}
	if strings.Contains(options, "impatient") {
		opt.TermGrace = 100 * time.Millisecond
	}
	var h Handler = nothing{}
	if strings.Contains(options, "slow") {
		h = tardy{}
		plan.NoNewPrivs, plan.Filter = launch.Required, tardyFilter()
	}
	if strings.Contains(options, "give") {
		h = giveMain(options, plan, &opt)
	}
	result, err := Run(plan, h, opt)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	case result.Killed:
		os.Exit(124)
	case result.Root.Signaled():
		os.Exit(128 + int(result.Root.Signal()))
	}
	os.Exit(result.Root.ExitStatus())
	return true
}

// boxed is the command that runs args under a tracer process with options.
func boxed(options string, args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), tracerEnv+"="+options)
	cmd.Stderr = os.Stderr
	return cmd
}

// TestInheritance: the target gets from the world exactly what it would get without us.
func TestInheritance(t *testing.T) {
	victim := victim64(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(cmd *exec.Cmd) string {
		t.Helper()
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	env := append(os.Environ(), "ODD==x\xff", "ODD=again", "noequals", "GODEBUG=madvdontneed=1")
	want := exec.Command(victim, "setup", victim, "inherit")
	want.Env = env
	got := exec.Command(victim, "setup", self, victim, "inherit")
	got.Env = append(env, tracerEnv+"=inherit")
	a, b := strings.Split(run(want), "\n"), strings.Split(run(got), "\n")
	if len(a) < 40 {
		t.Fatalf("only %d lines natively", len(a))
	}
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			t.Errorf("natively %q\n   boxed %q", x, y)
		}
	}
	closed := exec.Command(victim, "setup", self, victim, "inherit")
	closed.Env = append(env, tracerEnv+"=")
	var fds []string
	for _, line := range strings.Split(run(closed), "\n") {
		if strings.HasPrefix(line, "fd ") {
			fds = append(fds, strings.Fields(line)[1])
		}
	}
	if got := strings.Join(fds, " "); got != "0 1 2" {
		t.Errorf("without InheritFDs the target has descriptors %s", got)
	}
}

// TestTracerKilled: SIGKILL of the tracer leaves nothing of the tree alive, a daemon in another session included.
func TestTracerKilled(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	dir := t.TempDir()
	cmd := boxed("inherit", victim64(t), "daemonise", dir+"/mark", "60", "wait")
	cmd.ExtraFiles = []*os.File{w}
	var ready bytes.Buffer
	cmd.Stdout = &ready
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	// The grandchild lives when the target blocks in pause.
	waitFor(t, func() bool { return countOpen(t, r) >= 3 })
	_ = cmd.Process.Signal(unix.SIGKILL)
	// Everybody in the tree holds the pipe: its end is everybody's end, and that of who lives on is a minute away.
	if _, err := io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if _, err := os.Stat(dir + "/mark"); err == nil {
		t.Error("the daemon lived on")
	}
}

// countOpen counts the processes that hold the other end of pipe r.
func countOpen(t *testing.T, r *os.File) int {
	want, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", r.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	procs, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range procs {
		if link, err := os.Readlink("/proc/" + p.Name() + "/fd/3"); err == nil && link == want {
			n++
		}
	}
	return n
}

// waitFor waits until something holds that must come.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(hangs); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("it never came")
}

// TestJobControl: ^Z on the terminal stops tracer and target, fg continues both.
func TestJobControl(t *testing.T) {
	for _, boxed := range []bool{false, true} {
		ptmx, tty := openPTY(t)
		args := []string{"job"}
		if boxed {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			args = append(args, self)
		}
		cmd := exec.Command(victim64(t), append(args, victim64(t), "continued")...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		cmd.Env = os.Environ()
		if boxed {
			cmd.Env = append(cmd.Env, tracerEnv+"=pass")
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		tty.Close()
		if line, err := bufio.NewReader(ptmx).ReadString('\n'); line != "ready\r\n" {
			t.Fatalf("%q %v", line, err)
		}
		if _, err := ptmx.Write([]byte{'Z' & 0x1f}); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != 4 {
			t.Errorf("boxed %v: exits with %d, want 4", boxed, got)
		}
		ptmx.Close()
	}
}

// TestSuspension: a target that stops itself stops the tracer, for which the shell waits, also where its signals do not
// leave the tree.
func TestSuspension(t *testing.T) {
	for _, options := range []string{"", "pass", "pass,scoped"} {
		for _, who := range []string{"self", "group"} {
			if options == "pass,scoped" && landlock.Probe().Scopes()&landlock.ScopeSignal == 0 {
				continue // the kernel lets all signals out (before 6.12)
			}
			ptmx, tty := openPTY(t)
			args := []string{"job"}
			if options != "" {
				self, err := os.Executable()
				if err != nil {
					t.Fatal(err)
				}
				args = append(args, self)
			}
			ctx, cancel := context.WithTimeout(context.Background(), hangs)
			cmd := exec.CommandContext(ctx, victim64(t), append(args, victim64(t), "suspended", who)...)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, os.Stderr
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if cmd.Env = os.Environ(); options != "" {
				cmd.Env = append(cmd.Env, tracerEnv+"="+options)
			}
			_ = cmd.Run()
			tty.Close()
			ptmx.Close()
			cancel()
			if got := cmd.ProcessState.ExitCode(); got != 4 {
				t.Errorf("%q, %s: exits with %d, want 4", options, who, got)
			}
		}
	}
}

// openPTY returns a new pseudo-terminal.
func openPTY(t *testing.T) (ptmx, tty *os.File) {
	t.Helper()
	ptmx, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(ptmx.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(ptmx.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ptmx, tty
}
