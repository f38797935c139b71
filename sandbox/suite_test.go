package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ordinaryUser is whom the suites run as besides root. No such account needs to exist.
const ordinaryUser = 1000

// hang is how long a single run may take before it counts as one that never ends. Nothing depends on a run being quick.
// Who runs the tests on an emulated machine says so (testdata/kernels/guest).
var hang = func() time.Duration {
	if os.Getenv("SYDBOX_TEST_SLOW") != "" {
		return 30 * time.Minute
	}
	return 5 * time.Minute
}()

// workshop is a directory that every user can reach, with the built sydbox and the built programs of one suite.
type workshop struct {
	dir    string
	sydbox string
}

// newWorkshop builds sydbox as it is installed: static, without cgo.
func newWorkshop(t *testing.T) *workshop {
	t.Helper()
	dir, err := os.MkdirTemp("", "sydbox-suite-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeAll(t, dir) })
	// os.MkdirTemp makes it private, and the suites run as two users.
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		t.Fatal(err)
	}
	w := &workshop{dir: dir, sydbox: filepath.Join(dir, "sydbox")}
	w.build(t, w.sydbox)
	return w
}

// build builds sydbox.
func (w *workshop) build(t *testing.T, binary string, flags ...string) {
	t.Helper()
	build := exec.Command("go", append(append([]string{"build", "-o", binary}, flags...), "sydbox/cmd/sydbox")...)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build sydbox/cmd/sydbox: %v\n%s", err, out)
	}
}

// ablated is a sydbox of which protections can be switched off by the environment (ablate_on.go).
func (w *workshop) ablated(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(w.dir, "sydbox-ablated")
	w.build(t, binary, "-tags", "ablation")
	return binary
}

// removeAll removes what a suite has left, also directories that nobody may search.
func removeAll(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err == nil {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	if err := os.RemoveAll(dir); err != nil {
		t.Errorf("clean up: %v", err)
	}
}

// variant is one way to build a program.
type variant struct {
	name  string
	flags []string
}

var variants = map[string]variant{
	"dynamic": {"dynamic", nil},
	"static":  {"static", []string{"-static"}},
	"m32":     {"m32", []string{"-m32", "-static"}},
	// Without PIE a static program's data is below 4 GiB, where the pointers of int $0x80 can reach.
	"int80": {"int80", []string{"-DINT80", "-static", "-no-pie"}},
}

// buildable leaves out what no compiler can build for this machine.
func buildable(names ...string) []variant {
	var list []variant
	for _, name := range names {
		if v := variants[name]; runtime.GOARCH == "amd64" || (name != "m32" && name != "int80") {
			list = append(list, v)
		}
	}
	return list
}

// i386Exits is a 32-bit program that exits with 0: an ELF header, one segment, and mov $1, %eax; xor %ebx, %ebx;
// int $0x80.
const i386Exits = "\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x02\x00\x03\x00\x01\x00\x00\x00\x54\x80\x04\x08\x34\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" +
	"\x34\x00\x20\x00\x01\x00\x00\x00\x00\x00\x00\x00" +
	"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x80\x04\x08\x00\x80\x04\x08\x5d\x00\x00\x00\x5d\x00\x00\x00" +
	"\x05\x00\x00\x00\x00\x10\x00\x00" + "\xb8\x01\x00\x00\x00\x31\xdb\xcd\x80"

// needsKernelFor skips where the kernel has no 32-bit calls, by which the variant lives.
func needsKernelFor(t *testing.T, v variant) {
	t.Helper()
	if v.name != "m32" && v.name != "int80" {
		return
	}
	if err := runsNarrow(); errors.Is(err, unix.ENOEXEC) {
		t.Skip("this kernel runs no 32-bit programs (execve gave ENOEXEC: CONFIG_IA32_EMULATION)")
	} else if err != nil {
		t.Fatal(err)
	}
}

// writeProgram writes a file that will be executed. Whatever another test starts while it is open for writing would have
// a copy of the descriptor up to its own exec, and the file could not be executed (ETXTBSY): so nothing is started.
func writeProgram(path string, text []byte, mode os.FileMode) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, text, mode)
}

// runsNarrow asks the kernel to run a 32-bit program.
var runsNarrow = sync.OnceValue(func() error {
	dir, err := os.MkdirTemp("", "sydbox-suite-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "narrow")
	if err := writeProgram(program, []byte(i386Exits), 0o755); err != nil {
		return err
	}
	return exec.Command(program).Run()
})

var variantsComment = regexp.MustCompile(`/\* variants: ([a-z0-9 ]+) \*/`)

// variantsOf is what a program's source says it should be built as.
func variantsOf(t *testing.T, source, otherwise string) []string {
	t.Helper()
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if m := variantsComment.FindSubmatch(text); m != nil {
		otherwise = string(m[1])
	}
	return strings.Fields(otherwise)
}

// compile builds one C program and returns its path.
func (w *workshop) compile(source string, v variant) (string, error) {
	name := strings.TrimSuffix(filepath.Base(source), ".c") + "-" + v.name
	binary := filepath.Join(w.dir, name)
	args := append([]string{"-O1", "-w", "-pthread", "-o", binary, source}, v.flags...)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("gcc %s: %w (make test installs gcc, gcc-multilib and libc6-dev)\n%s",
			strings.Join(args, " "), err, out)
	}
	return binary, nil
}

// outcome is how a run ended.
type outcome struct {
	status         int // the exit status, or 128 and the signal
	stdout, stderr string
	hung           bool
}

// job is a program to run.
type job struct {
	argv   []string
	dir    string
	uid    int
	env    []string
	stdin  *os.File   // nil: /dev/null
	files  []*os.File // descriptors 3 and up
	mounts bool       // in a mount namespace of its own, so that the machine's mounts are safe
	cell   string     // the program that makes namespaces to throw away (testdata/attacks/cell.c); needs root
}

// run runs it to the end of everything that still holds its output: late writers count.
func (j *job) run(t *testing.T) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	argv := j.argv
	if j.cell != "" {
		argv = append([]string{j.cell, strconv.Itoa(j.uid), strconv.Itoa(j.uid)}, argv...)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = j.dir
	cmd.Env = append([]string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + j.dir, "LC_ALL=C", "PWD=" + j.dir,
		"ATTACK_ALLOW=" + j.dir,
	}, j.env...)
	if j.stdin != nil {
		cmd.Stdin = j.stdin
	}
	cmd.ExtraFiles = j.files
	attr := &syscall.SysProcAttr{Setsid: true}
	if os.Getuid() == 0 && j.cell == "" {
		attr.Credential = &syscall.Credential{Uid: uint32(j.uid), Gid: uint32(j.uid)}
		if j.mounts {
			attr.Unshareflags = unix.CLONE_NEWNS
		}
	}
	cmd.SysProcAttr = attr
	var found string
	cmd.Cancel = func() error {
		found = autopsy(cmd.Process.Pid)
		return unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
	}
	cmd.WaitDelay = time.Minute
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	result := outcome{stdout: stdout.String(), stderr: stderr.String() + found, hung: ctx.Err() != nil}
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.Is(err, exec.ErrWaitDelay):
		result.hung = true
	case errors.As(err, &exit):
		status := exit.Sys().(syscall.WaitStatus)
		if result.status = status.ExitStatus(); status.Signaled() {
			result.status = 128 + int(status.Signal())
		}
	default:
		t.Fatalf("start %s: %v", j.argv[0], err)
	}
	return result
}

// users are whom this test process can run programs as.
func users() []int {
	if os.Getuid() == 0 {
		return []int{0, ordinaryUser}
	}
	return []int{os.Getuid()}
}

func userName(uid int) string {
	if uid == 0 {
		return "root"
	}
	return "user"
}

// freshDir makes a directory that belongs to uid.
func freshDir(t *testing.T, path string, uid int) {
	t.Helper()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	own(t, path, uid)
}

// own gives a file to uid and, as far as this process may choose it, to the group of the same number.
func own(t *testing.T, path string, uid int) {
	t.Helper()
	gid := uid
	if os.Getuid() != 0 {
		gid = os.Getgid()
	}
	if err := os.Lchown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
}

// canUnshareMounts says whether a mount namespace can be had to throw away.
func canUnshareMounts() bool {
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	return os.Getuid() == 0 && cmd.Run() == nil
}
