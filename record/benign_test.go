package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"sydbox/record/trail"
)

// recorderTo makes this test program a recorder: it names the file to write.
const recorderTo = "SYDBOX_TEST_RECORD_TO"

// recorderVerify makes it compare what is predicted with what the kernel answers.
const recorderVerify = "SYDBOX_TEST_RECORD_VERIFY"

// recorderMain records a command and ends as it did.
func recorderMain(to string, args []string) int {
	out, err := os.Create(to)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 125
	}
	c := Command(args[0], args[1:]...)
	c.Stdin, c.Stdout, c.Stderr, c.Out = os.Stdin, os.Stdout, os.Stderr, out
	c.InheritFDs, c.PassSignals = true, true
	c.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SYDBOX_TEST_RECORD_") })
	if os.Getenv(recorderVerify) != "" {
		c.verification = new(verification)
	}
	result, err := c.Run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 125
	}
	if v := c.verification; v != nil {
		for _, d := range v.differences {
			fmt.Fprintln(os.Stderr, d)
		}
		if len(v.differences) > 0 {
			return 125
		}
	}
	if result.Root.Signaled() {
		return 128 + int(result.Root.Signal())
	}
	return result.Root.ExitStatus()
}

// notApplicable is the exit status by which a benign program reports a fact of this machine that leaves it nothing to
// show.
const notApplicable = 77

// ordinaryUser is one without any rights.
const ordinaryUser = 65534

// TestBenign runs self-checking programs natively and recorded, as root and as an ordinary user: each must find
// everything as it should be and print the same bytes both times. What was predicted of lookups must be what the kernel
// says.
func TestBenign(t *testing.T) {
	t.Parallel()
	sources, err := filepath.Glob("../testdata/benign/*.c")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no programs in testdata/benign (%v)", err)
	}
	dir := t.TempDir()
	open(t, dir)
	users := []int{os.Getuid()}
	if os.Getuid() == 0 {
		users = append(users, ordinaryUser)
	}
	recorder := copySelf(t, dir)
	for _, source := range sources {
		name := strings.TrimSuffix(filepath.Base(source), ".c")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			binary := filepath.Join(dir, name)
			build := exec.Command("gcc", "-O1", "-w", "-pthread", "-o", binary, source)
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("gcc: %v\n%s", err, out)
			}
			for _, uid := range users {
				t.Run(fmt.Sprint(uid), func(t *testing.T) { compare(t, recorder, binary, uid, false) })
			}
			t.Run("verified", func(t *testing.T) { compare(t, recorder, binary, users[len(users)-1], true) })
		})
	}
}

// open lets everybody into a directory of the test's.
func open(t *testing.T, dir string) {
	t.Helper()
	for ; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// copySelf puts this program where everybody can execute it.
func copySelf(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "recorder")
	if err := os.WriteFile(name, text, 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

// compare runs a program both ways in a directory of the same name.
func compare(t *testing.T, recorder, binary string, uid int, verified bool) {
	t.Helper()
	base := t.TempDir()
	open(t, base)
	work, to := filepath.Join(base, "work"), filepath.Join(base, "recording")
	if err := os.WriteFile(to, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	var results [2]outcome
	for i, argv := range [][]string{{binary}, {recorder, binary}} {
		if err := os.Mkdir(work, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{work, to} {
			if err := os.Chown(name, uid, -1); err != nil {
				t.Fatal(err)
			}
		}
		env := []string{}
		if i == 1 {
			env = append(env, recorderTo+"="+to)
			if verified {
				env = append(env, recorderVerify+"=1")
			}
		}
		results[i] = runIn(t, argv, work, uid, env)
		_ = exec.Command("chmod", "-R", "u+rwx", work).Run() // what a program has left closed
		if err := os.RemoveAll(work); err != nil {
			t.Fatal(err)
		}
	}
	native, recorded := results[0], results[1]
	switch {
	case native.hung:
		t.Fatalf("broken: it hangs natively\n%s%s", native.stdout, native.stderr)
	case native.status == notApplicable:
		t.Logf("not applicable here: %s", native.stdout)
	case native.status != 0:
		t.Fatalf("broken: natively it ends with %d\n%s%s", native.status, native.stdout, native.stderr)
	}
	if recorded.hung || recorded.status != native.status {
		t.Errorf("recorded it ends with %d (hangs: %v), natively with %d", recorded.status, recorded.hung, native.status)
	}
	if d := cmp.Diff(lines(native.stdout), lines(recorded.stdout)); d != "" {
		t.Errorf("recorded it prints something else (- natively, + recorded):\n%s", d)
	}
	if d := cmp.Diff(lines(native.stderr), lines(recorded.stderr)); d != "" {
		t.Errorf("recorded its standard error differs (- natively, + recorded):\n%s", d)
	}
	tr, err := trail.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	if tr.Finish == nil || tr.Finish.Processes != len(tr.Procs) {
		t.Errorf("the recording has %d processes and ends with %+v", len(tr.Procs), tr.Finish)
	}
	for _, p := range tr.Procs {
		if p.End == nil {
			t.Errorf("no end of #%d", p.ID)
		}
	}
}

func lines(text string) []string { return strings.Split(text, "\n") }

// outcome is how a run ended.
type outcome struct {
	status         int // the exit status, or 128 and the signal
	stdout, stderr string
	hung           bool
}

// runIn runs a program to the end of everything that still holds its output.
func runIn(t *testing.T, argv []string, dir string, uid int, env []string) outcome {
	t.Helper()
	const hang = 10 * time.Minute
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = append([]string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + dir, "LC_ALL=C", "PWD=" + dir,
	}, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = time.Minute
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	result := outcome{stdout: stdout.String(), stderr: stderr.String(), hung: ctx.Err() != nil}
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit):
		status := exit.Sys().(syscall.WaitStatus)
		if result.status = status.ExitStatus(); status.Signaled() {
			result.status = 128 + int(status.Signal())
		}
	default:
		t.Fatalf("start %s: %v", argv[0], err)
	}
	return result
}
