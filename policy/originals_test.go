package policy

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sydbox/policy/program"
)

// diskFile is a file of this machine.
type diskFile struct {
	*os.File
	path   string
	id     program.ID
	closed *int
}

func (f *diskFile) ID() program.ID { return f.id }
func (f *diskFile) Path() []byte   { return []byte(f.path) }
func (f *diskFile) Close() error {
	*f.closed++
	return f.File.Close()
}

// disk opens files of this machine and counts them.
type disk struct{ opened, closed int }

func (d *disk) open(name string) (program.File, error) {
	to, err := filepath.EvalSymlinks(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(to)
	if err != nil {
		return nil, err
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &st); err != nil {
		return nil, err
	}
	d.opened++
	id := program.ID{Dev: uint64(st.Dev), Ino: st.Ino, Size: st.Size, Mtime: st.Mtim.Nano(), Ctime: st.Ctim.Nano()}
	return &diskFile{f, to, id, &d.closed}, nil
}

func (d *disk) Open(unsafePath []byte) (program.File, [][]byte, error) {
	var hops [][]byte
	if to, err := os.Readlink(string(unsafePath)); err == nil && to != "" {
		hops = append(hops, unsafePath)
	}
	f, err := d.open(string(unsafePath))
	return f, hops, err
}

func (d *disk) Readlink(unsafePath []byte) ([]byte, error) {
	to, err := os.Readlink(string(unsafePath))
	return []byte(to), err
}

// host is a System whose PATH is a directory of this machine.
func (d *disk) host(dir string) *System {
	sys := host(nil, "PATH="+dir, "DIR="+dir)
	sys.OpenProgram = d.open
	sys.Realpath = filepath.EvalSymlinks
	return sys
}

// exec decides about an exec of words of this machine.
func (d *disk) exec(t *testing.T, p *Policy, words ...string) ExecDecision {
	t.Helper()
	f, hops, err := d.Open([]byte(words[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	argv := make([][]byte, len(words))
	for i, w := range words {
		argv[i] = []byte(w)
	}
	x := &program.Exec{Typed: argv[0], File: f, Hops: hops, Argv: argv}
	return p.DecideExec(program.NewCache(time.Now).Identify(x, d, p.Originals()))
}

// copyProgram makes another file with the content of a program.
func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatalf("this test needs %s: %v", from, err)
	}
	if err := os.WriteFile(to, text, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestOriginals(t *testing.T) {
	dir, d := t.TempDir(), &disk{}
	tool, other := filepath.Join(dir, "tool"), filepath.Join(dir, "other")
	copyProgram(t, "/bin/true", tool)
	copyProgram(t, "/bin/false", other)
	copied := filepath.Join(dir, "copied")
	copyProgram(t, "/bin/true", copied)
	for rules, want := range map[string]string{
		"deny = ['tool']":           "deny tool",
		"deny = ['$DIR/tool']":      "deny $DIR/tool",
		"deny = ['tool x']":         "deny tool x",
		"deny = ['tool y']":         "allow default",
		"deny = ['$DIR/nope']":      "allow default",
		"deny = ['${NOPE:-}/tool']": "allow default",
	} {
		p := mustLoad(t, d.host(dir), "extends = []\n[exec]\n"+rules)
		if got := verdict(d.exec(t, p, copied, "x").Decision); got != want {
			t.Errorf("%s: the copy: %s, want %s", rules, got, want)
		}
		if got := verdict(d.exec(t, p, other, "x").Decision); got != "allow default" {
			t.Errorf("%s: another program: %s", rules, got)
		}
	}
	if p := mustLoad(t, d.host(dir), "extends = []\n[exec]\nallow = ['tool']"); p.Originals() != nil {
		t.Error("an allow rule needs no originals")
	}
}

// Policies that come from one another open nothing again.
func TestOriginalsAreShared(t *testing.T) {
	dir, d := t.TempDir(), &disk{}
	copyProgram(t, "/bin/true", filepath.Join(dir, "tool"))
	p := mustLoad(t, d.host(dir), "extends = []\n[exec]\ndeny = ['tool']")
	opened := d.opened
	more, err := p.With(RuleFlag{"write", "allow", "/srv", "-w"}, RuleFlag{"exec", "allow", "tool ...", "--allow"})
	if err != nil {
		t.Fatal(err)
	}
	if more.Originals() != p.Originals() || d.opened != opened {
		t.Errorf("opened %d files more", d.opened-opened)
	}
	denies, err := p.With(RuleFlag{"exec", "deny", filepath.Join(dir, "tool"), "--deny"})
	if err != nil {
		t.Fatal(err)
	}
	if denies.Originals() == nil || d.opened != opened {
		t.Errorf("opened %d files more", d.opened-opened)
	}
}

// A bare name that is allowed also allows the file its link leads to, unless that is a bundle.
func TestAllowedLink(t *testing.T) {
	dir, d := t.TempDir(), &disk{}
	copyProgram(t, "/bin/true", filepath.Join(dir, "tool-1.2"))
	for link, to := range map[string]string{"tool": "tool-1.2", "ls": busybox(t)} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, rules := range []string{"allow = ['tool ...', 'ls ...']", "allow = ['$DIR/tool ...', '$DIR/ls ...']"} {
		p := mustLoad(t, d.host(dir), "extends = []\n[exec]\ndefault = 'deny'\n"+rules)
		for words, allowed := range map[string]bool{
			dir + "/tool x": true, dir + "/tool-1.2 x": true, dir + "/ls /": true,
			busybox(t) + " ls /": false, busybox(t) + " dd": false,
		} {
			// argv[0] is the path, whose last component BusyBox looks at.
			got := d.exec(t, p, strings.Fields(words)...)
			if bare := strings.HasSuffix(words, " ls /") && strings.HasPrefix(rules, "allow = ['tool"); bare {
				allowed = true // `ls` is the applet, however it is reached
			}
			if got.Denied() == allowed {
				t.Errorf("%s: %s: %s", rules, words, verdict(got.Decision))
			}
		}
	}
}

// A rule that denies a link to a bundle denies nothing else of the bundle.
func TestDeniedLink(t *testing.T) {
	dir, d := t.TempDir(), &disk{}
	for _, link := range []string{"dd", "ls"} {
		if err := os.Symlink(busybox(t), filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	p := mustLoad(t, d.host(dir), "extends = []\n[exec]\ndeny = ['$DIR/dd']")
	for _, words := range []string{dir + "/ls /", busybox(t) + " ls /"} {
		if got := d.exec(t, p, strings.Fields(words)...); got.Denied() {
			t.Errorf("%s: %s", words, verdict(got.Decision))
		}
	}
	if got := d.exec(t, p, dir+"/dd"); !got.Denied() {
		t.Errorf("dd: %s", verdict(got.Decision))
	}
}

// busybox is a BusyBox whose shell runs applets by itself.
func busybox(t *testing.T) string {
	t.Helper()
	file, err := filepath.EvalSymlinks("/bin/busybox")
	if err != nil {
		t.Fatalf("this test needs busybox-static: %v", err)
	}
	return file
}

func TestShellIsRefused(t *testing.T) {
	d := &disk{}
	for rules, want := range map[string]string{
		"deny = ['mkdir']":          "busybox sh can run mkdir without an exec; `busybox sh ...` allows that",
		"deny = ['rmdir', 'mkdir']": "busybox sh can run mkdir without an exec; `busybox sh ...` allows that",
		"deny = ['mk*']":            "busybox sh can run mkdir without an exec; `busybox sh ...` allows that",
		"default = 'deny'\nallow = ['sh ...']": "busybox sh can run [ without an exec; " +
			"`busybox sh ...` allows that",
		"deny = ['dd']":                                "", // it announces itself
		"deny = ['mkdir x']":                           "", // words reach nothing that runs inside
		"deny = ['nc']":                                "",
		"warn = ['mkdir']":                             "",
		"mute = ['mkdir']\nallow = ['sh ...']":         "busybox sh can run mkdir without an exec; `busybox sh ...` allows that",
		"mute = ['mkdir']\nallow = ['busybox sh ...']": "",
		"mute = ['mk*']\nallow = ['mkdir ...']":        "",
	} {
		p := mustLoad(t, d.host("/nowhere"), "extends = []\n[exec]\n"+rules)
		got := d.exec(t, p, busybox(t), "sh", "-c", "true")
		if got.Why != want || got.Denied() != (want != "") {
			t.Errorf("%s: %s: %q, want %q", rules, verdict(got.Decision), got.Why, want)
		}
	}
	// The denial is nearer than what would lift it.
	p := mustLoad(t, d.host("/nowhere"), "extends = []\n[exec]\nallow = ['busybox sh ...']",
		RuleFlag{"exec", "deny", "mkdir", "--deny"})
	if got := d.exec(t, p, busybox(t), "sh", "-c", "true"); !got.Denied() {
		t.Error("a farther layer lifted the refusal")
	}
}

func TestWarnings(t *testing.T) {
	dir, d := t.TempDir(), &disk{}
	copyProgram(t, "/bin/true", filepath.Join(dir, "tool"))
	sys := d.host(dir)
	p := mustLoad(t, sys, `
extends = []
[exec]
deny = ["tool", "tol", "tol x", "$DIR/tool", "$DIR/tol", "**/tol", "to*", "$DIR"]
allow = ["toll ..."]
[write]
allow = ["/nowhere"]
`, RuleFlag{"exec", "deny", "too", "--deny"})
	var got []string
	for _, w := range p.Warnings() {
		got = append(got, w.Error())
	}
	want := []string{
		"command line: no program called too is in $PATH",
		"/p.toml:4:17: no program called tol is in $PATH",
		"/p.toml:4:46: there is no program " + dir + "/tol",
		"/p.toml:5:10: no program called toll is in $PATH",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// What a policy extends, and one that is named without a path, may be made for other machines.
	for _, p := range []*Policy{
		mustLoad(t, d.host(dir), "extends = []"),
		mustLoad(t, host(nil), "extends = []\n[exec]\ndeny = ['tol']"),
	} {
		if w := p.Warnings(); len(w) != 0 {
			t.Error(w)
		}
	}
	sys = host(map[string]string{"/etc/sydbox/lean.toml": "extends = []\n[exec]\ndeny = ['tol']"})
	sys.OpenProgram = d.open
	p, err := Load(sys, Options{Policies: []string{"lean"}})
	if err != nil || len(p.Warnings()) != 0 {
		t.Error(err, p.Warnings())
	}
}
