package sandbox

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/policy"
	"sydbox/tracer/landlock"
	"sydbox/tracer/seccomp"
)

// needLandlock skips a test where the kernel has less than all that the wall uses.
func needLandlock(t *testing.T) {
	t.Helper()
	s := landlock.Probe()
	if s.Err != nil || s.ABI < 3 || s.Scopes()&landlock.ScopeSignal == 0 {
		t.Skipf("Landlock is ABI %d, errata %#x (%v)", s.ABI, s.Errata, s.Err)
	}
}

// onlyHere runs f on a thread that is not the main one and ends with it, so that what f does to the thread, and what
// it starts from there, is apart from this process.
func onlyHere(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			f()
			return
		}
		onlyHere(f) // gets another thread while this goroutine holds the main one
		runtime.UnlockOSThread()
	}()
	<-done
}

// grounds is a directory that a policy opens beside one that it does not, both with the same things in them, for the
// program that tries everything.
type grounds struct{ base, allow, own, victim string }

func newGrounds(t *testing.T, w *workshop, uid int) grounds {
	t.Helper()
	base, err := os.MkdirTemp(w.dir, "grounds-")
	if err == nil {
		err = os.Chmod(base, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	g := grounds{base, base + "/allow", base + "/own", base + "/victim"}
	own(t, base, uid)
	for _, dir := range []string{"allow", "allow/empty", "allow/full", "victim", "victim/empty", "victim/full", "own"} {
		freshDir(t, filepath.Join(base, dir), uid)
	}
	for _, name := range []string{
		"allow/file", "allow/other", "allow/third", "allow/full/file", "victim/file", "victim/other", "victim/third",
		"victim/full/file", "own/own", "own/own2", "own/own3",
	} {
		path := filepath.Join(base, name)
		if err := os.WriteFile(path, []byte("text\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		own(t, path, uid)
	}
	return g
}

// reach runs the program that tries everything, in a domain unless r is nil, and returns the errno of each attempt.
func reach(t *testing.T, r *landlock.Ruleset, uid int, program, dir, own string) map[string]syscall.Errno {
	t.Helper()
	victim := exec.Command("/bin/sleep", "1000")
	victim.SysProcAttr = asUser(uid)
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = victim.Process.Kill()
		_ = victim.Wait()
	}()
	cmd := exec.Command(program, dir, own, strconv.Itoa(victim.Process.Pid))
	cmd.SysProcAttr = asUser(uid)
	var out []byte
	var err error
	onlyHere(func() {
		if r != nil {
			if err = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err == nil {
				err = r.Apply()
			}
		}
		if err == nil {
			out, err = cmd.Output()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]syscall.Errno{}
	for line := range strings.Lines(string(out)) {
		name, errno, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.Atoi(errno)
		if err != nil {
			t.Fatalf("%q", out)
		}
		got[name] = syscall.Errno(n)
	}
	return got
}

func asUser(uid int) *syscall.SysProcAttr {
	if os.Getuid() != 0 {
		return nil
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
}

// TestWallAlone takes the first wall away: no tracer, no filter, only the domain that a run would have. What leaves the
// policy's outline fails, what stays within does not notice.
func TestWallAlone(t *testing.T) {
	t.Parallel()
	needLandlock(t)
	w := newWorkshop(t)
	program, err := w.compile("../testdata/landlock/reach.c", variants["static"])
	if err != nil {
		t.Fatal(err)
	}
	outside := map[string]syscall.Errno{
		"create": unix.EACCES, "create-for-reading": unix.EACCES, "write": unix.EACCES, "append": unix.EACCES,
		"empty": unix.EACCES, "truncate": unix.EACCES, "tmpfile": unix.EACCES, "mkdir": unix.EACCES,
		"symlink": unix.EACCES, "mkfifo": unix.EACCES, "bind": unix.EACCES, "link-in": unix.EACCES,
		"link-out": unix.EXDEV,
		"rename":   unix.EACCES, "rename-in": unix.EACCES, "rename-out": unix.EACCES, "exchange": unix.EACCES,
		"unlink": unix.EACCES, "rmdir": unix.EACCES,
	}
	outsiders := map[string]syscall.Errno{
		"signal": unix.EPERM, "seize": unix.EPERM, "environ": unix.EACCES, "exe": unix.EACCES, "fd": unix.EACCES,
		"status": 0,
	}
	inside := map[string]syscall.Errno{}
	for name := range outside {
		inside[name] = 0
	}
	for _, uid := range users() {
		t.Run(userName(uid), func(t *testing.T) {
			g := newGrounds(t, w, uid)
			text := fmt.Sprintf("extends = []\n[write]\nallow = [%q, %q]\n", g.allow, g.own)
			p := loadText(t, w, text)
			wall, err := newWall(&Cmd{Policy: p})
			if err != nil {
				t.Fatal(err)
			}
			outsiders := maps.Clone(outsiders)
			if uid == 0 {
				// Since Linux 6.13 CAP_PERFMON shows it, in a domain or not.
				delete(outsiders, "environ")
			}
			compare := func(what string, got, want map[string]syscall.Errno) {
				t.Helper()
				for _, name := range slices.Sorted(maps.Keys(want)) {
					if errno, tried := got[name]; !tried || errno != want[name] {
						t.Errorf("%s %s: %v, want %v", name, what, errno, want[name])
					}
				}
			}
			got := reach(t, wall.ruleset, uid, program, g.victim, g.own)
			compare("outside", got, outside)
			compare("of an outsider", got, outsiders)
			compare("inside", reach(t, wall.ruleset, uid, program, g.allow, g.own), inside)
			// The same attempts win where there is no domain.
			again := newGrounds(t, w, uid)
			free := maps.Clone(inside)
			free["signal"], free["exe"], free["environ"], free["fd"] = 0, 0, 0, 0
			compare("without a domain", reach(t, nil, uid, program, again.victim, again.own), free)
		})
	}
}

// loadText loads a policy from its text as a run would.
func loadText(t *testing.T, w *workshop, text string) *policy.Policy {
	t.Helper()
	file := filepath.Join(w.dir, strings.ReplaceAll(t.Name(), "/", "-")+".toml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := policy.Load(Host(), policy.Options{Policies: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestOutline holds rulesets against policies.
func TestOutline(t *testing.T) {
	t.Parallel()
	w := &workshop{dir: t.TempDir()}
	dir, err := filepath.EvalSymlinks(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"/a", "/b"} {
		if err := os.Mkdir(dir+d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(dir+"/file", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	const (
		files  = rightsToWrite | rightsToCreate | rightsToDelete | rightsToDevices | landlock.Refer
		given  = files &^ rightsToDevices
		signal = landlock.ScopeSignal
	)
	in := func(path string, access landlock.Access) landlock.Rule {
		return landlock.Rule{Path: path, Access: access}
	}
	held := func(rules ...landlock.Rule) landlock.Ruleset {
		return landlock.Ruleset{Handled: files, Scoped: signal, Rules: rules}
	}
	tests := []struct {
		name, text string
		want       landlock.Ruleset
	}{
		{"directories", "[write]\nallow = ['DIR/a', 'DIR/b/*.o']",
			held(in("/a", given), in("/b", given))},
		{"not there yet", "[write]\nallow = ['DIR/a/x/y']",
			held(in("/a", given))},
		{"a file", "[write]\nallow = ['DIR/file']",
			held(in("/file", rightsToWrite), in("", landlock.Refer))},
		{"below a file", "[write]\nallow = ['DIR/file/x']", held()},
		{"alone", "[write]\nallow = ['DIR/a/.', 'DIR/b/x/.']",
			held(in("/b", given))},
		{"one operation", "[create]\nallow = ['DIR/a']",
			held(in("/a", rightsToCreate|landlock.Refer))},
		{"an operation everywhere",
			"[create]\ndefault = 'allow'\n[delete]\nallow = ['**/x']\n[write]\nallow = ['DIR/a']",
			landlock.Ruleset{Handled: rightsToWrite | landlock.Refer, Scoped: signal, Rules: []landlock.Rule{
				{Path: "/", Access: landlock.Refer}, in("/a", rightsToWrite|landlock.Refer)}}},
		{"everything everywhere but somewhere", "[write]\ndefault = 'allow'\ndeny = ['DIR/a']",
			landlock.Ruleset{Scoped: signal}},
		{"the tree", "[write]\nallow = ['$TREE']",
			held(in("/proc", rightsToWrite))},
		{"devices", "[syscalls]\nallow = ['devices']\n[write]\nallow = ['DIR/a']",
			held(in("/a", files))},
		{"mounts", "[syscalls]\nallow = ['mount']\n[write]\nallow = ['DIR/a']", landlock.Ruleset{Scoped: signal}},
		{"handles", "[syscalls]\nallow = ['handles']\n[write]\nallow = ['DIR/a']", landlock.Ruleset{Scoped: signal}},
		{"bpf", "[syscalls]\nallow = ['bpf']\n[write]\nallow = ['DIR/a']", landlock.Ruleset{Scoped: signal}},
		{"outsiders", "[syscalls]\nallow = ['outsiders']\n[create]\nallow = ['DIR/a']",
			landlock.Ruleset{Handled: files, Rules: []landlock.Rule{in("/a", rightsToCreate|landlock.Refer)}}},
	}
	for _, test := range tests {
		p := loadText(t, w, "extends = []\n"+strings.ReplaceAll(test.text, "DIR", dir))
		got := outline(p)
		got.Rules = slices.DeleteFunc(got.Rules, func(r landlock.Rule) bool { return r.Path == queues })
		for i := range got.Rules {
			got.Rules[i].Path = strings.TrimPrefix(got.Rules[i].Path, dir)
		}
		same := got.Handled == test.want.Handled && got.Scoped == test.want.Scoped
		if !same || !slices.Equal(got.Rules, test.want.Rules) {
			t.Errorf("%s: %+v, want %+v", test.name, *got, test.want)
		}
	}
}

// TestNoWall: nothing is held where nothing is denied.
func TestNoWall(t *testing.T) {
	t.Parallel()
	needLandlock(t)
	w := &workshop{dir: t.TempDir()}
	for _, c := range []struct {
		text string
		mode Mode
		wall bool
	}{
		{"extends = []", Enforce, true},
		{"extends = ['open']", Enforce, true}, // outsiders are to be kept from in any case
		{"extends = ['open']\n[syscalls]\nallow = ['outsiders']", Enforce, false},
		{"extends = ['open']\n[read]\ndeny = ['/etc/shadow']", Enforce, true},
		{"extends = []", WarnOnly, false},
		{"extends = []\n[harden]\nlandlock = 'required'", WarnOnly, false},
		{"extends = []\n[harden]\nlandlock = 'required'", Enforce, true},
		{"extends = []\n[harden]\nlandlock = 'off'", Enforce, false},
	} {
		wall, err := newWall(&Cmd{Policy: loadText(t, w, c.text), Mode: c.mode})
		if err != nil || (wall.ruleset != nil) != c.wall || wall.keepsSignalsIn() != c.wall {
			t.Errorf("%q, mode %d: %+v %v", c.text, c.mode, wall, err)
		}
	}
}

// TestWallThatCannotBeHad starts sydbox where Landlock is hidden, and where there are sixteen domains already: what is
// preferred is done without, what is required is not started without, and the reason is said.
func TestWallThatCannotBeHad(t *testing.T) {
	t.Parallel()
	needLandlock(t)
	w := newWorkshop(t)
	for _, c := range []struct {
		name, reason string
		around       func() error
	}{
		{"hidden", "the kernel has no Landlock (landlock_create_ruleset: function not implemented)", hideLandlock},
		{"too deep", "landlock_restrict_self: argument list too long", sixteenDomains},
	} {
		said := "sydbox: cannot set up Landlock: " + c.reason +
			"\nsydbox: hint: to start without it, say [harden] landlock = \"preferred\"\n"
		for level, started := range map[string]bool{"preferred": true, "required": false} {
			file := filepath.Join(w.dir, level+".toml")
			if err := os.WriteFile(file, []byte("[harden]\nlandlock = '"+level+"'\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			cmd := exec.Command(w.sydbox, "run", "-p", file, "--", "echo", "ran")
			cmd.Dir, cmd.Stdout, cmd.Stderr = w.dir, &out, &out
			var err error
			onlyHere(func() {
				if err = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err == nil {
					err = c.around()
				}
				if err != nil {
					t.Error(c.name, err)
					return
				}
				_ = cmd.Run() // the status is looked at
			})
			ran := strings.Contains(out.String(), "ran\n")
			switch {
			case ran != started:
				t.Errorf("%s, %s: started: %v\n%s", c.name, level, ran, out.String())
			case !started && (cmd.ProcessState.ExitCode() != 125 || out.String() != said):
				t.Errorf("%s, %s: %v\n%s", c.name, level, cmd.ProcessState, out.String())
			}
		}
	}
}

func hideLandlock() error {
	return seccomp.Install([]unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_LANDLOCK_CREATE_RULESET, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}, 0)
}

func sixteenDomains() error {
	r := &landlock.Ruleset{Handled: landlock.MakeBlock}
	for range 16 {
		if err := r.Apply(); err != nil {
			return err
		}
	}
	return nil
}
