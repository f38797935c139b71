package policy

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"sydbox/access"
)

// order loads policies and returns the names of their layers, nearest first.
func order(t *testing.T, sys *System, names ...string) string {
	t.Helper()
	p, err := Load(sys, Options{Policies: names})
	if err != nil {
		return detail(err)
	}
	var got []string
	for _, l := range p.layers {
		got = append(got, l.doc.src.name)
	}
	return strings.Join(got, " ")
}

func TestLayersAreInOrder(t *testing.T) {
	files := map[string]string{
		"/p/none.toml":                     "",
		"/p/bare.toml":                     "extends = []",
		"/p/two.toml":                      "extends = ['bare.toml', './none.toml']",
		"/p/diamond.toml":                  "extends = ['two.toml', 'bare.toml', 'sub/deep.toml']",
		"/p/sub/deep.toml":                 "extends = ['../bare.toml']",
		"/p/user.toml":                     "extends = ['go', '~/x.toml', 'mine']",
		"/home/a/x.toml":                   "extends = []",
		"/home/a/.config/sydbox/mine.toml": "extends = []",
		"/etc/sydbox/mine.toml":            "extends = ['open']",
		"/etc/sydbox/site.toml":            "extends = ['sibling.toml']",
		"/etc/sydbox/sibling.toml":         "extends = []",
		"/home/a/src/local.toml":           "extends = []",
		"/home/a/src/build.toml":           "extends = []\n[write]\ndefault = 'allow'",
		"/home/a/src/d/noext":              "extends = []",
	}
	const mine = "/home/a/.config/sydbox/mine.toml"
	tests := []struct{ names, want string }{
		{"", "build"}, // and not ./build.toml
		{"build", "build"},
		{"open", "open"},
		{"go", "go build"},
		{"go rust", "rust go build"},
		{"rust go", "go rust build"},
		{"go build", "go build"}, // a policy is always nearer than what it extends
		{"open go", "go build open"},
		{"/p/none.toml", "/p/none.toml build"},
		{"/p/bare.toml", "/p/bare.toml"},
		{"/p/two.toml", "/p/two.toml /p/none.toml build /p/bare.toml"},
		{"/p/diamond.toml", "/p/diamond.toml /p/sub/deep.toml /p/two.toml /p/none.toml build /p/bare.toml"},
		{"/p/user.toml", "/p/user.toml " + mine + " /home/a/x.toml go build"},
		{"mine", mine},
		{"site", "/etc/sydbox/site.toml /etc/sydbox/sibling.toml"},
		{"local.toml", "/home/a/src/local.toml"},
		{"./local.toml", "/home/a/src/local.toml"},
		{"../src/local.toml", "/home/a/src/local.toml"},
		{"d/noext", "/home/a/src/d/noext"},
		{"/p/bare.toml /p/bare.toml", "/p/bare.toml"},
	}
	for _, tt := range tests {
		if got := order(t, host(files), strings.Fields(tt.names)...); got != tt.want {
			t.Errorf("%q:\n got %s\nwant %s", tt.names, got, tt.want)
		}
	}
}

func TestAPolicyCanExtendTheOneItHides(t *testing.T) {
	const user, site = "/home/a/.config/sydbox/build.toml", "/etc/sydbox/build.toml"
	files := map[string]string{user: "[read]\ndeny = ['~/.ssh']", site: ""}
	for names, want := range map[string]string{
		"":   user + " " + site + " build",
		"go": "go " + user + " " + site + " build",
	} {
		if got := order(t, host(files), strings.Fields(names)...); got != want {
			t.Errorf("%q: %s, want %s", names, got, want)
		}
	}
	// An add-on that it extends means the build below it, not itself.
	files[user] = "extends = ['go']"
	if got, want := order(t, host(files)), user+" go "+site+" build"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestNearLayersDecide(t *testing.T) {
	sys := host(map[string]string{
		"/near.toml": "extends = ['/far.toml']\n[read]\nallow = ['/a']\nerrno = 'EPERM'\n[run]\nwait = 'root'\n[harden]\nlandlock = 'required'",
		"/far.toml": "extends = []\n[read]\ndeny = ['/a']\nerrno = 'ENOENT'\n[run]\nwait = 'all'\ntimeout = '1m'\n" +
			"[harden]\nno_new_privs = 'off'\nlandlock = 'off'\npinning = 'required'",
		"/other.toml": "extends = []\n[read]\nmute = ['/a']\n[run]\nviolation_status = 3",
	})
	p, err := Load(sys, Options{Policies: []string{"/near.toml", "/other.toml"}})
	if err != nil {
		t.Fatal(detail(err))
	}
	d := p.Decide(&Query{Op: access.Read, Path: []byte("/a")})
	if d.Action != Mute || d.Errno != errnoByName()["EPERM"] || d.Rule.Layer != 1 {
		t.Errorf("%+v %+v", d, d.Rule)
	}
	if r := p.Run(); r.Wait != "root" || r.Timeout.String() != "1m0s" || r.ViolationStatus != 3 {
		t.Errorf("%+v", r)
	}
	if p.NoNewPrivs() != "off" || p.Landlock() != "required" || p.Pinning() != "required" {
		t.Error(p.NoNewPrivs(), p.Landlock(), p.Pinning())
	}
}

func TestSettings(t *testing.T) {
	p := mustLoad(t, host(nil), "")
	if r := p.Run(); r != (RunSettings{Wait: "all", Placement: "near"}) || p.NoNewPrivs() != "required" || p.Lifted("io_uring") {
		t.Error("defaults:", r, p.NoNewPrivs(), p.Lifted("io_uring"))
	}
	if p.Landlock() != "preferred" || p.Pinning() != "preferred" {
		t.Error("defaults:", p.Landlock(), p.Pinning())
	}
	p = mustLoad(t, host(nil), "[syscalls]\nallow = ['io_uring']", RuleFlag{"syscalls", "allow", "bpf", "--allow"})
	for name, want := range map[string]bool{"io_uring": true, "bpf": true, "userns": false, "": false} {
		if p.Lifted(name) != want {
			t.Errorf("Lifted(%q) = %v", name, !want)
		}
	}
}

func TestCycles(t *testing.T) {
	files := map[string]string{
		"/p/self.toml":          "extends = ['self.toml']",
		"/p/a.toml":             "extends = ['open', 'b.toml']",
		"/p/b.toml":             "extends = ['../p/a.toml']",
		"/etc/sydbox/x.toml":    "extends = ['y']",
		"/etc/sydbox/y.toml":    "extends = ['x']",
		"/etc/sydbox/self.toml": "extends = ['self']",
	}
	for name, want := range map[string]string{
		"/p/self.toml": "/p/self.toml:1:12: a policy extends itself: /p/self.toml extends /p/self.toml",
		"/p/a.toml":    "/p/b.toml:1:12: a policy extends itself: /p/a.toml extends /p/b.toml extends /p/a.toml",
		"/p/b.toml":    "/p/a.toml:1:20: a policy extends itself: /p/b.toml extends /p/a.toml extends /p/b.toml",
		"x": "/etc/sydbox/y.toml:1:12: a policy extends itself: /etc/sydbox/x.toml extends /etc/sydbox/y.toml extends " +
			"/etc/sydbox/x.toml",
		"self": "/etc/sydbox/self.toml:1:12: a policy extends itself: /etc/sydbox/self.toml extends /etc/sydbox/self.toml",
	} {
		_, err := Load(host(files), Options{Policies: []string{name}})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// denied is a file system in which some files cannot be opened, and some not even be looked at.
type denied struct {
	fstest.MapFS
	open, stat string
}

func (d denied) Open(name string) (fs.File, error) {
	if strings.HasPrefix(name, d.open) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return d.MapFS.Open(name)
}

func (d denied) Stat(name string) (fs.FileInfo, error) {
	if strings.HasPrefix(name, d.stat) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrPermission}
	}
	return d.MapFS.Stat(name)
}

func TestUnreadablePolicies(t *testing.T) {
	sys := host(map[string]string{"/home/a/.config/sydbox/build.toml": "", "/etc/sydbox/build.toml": ""})
	files := sys.FS.(fstest.MapFS)

	sys.FS = denied{files, "home/a/.config/sydbox/build.toml", "nothing"}
	_, err := Load(sys, Options{})
	want := "command line: cannot read the policy /home/a/.config/sydbox/build.toml: permission denied"
	if err == nil || err.Error() != want || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a policy of one's own that cannot be read is passed over: %v", err)
	}

	sys.FS = denied{files, "home", "home"} // another user's home
	if got, want := order(t, sys), "/etc/sydbox/build.toml build"; got != want {
		t.Errorf("%s, want %s", got, want)
	}

	sys.FS = nil
	if got := order(t, sys); got != "build" {
		t.Error("no file system:", got)
	}
}

func TestProfiles(t *testing.T) {
	sys := host(map[string]string{
		"/home/a/.config/sydbox/mine.toml": "# mine: what I \x1b[31mneed\n",
		"/home/a/.config/sydbox/note.txt":  "",
		"/etc/sydbox/mine.toml":            "version = 1\n",
		"/etc/sydbox/go.toml":              "#go, for this site",
	})
	var got []string
	for _, p := range Profiles(sys) {
		line := p.Name + " " + p.Path + " (" + p.About + ")"
		if p.Hidden {
			line += " hidden"
		}
		got = append(got, line)
	}
	want := `mine /home/a/.config/sydbox/mine.toml (what I \x1b[31mneed)
go /etc/sydbox/go.toml (go, for this site)
mine /etc/sydbox/mine.toml () hidden
agent  (for a program that writes code in your name: no secrets, no hooks, no dotfiles, no network but what you name)
build  (for building and testing software in its own directory; the default)
ccache  (the compiler cache, on top of build)
dotfiles  (no changes of what shells, editors and tools execute or obey in a home, on top of build)
go  (the caches of the Go command, on top of build) hidden
node  (the caches of npm, yarn, pnpm, corepack and node-gyp, on top of build)
open  (allows everything; for policies that only forbid)
private  (no reads of keys, tokens, mail, and what browsers and cloud tools keep, on top of build)
rust  (the caches of cargo, on top of build)
strict  (build, behind every wall that the kernel has, with an environment and descriptors of its own)
untrusted  (strict, reads only the system's programs and its own directory, and has limits)`
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("got:\n%s\nwant:\n%s", s, want)
	}
	if text, ok := ProfileText("go"); !ok || !strings.HasPrefix(text, "# go: ") {
		t.Error("no text of the profile go")
	}
	if got := strings.Join(EmbeddedProfiles(), " "); got != "agent build ccache dotfiles go node open private rust strict untrusted" {
		t.Error(got)
	}
}
