package sandbox

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sydbox/tracer/landlock"
)

// TestOutsiders lets a hostile program do all it can to a process that it only knows the number of: a bystander, and the
// tracer itself. Each trick must show on the bystander without the box, must not in it, whether the tracer holds alone
// or Landlock helps, and must again once the refusals are lifted. The bystander is looked at from outside.
func TestOutsiders(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	const sources = "../testdata/attacks/outsiders/"
	attacker, err := w.compile(sources+"outsiders.c", variants["static"])
	if err != nil {
		t.Fatal(err)
	}
	bystander, err := w.compile(sources+"bystander.c", variants["static"])
	if err != nil {
		t.Fatal(err)
	}
	list, err := exec.Command(attacker, "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		words := strings.Fields(line)
		for _, uid := range users() {
			t.Run(words[0]+"/"+userName(uid), func(t *testing.T) {
				t.Parallel()
				e := &encounter{T: t, w: w, attacker: attacker, bystander: bystander, trick: words[0], words: words[1:], uid: uid}
				e.all()
			})
		}
	}
}

// encounter is a trick of one user.
type encounter struct {
	*testing.T
	w                   *workshop
	attacker, bystander string
	trick               string
	words               []string
	uid                 int
	// wrap is a command that executes the attacker, env what is added to its environment.
	wrap, env []string
}

func (e *encounter) is(word string) bool { return slices.Contains(e.words, word) }

// The policies. Nothing in them is about processes.
const (
	// What the tracer's thread has of the machine is looked at, so it is left where it is.
	freePolicy = "version = 1\nextends = []\n[run]\nplacement = \"free\"\n[write]\ndefault = \"allow\"\n"
	// Every refusal that stands against one of the tricks.
	liftedPolicy = freePolicy + "[syscalls]\nallow = [\"outsiders\", \"ptrace\", \"vm_read\", \"vm_write\", \"pidfd_getfd\", " +
		"\"core\"]\n" + tracerAlone
	wallPolicy   = "version = 1\nextends = []\n[write]\nallow = [\"/tmp\", \"/dev\", \"/proc\"]\n"
	tracerAlone  = "[harden]\nlandlock = \"off\"\n"
	readsPoliced = "[read]\ndeny = [\"/nowhere\"]\n"
)

func (e *encounter) all() {
	switch {
	case e.is("root") && e.uid != 0:
		e.Log("not applicable: it needs root")
		return
	case e.is("cpus") && runtime.NumCPU() < 2:
		e.Log("not applicable: one processor")
		return
	case e.is("alone"):
		if os.Getuid() != 0 || e.uid == 0 {
			e.Log("not applicable: it would reach processes of this user that have nothing to do with the test")
			return
		}
		e.uid = lonelyUser + int(lonelyUsers.Add(1))
	}
	if e.is("elsewhere") {
		e.elsewhere()
		return
	}
	e.everywhere()
}

// elsewhere has the trick done where /proc is mounted a second time, as the same instance and as another.
func (e *encounter) elsewhere() {
	dir := filepath.Join(e.w.dir, strings.ReplaceAll(e.Name(), "/", "-")+".proc")
	freshDir(e.T, dir, 0)
	for _, mount := range []string{"mount --bind /proc", "mount -t proc proc"} {
		e.wrap = []string{"unshare", "-m", "sh", "-c", mount + ` "$ELSEWHERE" || exit 77; exec "$@"`, "sh"}
		e.env = []string{"ELSEWHERE=" + dir}
		e.everywhere()
		// Oneself is oneself there, too.
		own := e.start(append(e.boxed(freePolicy+tracerAlone), "sh", "-c", "echo 500 >$ELSEWHERE/self/oom_score_adj && "+
			"cat $ELSEWHERE/self/oom_score_adj"), &syscall.SysProcAttr{Setpgid: true}, e.env...)
		if line := own.line(); line != "500" && line != "" {
			e.Errorf("%s: its own entry says %q", mount, line)
		}
		own.stop()
		if status := own.status(); status != 0 {
			e.Errorf("%s: it may not write its own entry\n%s", mount, own.stderr.String())
		}
	}
}

// everywhere does the trick with and without the box.
func (e *encounter) everywhere() {
	effects, _ := e.meet("")
	if effects == nil {
		return // not applicable
	}
	if len(effects) == 0 {
		e.Fatal("broken: without the box nothing comes of it")
	}
	held := freePolicy
	if e.is("entries") {
		held += readsPoliced
	}
	effects, stderr := e.meet(held + tracerAlone)
	if len(effects) != 0 {
		e.Errorf("ESCAPED with the tracer alone: %q\n%s", effects, stderr)
	}
	if !e.is("silent") && !strings.Contains(stderr, "sydbox: denied") {
		e.Errorf("it was stopped without a word\n%s", stderr)
	}
	if effects, stderr = e.meet(wallPolicy); len(effects) != 0 && e.walled() {
		e.Errorf("ESCAPED with Landlock: %q\n%s", effects, stderr)
	}
	if e.uid == users()[0] || e.is("alone") || full() {
		if effects, stderr = e.meet(liftedPolicy); len(effects) == 0 {
			e.Errorf("with the refusals lifted nothing comes of it\n%s", stderr)
		}
	}
	switch {
	case e.is("perfmon"):
		e.readTracer(freePolicy + tracerAlone)
	case !e.is("read") && !e.is("alone") && !e.is("elsewhere"):
		e.meetTracer(freePolicy + tracerAlone)
	}
}

// lonelyUser is the first of those without other processes: what one trick does to all of its user's is no other's
// effect.
const lonelyUser = 54321

var lonelyUsers atomic.Int64

// walled says whether the trick must fail where reads do not stop: only Landlock keeps the entries of /proc then.
func (e *encounter) walled() bool {
	return !e.is("entries") || landlock.Probe().Err == nil && !(e.is("perfmon") && e.uid == 0)
}

// meet runs the trick against a fresh bystander, in the box if there is a policy, and returns what came of it. nil means
// that this machine does not have what it takes.
func (e *encounter) meet(policy string) (effects []string, stderr string) {
	e.Helper()
	b := e.start([]string{e.bystander}, &syscall.SysProcAttr{Setpgid: true}, "SECRET=bystander's environment")
	defer b.stop()
	var address string
	var fd int
	if _, err := fmt.Sscanf(b.line(), "ready %s %d", &address, &fd); err != nil {
		e.Fatalf("the bystander is not ready: %v", err)
	}
	before := look(b.pid(), address, fd)
	attr := &syscall.SysProcAttr{Setpgid: true}
	if !e.is("group") {
		attr.Pgid = b.pid()
	}
	a := e.start(e.attack(policy, fmt.Sprint(b.pid()), address, fmt.Sprint(fd)), attr, e.env...)
	defer a.stop()
	var said []string
	for line := a.line(); line != "tried"; line = a.line() {
		if line == "" && a.ended() {
			break
		}
		if strings.Contains(line, "bystander") {
			said = append(said, line)
		}
	}
	if a.ended() {
		a.stop()
		if status := a.status(); status == notApplicable {
			e.Logf("not applicable: %s", a.stderr.String())
			return nil, ""
		}
	}
	// Some effects take time: a signal stops a process when that is scheduled next.
	waits := settling
	if policy == "" || policy == liftedPolicy {
		waits = patience
	}
	for end := time.Now().Add(waits); ; time.Sleep(settling / 10) {
		effects = differences(before, look(b.pid(), address, fd))
		if len(effects)+len(said) > 0 || time.Now().After(end) {
			break
		}
	}
	a.stop()
	return append(effects, said...), a.stderr.String()
}

// settling is how long after a trick the bystander is looked at, patience how long where something must come of it.
const (
	settling = 50 * time.Millisecond
	patience = time.Minute
)

// differences says what has changed.
func differences(before, after map[string]string) []string {
	effects := []string{}
	for what, was := range before {
		if after[what] != was {
			effects = append(effects, fmt.Sprintf("%s was %q, is %q", what, was, after[what]))
		}
	}
	return effects
}

// meetTracer runs the trick against sydbox itself, which must come out of it as it was and end as if nothing had been.
func (e *encounter) meetTracer(policy string) {
	e.Helper()
	// The attacker waits until sydbox has been looked at: when something runs in it it has its limits and priorities.
	argv := append(e.boxed(policy), "sh", "-c", `echo begun; read go; exec "$0" "$@"`, e.attacker, e.trick, "0", "0x10000", "1")
	a := e.start(argv, &syscall.SysProcAttr{Setpgid: true})
	defer a.stop()
	if line := a.line(); line != "begun" {
		e.Errorf("it begins with %q", line)
	}
	before := look(a.pid(), "", -1)
	if _, err := io.WriteString(a.stdin, "\n"); err != nil {
		e.Error(err)
	}
	for line := a.line(); line != "tried"; line = a.line() {
		if a.ended() {
			break
		}
	}
	after := look(a.pid(), "", -1)
	for _, what := range []string{"peak of memory", "pending", "alive"} { // a busy tracer's
		delete(before, what)
		delete(after, what)
	}
	for what, was := range before {
		if after[what] != was {
			e.Errorf("the tracer's %s was %q, is %q", what, was, after[what])
		}
	}
	a.stop()
	if status := a.status(); status != 0 && status != notApplicable {
		e.Errorf("sydbox ended with %d\n%s", status, a.stderr.String())
	}
}

// readTracer lets the trick read sydbox where no read stops and no Landlock helps: it is not dumpable. That is nothing to
// root.
func (e *encounter) readTracer(policy string) {
	e.Helper()
	if e.uid == 0 {
		return
	}
	a := e.start(e.attack(policy, "0", "0x10000", "1"), &syscall.SysProcAttr{Setpgid: true})
	defer a.stop()
	for line := a.line(); line != "tried" && !a.ended(); line = a.line() {
		e.Errorf("it reads of the tracer: %s", line)
	}
}

// attack is the command line of the attacker, in the box if there is a policy.
func (e *encounter) attack(policy string, args ...string) []string {
	return append(append(e.boxed(policy), e.attacker, e.trick), args...)
}

// boxed is what comes before a command that is run in the box.
func (e *encounter) boxed(policy string) []string {
	argv := slices.Clone(e.wrap)
	if policy == "" {
		return argv
	}
	file := filepath.Join(e.w.dir, strings.ReplaceAll(e.Name(), "/", "-")+".toml")
	if err := os.WriteFile(file, []byte(policy), 0o644); err != nil {
		e.Fatal(err)
	}
	return append(argv, e.w.sydbox, "run", "-p", file, "--")
}
