package landlock

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// yard has a directory that a domain opens and one that it does not, with the same things in both.
type yard struct{ in, out string }

func newYard(t *testing.T) yard {
	t.Helper()
	base := t.TempDir()
	y := yard{filepath.Join(base, "in"), filepath.Join(base, "out")}
	for _, dir := range []string{y.in, y.out} {
		for _, d := range []string{"", "/dir", "/full", "/full/dir"} {
			if err := os.Mkdir(dir+d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range []string{"/file", "/other", "/third", "/dir/file"} {
			if err := os.WriteFile(dir+f, []byte("text"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return y
}

// TestRights takes each right away in turn, everywhere but in one directory: what needs it works there, fails outside,
// and works outside where the right is not handled.
func TestRights(t *testing.T) {
	s := supported(t, WriteFile, 0)
	tests := []struct {
		right   Access
		attempt string
		args    []string // below the directory
		root    bool
	}{
		{WriteFile, "write", []string{"/file"}, false},
		{WriteFile, "append", []string{"/file"}, false},
		{WriteFile, "update", []string{"/file"}, false},
		{WriteFile, "tmpfile", []string{""}, false},
		{Truncate, "truncate", []string{"/file"}, false},
		{Truncate, "empty", []string{"/file"}, false},
		{RemoveFile, "unlink", []string{"/file"}, false},
		{RemoveFile, "rename", []string{"/file", "/new"}, false},
		{RemoveDir, "rmdir", []string{"/dir/../full/dir"}, false},
		{RemoveDir, "rename", []string{"/dir", "/new"}, false},
		{MakeReg, "make", []string{"/new"}, false},
		{MakeReg, "mkfile", []string{"/new"}, false},
		{MakeReg, "link", []string{"/file", "/new"}, false},
		{MakeReg, "rename", []string{"/file", "/new"}, false},
		{MakeDir, "mkdir", []string{"/new"}, false},
		{MakeDir, "rename", []string{"/dir", "/new"}, false},
		{MakeSym, "symlink", []string{"/new"}, false},
		{MakeFIFO, "mkfifo", []string{"/new"}, false},
		{MakeSock, "mksock", []string{"/new"}, false},
		{MakeSock, "bind", []string{"/new"}, false},
		{MakeChar, "mkchar", []string{"/new"}, true},
		{MakeBlock, "mkblock", []string{"/new"}, true},
		{Refer, "link", []string{"/file", "/dir/new"}, false},
		{Refer, "rename", []string{"/file", "/dir/new"}, false},
		{Refer, "exchange", []string{"/other", "/dir/file"}, false},
	}
	covered := Access(0)
	for _, test := range tests {
		covered |= test.right
		if test.right&^s.Rights() != 0 || test.root && os.Getuid() != 0 {
			t.Logf("%s: not with ABI %d as user %d", test.attempt, s.ABI, os.Getuid())
			continue
		}
		y := newYard(t)
		wall := &Ruleset{Handled: test.right, Rules: []Rule{{Path: y.in, Access: test.right}}}
		refer := test.right == Refer
		if s.Rights()&Refer != 0 && !refer {
			wall.Handled |= Refer // and given, so that the right alone is what is missing
			wall.Rules = append(wall.Rules, Rule{Path: "/", Access: Refer})
		}
		below := func(dir string) []string {
			var list []string
			for _, a := range test.args {
				list = append(list, dir+a)
			}
			return list
		}
		if got := tryIn(t, wall, nil, test.attempt, below(y.in)...); got != 0 {
			t.Errorf("%s inside: %v", test.attempt, got)
		}
		want := unix.EACCES
		if refer {
			want = unix.EXDEV
		}
		if got := tryIn(t, wall, nil, test.attempt, below(y.out)...); got != want {
			t.Errorf("%s outside: %v, want %v", test.attempt, got, want)
		}
		if got := tryIn(t, &Ruleset{}, nil, test.attempt, below(y.out)...); got != 0 {
			t.Errorf("%s without a domain: %v", test.attempt, got)
		}
	}
	if covered != everyRight {
		t.Errorf("rights without a test: %#x", everyRight&^covered)
	}
}

// What nobody handles is free, inside and outside; moving between directories is not.
func TestNotHandled(t *testing.T) {
	supported(t, Refer, 0)
	y := newYard(t)
	wall := &Ruleset{Handled: MakeFIFO}
	for _, c := range []struct {
		want    syscall.Errno
		attempt string
		args    []string
	}{
		{0, "read", []string{y.out + "/file"}},
		{0, "write", []string{y.out + "/file"}},
		{0, "make", []string{y.out + "/new"}},
		{0, "rename", []string{y.out + "/file", y.out + "/moved"}},
		{unix.EXDEV, "rename", []string{y.out + "/other", y.out + "/dir/moved"}},
	} {
		if got := tryIn(t, wall, nil, c.attempt, c.args...); got != c.want {
			t.Errorf("%s %q: %v, want %v", c.attempt, c.args, got, c.want)
		}
	}
}

// No route leads around a rule on an inode.
func TestRoutesOutside(t *testing.T) {
	supported(t, Refer|Truncate, 0)
	y := newYard(t)
	if err := os.Symlink(y.out, y.in+"/link"); err != nil {
		t.Fatal(err)
	}
	dir, err := os.Open(y.out)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	file, err := os.Open(y.out + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	wall := &Ruleset{Handled: everyRight, Rules: []Rule{{Path: y.in, Access: everyRight}}}
	for _, c := range []struct {
		attempt string
		args    []string
	}{
		{"write", []string{y.in + "/link/file"}},
		{"write", []string{y.in + "/../out/file"}},
		{"write", []string{"/proc/self/root" + y.out + "/file"}},
		{"creatat", []string{"3", "new"}},
		{"reopen", []string{"4"}},
	} {
		if got := tryIn(t, wall, []*os.File{dir, file}, c.attempt, c.args...); got != unix.EACCES {
			t.Errorf("%s %q: %v", c.attempt, c.args, got)
		}
		if got := tryIn(t, &Ruleset{}, []*os.File{dir, file}, c.attempt, c.args...); got != 0 {
			t.Errorf("%s %q without a domain: %v", c.attempt, c.args, got)
		}
	}
}

// A rule on a descriptor opens the file again by whatever name, and a pipe needs none.
func TestHeld(t *testing.T) {
	supported(t, Truncate, 0)
	y := newYard(t)
	file, err := os.OpenFile(y.out+"/file", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	files := []*os.File{file, w}
	closed := &Ruleset{Handled: OfFile}
	held := &Ruleset{Handled: OfFile, Rules: []Rule{{FD: 3, Access: OfFile}, {FD: 4, Access: OfFile}}}
	for _, c := range []struct {
		r    *Ruleset
		fd   string
		want syscall.Errno
	}{{closed, "3", unix.EACCES}, {held, "3", 0}, {closed, "4", 0}, {held, "4", 0}} {
		if got := tryIn(t, c.r, files, "reopen", c.fd); got != c.want {
			t.Errorf("reopening %s with %d rules: %v, want %v", c.fd, len(c.r.Rules), got, c.want)
		}
	}
	if got := tryIn(t, held, files, "write", y.out+"/file"); got != 0 {
		t.Errorf("by its own name: %v", got)
	}
}

// What has no path in any file system is not a matter of rules.
func TestNameless(t *testing.T) {
	supported(t, Truncate, 0)
	if got := tryIn(t, &Ruleset{Handled: everyRight}, nil, "memfd"); got != 0 {
		t.Errorf("reopening a memfd: %v", got)
	}
}

// POSIX message queues are files of a mount that nobody sees: opening one for writing takes a rule on a mount that is
// seen, usually /dev/mqueue.
func TestQueues(t *testing.T) {
	supported(t, Truncate, 0)
	if os.Getuid() != 0 {
		t.Skip("mounting needs root")
	}
	dir := t.TempDir()
	if err := unix.Mount("mqueue", dir, "mqueue", 0, ""); err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	closed := &Ruleset{Handled: WriteFile}
	opened := &Ruleset{Handled: WriteFile, Rules: []Rule{{Path: dir, Access: WriteFile}}}
	if got := tryIn(t, closed, nil, "queue"); got != unix.EACCES {
		t.Errorf("without a rule: %v", got)
	}
	if got := tryIn(t, opened, nil, "queue"); got != 0 {
		t.Errorf("with a rule: %v", got)
	}
}

// A domain that handles files refuses mounts, one that only has scopes does not.
func TestMounts(t *testing.T) {
	supported(t, Refer, ScopeSignal)
	if os.Getuid() != 0 {
		t.Skip("mounting needs root")
	}
	dir := t.TempDir()
	for _, c := range []struct {
		r    *Ruleset
		want syscall.Errno
	}{{&Ruleset{Handled: MakeFIFO}, unix.EPERM}, {&Ruleset{Scoped: ScopeSignal}, 0}} {
		if got := tryIn(t, c.r, nil, "mount", dir); got != c.want {
			t.Errorf("%+v: %v, want %v", c.r, got, c.want)
		}
	}
	if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
		t.Error(err)
	}
}
