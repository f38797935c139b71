package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// What happens when the sandbox itself fails: when it runs out of what it needs, when what it looks at goes away under
// it, when its reports cannot be written, when it dies. The real binary is brought into each of these states; the
// program in it is testdata/failclosed/wear.c. Who has won is judged from outside: nothing of the victim has changed,
// nothing of the tree is left running, and what the user reads names the cause.

// TestFailClosed runs every ordeal as every user that this process can become.
func TestFailClosed(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	wear, err := w.compile("../testdata/failclosed/wear.c", variants["static"])
	if err != nil {
		t.Fatal(err)
	}
	ablated := w.ablated(t)
	for _, c := range ordeals {
		for _, uid := range users() {
			t.Run(c.name+"/"+userName(uid), func(t *testing.T) {
				t.Parallel()
				o := newOrdeal(t, w.dir, uid)
				o.sydbox, o.ablated, o.wear = w.sydbox, ablated, wear
				c.run(o)
			})
		}
	}
}

// ordeals are in the files failclosed_*_test.go.
var ordeals = []struct {
	name string
	run  func(*ordeal)
}{
	{"descriptors run out", (*ordeal).descriptorsRunOut},
	{"descriptors missing at start", (*ordeal).descriptorsMissingAtStart},
	{"processes run out", (*ordeal).processesRunOut},
	{"processes missing at start", (*ordeal).processesMissingAtStart},
	{"memory runs out", (*ordeal).memoryRunsOut},

	{"log disk is full", (*ordeal).logDiskFull},
	{"log exceeds the file size", (*ordeal).logTooLarge},
	{"log reader goes away", (*ordeal).logReaderGone},
	{"log reader is stuck", (*ordeal).logReaderStuck},
	{"standard error is full", (*ordeal).stderrFull},
	{"standard error is closed", (*ordeal).stderrClosed},
	{"standard error is broken", (*ordeal).stderrBroken},
	{"standard error is stuck", (*ordeal).stderrStuck},

	{"tracer is killed", (*ordeal).tracerKilled},
	{"tracer crashes", (*ordeal).tracerCrashes},
	{"tracer is stopped", (*ordeal).tracerStopped},
	{"tracer panics", (*ordeal).tracerPanics},
	{"reporter panics", (*ordeal).reporterPanics},

	{"killed in the middle of calls", (*ordeal).killedInCalls},
	{"exec in the middle of calls", (*ordeal).execInCalls},
	{"memory goes away", (*ordeal).memoryGoesAway},
	{"memory may not be read", (*ordeal).memoryUnreadable},

	{"flood of stops", (*ordeal).flood},
	{"threads on denied calls", (*ordeal).threadsOnDenied},
	{"many denied names", (*ordeal).manyNames},
	{"opens that wait", (*ordeal).waitingOpens},
	{"huge arguments", (*ordeal).hugeArguments},
	{"domains of the tree's own", (*ordeal).ownDomains},
}

// ordeal is one run of wear in the box, or several with the same victim.
type ordeal struct {
	*testing.T
	uid    int
	base   string // root's: nobody else writes there
	work   string // where wear may write
	victim string // where it may not
	before map[string]string

	sydbox, ablated, wear string
	// flags are further ones of sydbox run, wrap is a command that executes it, adjust changes how it is started.
	flags  []string
	wrap   []string
	adjust func(*exec.Cmd)

	cmd    *exec.Cmd
	cancel context.CancelFunc
	stdin  *os.File
	out    *os.File
	lines  *bufio.Reader
	stderr bytes.Buffer
}

func newOrdeal(t *testing.T, dir string, uid int) *ordeal {
	t.Helper()
	base := filepath.Join(dir, strings.NewReplacer("/", "-", " ", "-", "'", "").Replace(t.Name()))
	if err := os.Mkdir(base, 0o755); err != nil {
		t.Fatal(err)
	}
	o := &ordeal{T: t, uid: uid, base: base,
		work: filepath.Join(base, "work"), victim: filepath.Join(base, "victim")}
	freshDir(t, o.work, uid)
	freshDir(t, o.victim, uid)
	file := filepath.Join(o.victim, "file")
	if err := os.WriteFile(file, []byte("untouched\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	own(t, file, uid)
	o.before = fingerprint(t, o.victim, "")
	return o
}

// alone makes the ordeal's user one of whom nothing else runs, so that a limit of processes counts the ordeal's only.
func (o *ordeal) alone() {
	o.Helper()
	if os.Getuid() != 0 {
		o.Skip("what else this user runs would count (setrlimit(2), RLIMIT_NPROC)")
	}
	if o.uid == 0 {
		o.Skip("root has no limit of processes (setrlimit(2), RLIMIT_NPROC)")
	}
	o.uid = aloneUser + int(aloneUsers.Add(1))
	for _, path := range []string{o.work, o.victim, filepath.Join(o.victim, "file")} {
		own(o.T, path, o.uid)
	}
	o.before = fingerprint(o.T, o.victim, "")
}

// aloneUser is the first of the users that alone makes up.
const aloneUser = 61000

var aloneUsers atomic.Int64

// start runs wear in the box.
func (o *ordeal) start(mode string, args ...string) {
	o.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	argv := append(append([]string{}, o.wrap...), o.sydbox, "run", "--deny", "write="+o.victim, "--deny", "exec=dd")
	argv = append(append(argv, o.flags...), "--", o.wear, o.victim, mode)
	argv = append(argv, args...)
	o.cmd, o.cancel = exec.CommandContext(ctx, argv[0], argv[1:]...), cancel
	o.cmd.Dir = o.work
	o.cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + o.work, "LC_ALL=C", "PWD=" + o.work,
		"GOTRACEBACK=single"}
	o.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Getuid() == 0 {
		o.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.uid)}
	}
	inR, inW := o.newPipe()
	outR, outW := o.newPipe()
	o.stderr.Reset()
	o.cmd.Stdin, o.cmd.Stdout, o.cmd.Stderr = inR, outW, &o.stderr
	if o.adjust != nil {
		o.adjust(o.cmd)
	}
	err := o.cmd.Start()
	inR.Close()
	outW.Close()
	if err != nil {
		o.Fatal(err)
	}
	o.stdin, o.out, o.lines = inW, outR, bufio.NewReader(outR)
	o.Cleanup(func() {
		cancel()
		inW.Close()
		outR.Close()
	})
}

func (o *ordeal) newPipe() (r, w *os.File) {
	o.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		o.Fatal(err)
	}
	return r, w
}

// line reads what wear says next; "" if it has ended.
func (o *ordeal) line() string {
	o.Helper()
	if err := o.out.SetReadDeadline(time.Now().Add(hang)); err != nil {
		o.Fatal(err)
	}
	line, err := o.lines.ReadString('\n')
	if errors.Is(err, os.ErrDeadlineExceeded) {
		o.Errorf("it hangs; so far it said %q and sydbox %q", line, o.stderr.String())
	}
	return strings.TrimSuffix(line, "\n")
}

// ask lets wear go on by one step.
func (o *ordeal) ask() string {
	o.Helper()
	if _, err := o.stdin.Write([]byte{'x'}); err != nil {
		o.Errorf("wear does not listen: %v", err)
	}
	return o.line()
}

// meet waits for wear to say word; then wear goes on.
func (o *ordeal) meet(word string, meanwhile func()) {
	o.Helper()
	if got := o.line(); got != word {
		o.Errorf("wear says %q, not %q", got, word)
	}
	if meanwhile != nil {
		meanwhile()
	}
	_, _ = o.stdin.Write([]byte{'x'}) // if nobody listens any more, end will tell
}

// end waits for sydbox and for the last process that holds its output, and looks at the victim.
func (o *ordeal) end() outcome {
	o.Helper()
	o.stdin.Close()
	rest := make(chan string, 1)
	go func() {
		_ = o.out.SetReadDeadline(time.Now().Add(hang)) // if it cannot be set the context ends the run
		text, err := io.ReadAll(o.lines)
		if err != nil {
			text = append(text, "\nthe output has no end: "+err.Error()...)
		}
		rest <- string(text)
	}()
	err := o.cmd.Wait()
	result := outcome{stdout: <-rest, stderr: o.stderr.String()}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		status := exit.Sys().(syscall.WaitStatus)
		if result.status = status.ExitStatus(); status.Signaled() {
			result.status = 128 + int(status.Signal())
		}
	case err != nil:
		o.Errorf("wait: %v", err)
	}
	if strings.Contains(result.stdout, "the output has no end") {
		o.Errorf("something of the tree is left running: %s", result.stdout)
	}
	o.cancel()
	o.untouched()
	return result
}

// untouched looks at the victim.
func (o *ordeal) untouched() {
	o.Helper()
	if list := changes(o.before, fingerprint(o.T, o.victim, "")); len(list) > 0 {
		o.Errorf("the victim was touched: %s", strings.Join(list, "; "))
	}
}

// expect ends the run and checks how it ended and what the user reads of it.
func (o *ordeal) expect(status int, stderr ...string) outcome {
	o.Helper()
	result := o.end()
	if result.status != status {
		o.Errorf("it ends with %d, want %d\n%s\n%s", result.status, status, result.stdout, cut(result.stderr))
	}
	if !utf8.ValidString(result.stderr) || strings.Contains(result.stderr, "\x1b") {
		o.Errorf("what the user reads has hostile bytes in it: %q", cut(result.stderr))
	}
	for _, want := range stderr {
		if !strings.Contains(result.stderr, want) {
			o.Errorf("what the user reads does not say %q:\n%s", want, cut(result.stderr))
		}
	}
	return result
}

// cut keeps a report readable.
func cut(text string) string {
	if len(text) > 3000 {
		text = text[:1500] + "\n…\n" + text[len(text)-1500:]
	}
	return text
}

// limit sets a resource limit of the running sydbox: both the soft and the hard one, if there is a colon.
func (o *ordeal) limit(resource, value string) {
	o.Helper()
	// Without CAP_SYS_RESOURCE one may only set those of one's own user's processes.
	cmd := exec.Command("prlimit", "--pid", strconv.Itoa(o.cmd.Process.Pid), "--"+resource+"="+value)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Credential: &syscall.Credential{Uid: uint32(o.uid), Gid: uint32(o.uid)}}
	}
	if text, err := cmd.CombinedOutput(); err != nil {
		o.Fatalf("prlimit --%s=%s: %v: %s", resource, value, err, text)
	}
}

// signal sends sydbox a signal.
func (o *ordeal) signal(sig syscall.Signal) {
	o.Helper()
	if err := o.cmd.Process.Signal(sig); err != nil {
		o.Fatal(err)
	}
}

// usage is what a process holds.
type usage struct {
	kB, threads, descriptors int
	// pollers are epoll instances and eventfds. Go's runtime makes one of each when it first waits for a descriptor, which
	// may be at any time.
	pollers int
}

// measure says what sydbox holds now. Descriptors are 0 if this user may not look at them.
func (o *ordeal) measure() usage { return measure(o.T, o.cmd.Process.Pid) }

func measure(t *testing.T, pid int) usage {
	t.Helper()
	dir := "/proc/" + strconv.Itoa(pid)
	text, err := os.ReadFile(dir + "/status")
	if err != nil {
		t.Fatal(err)
	}
	number := func(name string) int {
		_, rest, _ := strings.Cut(string(text), "\n"+name+":")
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			t.Fatalf("%s/status has no %s", dir, name)
		}
		n, err := strconv.Atoi(fields[0])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	u := usage{kB: number("VmRSS"), threads: number("Threads")}
	list, err := os.ReadDir(dir + "/fd")
	if err != nil && !errors.Is(err, unix.EACCES) {
		t.Fatal(err)
	}
	for _, fd := range list {
		target, err := os.Readlink(filepath.Join(dir, "fd", fd.Name()))
		if err == nil && (target == "anon_inode:[eventpoll]" || target == "anon_inode:[eventfd]") {
			u.pollers++
		}
	}
	u.descriptors = len(list) - u.pollers
	return u
}
