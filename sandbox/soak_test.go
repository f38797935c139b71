package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/policy"
)

// A soak runs trees that fork, race, signal, wait and kill for a long time. Each program of testdata/soak knows what
// its calls must come to; from outside it is judged whether the victim is as it was and whether sydbox gives back what
// it takes. `make soak` runs it for SOAK; here it is short, so that it cannot rot.

// soakEnv says how long a soak is to last, as time.ParseDuration reads it.
const soakEnv = "SYDBOX_SOAK"

const shortSoak = 12 * time.Second

// soakDone is how the driver ends if everything was as it must be.
const soakDone = 23

func TestSoak(t *testing.T) {
	t.Parallel()
	length := shortSoak
	if text := os.Getenv(soakEnv); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s: %v", soakEnv, err)
		}
	}
	w := newWorkshop(t)
	driver, programs := w.soakers(t)
	for _, uid := range users() {
		// Whether reads stop as well makes two different boxes of it. Where they do not, file permissions keep the secret,
		// which root would not mind.
		for _, reads := range []bool{true, false} {
			if !reads && (uid == 0 || os.Getuid() != 0) { // and who judges must be able to read it
				continue
			}
			t.Run(fmt.Sprintf("%s/reads=%t", userName(uid), reads), func(t *testing.T) {
				t.Parallel()
				s := newSoak(t, w, uid)
				secret := filepath.Join(s.victim, "secret")
				if reads {
					s.deny = append(s.deny, "--deny", "read="+secret)
				} else if err := os.Chmod(secret, 0); err != nil {
					t.Fatal(err)
				}
				s.run(driver, programs, length)
			})
		}
	}
}

// soakers builds the programs: the driver and those that it runs.
func (w *workshop) soakers(t *testing.T) (driver string, programs []string) {
	t.Helper()
	sources, err := filepath.Glob("../testdata/soak/*.c")
	if err != nil || len(sources) < 2 {
		t.Fatalf("no programs in testdata/soak (%v)", err)
	}
	for _, source := range sources {
		names := []string{"static"}
		if filepath.Base(source) != "driver.c" {
			names = append(names, "m32")
		}
		for _, v := range buildable(names...) {
			binary, err := w.compile(source, v)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Base(source) == "driver.c" {
				driver = binary
			} else {
				programs = append(programs, binary)
			}
		}
	}
	return driver, programs
}

// soak is one tree with a victim.
type soak struct {
	t            *testing.T
	sydbox       string
	uid          int
	work, victim string
	deny         []string
}

func newSoak(t *testing.T, w *workshop, uid int) *soak {
	t.Helper()
	base := filepath.Join(w.dir, strings.NewReplacer("/", "-", "=", "-").Replace(t.Name()))
	if err := os.Mkdir(base, 0o755); err != nil {
		t.Fatal(err)
	}
	s := &soak{t: t, sydbox: w.sydbox, uid: uid}
	s.work, s.victim = filepath.Join(base, "work"), filepath.Join(base, "victim")
	freshDir(t, s.work, uid)
	freshDir(t, s.victim, uid)
	for _, name := range []string{"file", "secret"} {
		path := filepath.Join(s.victim, name)
		if err := os.WriteFile(path, []byte("untouched\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		own(t, path, uid)
	}
	s.deny = []string{"--deny", "write=" + s.victim, "--deny", "exec=dd"}
	return s
}

// run runs the programs in the box and looks at it from outside before, between and after.
func (s *soak) run(driver string, programs []string, length time.Duration) {
	t := s.t
	before := fingerprint(t, s.victim, "")
	argv := append([]string{"run", "-q"}, s.deny...)
	argv = append(argv, "--", driver, strconv.FormatFloat(length.Seconds(), 'f', 1, 64), s.victim)
	cmd := exec.Command(s.sydbox, append(argv, programs...)...)
	cmd.Dir = s.work
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + s.work, "LC_ALL=C", "PWD=" + s.work,
		"GOTRACEBACK=all"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(s.uid), Gid: uint32(s.uid)}
	}
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer inW.Close()
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer outR.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inR, outW, outW
	err = cmd.Start()
	inR.Close()
	outW.Close()
	if err != nil {
		t.Fatal(err)
	}
	// What holds up the output for much longer than the programs may run will not end by itself.
	var hung atomic.Bool
	killer := time.AfterFunc(length+2*hang, func() {
		t.Errorf("it hangs\n%s", tasksIn(s.work))
		hung.Store(true)
		_ = cmd.Process.Signal(unix.SIGABRT) // for the stacks; it may have ended meanwhile
	})
	defer killer.Stop()

	seen := map[string]usage{}
	var said []string
	for lines := bufio.NewScanner(outR); lines.Scan(); {
		line := lines.Text()
		if slices.Contains([]string{"begin", "between", "end"}, line) {
			seen[line] = settled(t, cmd.Process.Pid)
			if _, err := inW.Write([]byte{'x'}); err != nil {
				t.Errorf("the driver does not listen: %v", err)
			}
		} else if len(said) < 40 || hung.Load() {
			said = append(said, line)
		}
	}
	// The output has ended, so nobody of the tree is left.
	_ = cmd.Wait() // the status says how
	if got := cmd.ProcessState.ExitCode(); got != soakDone {
		t.Errorf("it ends with %v", cmd.ProcessState)
	}
	if len(said) > 0 {
		t.Errorf("the programs say:\n%s", strings.Join(said, "\n"))
	}
	if list := changes(before, fingerprint(t, s.victim, "")); len(list) > 0 {
		t.Errorf("the victim was touched: %s", strings.Join(list, "; "))
	}
	s.level(seen)
}

// level compares what sydbox held at the start, after a while and at the end.
func (s *soak) level(seen map[string]usage) {
	begin, between, end := seen["begin"], seen["between"], seen["end"]
	s.t.Logf("at first %+v, then %+v, at the end %+v", begin, between, end)
	if len(seen) != 3 {
		s.t.Errorf("it was seen %d times, not 3", len(seen))
		return
	}
	// Threads of the runtime's stay when they were needed at once, and so do descriptors that it made once.
	switch {
	case end.descriptors > begin.descriptors+2:
		s.t.Errorf("descriptors leak: %d, then %d", begin.descriptors, end.descriptors)
	case end.threads > begin.threads+maxWaitingOpens || end.threads > between.threads+16:
		s.t.Errorf("threads leak: %d, then %d, then %d", begin.threads, between.threads, end.threads)
	case end.kB > between.kB+between.kB/2+(8<<10):
		s.t.Errorf("memory leaks: %d kB, then %d kB, then %d kB", begin.kB, between.kB, end.kB)
	}
}

// settled is what sydbox holds when it has had the time to give back what the last processes of a tree took: opens that
// are cancelled end a moment after whoever made them.
func settled(t *testing.T, pid int) usage {
	u := measure(t, pid)
	for level := 0; level < 5; level++ { // five times in a row there is nothing less
		time.Sleep(50 * time.Millisecond)
		next := measure(t, pid)
		if next.descriptors < u.descriptors || next.threads < u.threads {
			level = -1
		}
		u = next
	}
	return u
}

// tasksIn says what the tasks below a directory are at, for a report.
func tasksIn(dir string) string {
	var list []string
	paths, err := filepath.Glob("/proc/[0-9]*/task/*")
	if err != nil {
		return err.Error()
	}
	for _, path := range paths {
		cwd, err := os.Readlink(path + "/cwd")
		if err != nil || !strings.HasPrefix(cwd, dir) {
			continue
		}
		line := path
		for _, name := range []string{"stat", "wchan", "syscall"} {
			text, err := os.ReadFile(path + "/" + name)
			if err != nil {
				text = []byte(err.Error())
			}
			line += " " + strings.TrimSpace(string(text[:min(len(text), 60)]))
		}
		list = append(list, line)
	}
	return strings.Join(list, "\n")
}

// TestSoakInProcess: a program that uses this package gets its goroutines and descriptors back.
func TestSoakInProcess(t *testing.T) {
	w := newWorkshop(t)
	driver, programs := w.soakers(t)
	dir := filepath.Join(w.dir, "in-process")
	work, victim := filepath.Join(dir, "work"), filepath.Join(dir, "victim")
	for _, path := range []string{dir, work, victim} {
		freshDir(t, path, os.Getuid())
	}
	for _, name := range []string{"file", "secret"} {
		if err := os.WriteFile(filepath.Join(victim, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := policy.Load(Host(), policy.Options{Rules: []policy.RuleFlag{
		{Section: "write", Action: "allow", Pattern: work}, {Section: "write", Action: "deny", Pattern: victim},
		{Section: "read", Action: "deny", Pattern: filepath.Join(victim, "secret")},
		{Section: "exec", Action: "deny", Pattern: "dd"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	soakOnce := func() {
		cmd := Command(p, driver, append([]string{"2", victim}, programs...)...)
		cmd.Dir, cmd.SelfPath = work, w.sydbox
		r, wr, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := wr.Write([]byte("xxx")); err != nil {
			t.Fatal(err)
		}
		wr.Close()
		cmd.Stdin = r
		var said strings.Builder
		cmd.Stdout, cmd.Stderr = &said, &said
		var exit *ExitError
		if err := cmd.Run(); !errors.As(err, &exit) || exit.Status.ExitStatus() != soakDone {
			t.Errorf("%v\n%s", err, said.String())
		}
		removeAll(t, work)
		freshDir(t, work, os.Getuid())
	}
	soakOnce() // what is made once stays
	goroutines, held := runtime.NumGoroutine(), measure(t, os.Getpid())
	soakOnce()
	for end := time.Now().Add(hang); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if runtime.NumGoroutine() <= goroutines && measure(t, os.Getpid()).descriptors <= held.descriptors {
			break
		}
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines before, %d after:\n%s", goroutines, n, buf[:runtime.Stack(buf, true)])
	}
	if u := measure(t, os.Getpid()); u.descriptors > held.descriptors {
		t.Errorf("%d descriptors before, %d after", held.descriptors, u.descriptors)
	}
	if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		t.Errorf("there are children left: %v", err)
	}
}
