package landlock

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestSupport(t *testing.T) {
	tests := []struct {
		s      Support
		kernel string
		rights Access
		net    Net
		scopes Scope
	}{
		{Support{}, "", 0, 0, 0},
		{Support{ABI: 1}, "5.13", everyRight &^ (Refer | Truncate), 0, 0},
		{Support{ABI: 2}, "5.19", everyRight &^ Truncate, 0, 0},
		{Support{ABI: 3}, "6.2", everyRight, 0, 0},
		{Support{ABI: 4}, "6.7", everyRight, BindTCP | ConnectTCP, 0},
		{Support{ABI: 5, Errata: 7}, "6.10", everyRight, BindTCP | ConnectTCP, 0},
		// Signals between threads of different domains fail.
		{Support{ABI: 6}, "6.12", everyRight, BindTCP | ConnectTCP, ScopeAbstract},
		{Support{ABI: 6, Errata: 1}, "6.12", everyRight, BindTCP | ConnectTCP, ScopeAbstract},
		{Support{ABI: 6, Errata: 2}, "6.12", everyRight, BindTCP | ConnectTCP, ScopeSignal | ScopeAbstract},
		{Support{ABI: 7, Errata: 3}, "6.15", everyRight, BindTCP | ConnectTCP, ScopeSignal | ScopeAbstract},
		{Support{ABI: 9, Errata: 3}, "7.1", everyRight | ResolveUnix, BindTCP | ConnectTCP, ScopeSignal | ScopeAbstract},
		{Support{ABI: 99, Errata: 255}, "7.2", everyRight | ResolveUnix, BindTCP | ConnectTCP | BindUDP | ConnectUDP,
			ScopeSignal | ScopeAbstract},
	}
	for _, test := range tests {
		s := test.s
		if s.Kernel() != test.kernel || s.Rights() != test.rights || s.Net() != test.net || s.Scopes() != test.scopes {
			t.Errorf("%+v: %s %#x %#x %#x, want %+v", s, s.Kernel(), s.Rights(), s.Net(), s.Scopes(), test)
		}
	}
}

func TestUnsupported(t *testing.T) {
	for errno, want := range map[unix.Errno]error{
		unix.ENOSYS: ErrAbsent, unix.EOPNOTSUPP: ErrDisabled, unix.EPERM: ErrBlocked, unix.EINVAL: ErrBlocked,
	} {
		if err := unsupported(errno); !errors.Is(err, want) || !errors.Is(err, errno) {
			t.Errorf("%v: %v", errno, err)
		}
	}
}

// What this package says about the running kernel is what the kernel takes.
func TestProbe(t *testing.T) {
	s := Probe()
	if s.Err != nil {
		if s.ABI != 0 {
			t.Error(s)
		}
		t.Skip(s.Err)
	}
	r := s.Fit(&Ruleset{Handled: ^Access(0), Scoped: ^Scope(0), Rules: []Rule{{Path: "/", Access: ^Access(0)}},
		HandledNet: ^Net(0), Ports: []PortRule{{0, ^Net(0)}, {65535, ^Net(0)}}})
	if err := r.Try(); err != nil {
		t.Errorf("ABI %d, %#x %#x: %v", s.ABI, r.Handled, r.Scoped, err)
	}
}

func TestFit(t *testing.T) {
	wanted := &Ruleset{
		Handled: WriteFile | Truncate | Refer, Scoped: ScopeSignal,
		Rules: []Rule{{Path: "/a", Access: WriteFile | Truncate}, {FD: 1, Access: Truncate}, {FD: 2, Access: Truncate},
			{Path: "/b", Access: MakeDir}},
	}
	for _, c := range []struct {
		s    Support
		want *Ruleset
	}{
		{Support{}, nil},
		{Support{ABI: 1}, &Ruleset{Handled: WriteFile, Rules: []Rule{{Path: "/a", Access: WriteFile}}}},
		{Support{ABI: 2}, &Ruleset{Handled: WriteFile | Refer, Rules: []Rule{{Path: "/a", Access: WriteFile}}}},
		{Support{ABI: 7, Errata: 2}, &Ruleset{Handled: wanted.Handled, Scoped: ScopeSignal, Rules: wanted.Rules[:3]}},
	} {
		if got := c.s.Fit(wanted); !reflect.DeepEqual(got, c.want) {
			t.Errorf("ABI %d: %+v, want %+v", c.s.ABI, got, c.want)
		}
	}
	twice := &Ruleset{Handled: WriteFile | MakeDir,
		Rules: []Rule{{Path: "/a", Access: WriteFile}, {Path: "/a", Access: MakeDir}}}
	if got := (Support{ABI: 7}).Fit(twice); len(got.Rules) != 1 || got.Rules[0].Access != WriteFile|MakeDir {
		t.Errorf("two rules on one path: %+v", got)
	}
	net := &Ruleset{Handled: WriteFile, HandledNet: ConnectTCP}
	net.Ports = []PortRule{{80, ConnectTCP | BindTCP}, {0, BindTCP}}
	if got := (Support{ABI: 3}).Fit(net); got.HandledNet != 0 || got.Ports != nil {
		t.Errorf("ports before 6.7: %+v", got)
	}
	got := (Support{ABI: 4}).Fit(net)
	if got.HandledNet != ConnectTCP || !slices.Equal(got.Ports, []PortRule{{80, ConnectTCP}}) {
		t.Errorf("ports: %+v", got)
	}
	if got := (Support{ABI: 4}).Fit(&Ruleset{HandledNet: BindTCP}); got == nil {
		t.Error("a domain of the network alone is one")
	}
	if got := (Support{ABI: 5}).Fit(&Ruleset{Scoped: ScopeSignal}); got != nil {
		t.Errorf("only scopes before 6.12: %+v", got)
	}
}

func TestFind(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, make := range map[string]func(string) error{
		"file": func(p string) error { return os.WriteFile(p, nil, 0o644) },
		"d":    func(p string) error { return os.Mkdir(p, 0o755) },
		"l":    func(p string) error { return os.Symlink("d", p) },
		"lost": func(p string) error { return os.Symlink("nowhere", p) },
	} {
		if err := make(dir + "/" + name); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]Found{
		"/":      {"/", true, true},
		"/d":     {dir + "/d", true, true},
		"/l":     {dir + "/l", true, true},
		"/file":  {dir + "/file", true, false},
		"/x":     {dir, false, true},
		"/d/x/y": {dir + "/d", false, true},
		"/l/x":   {dir + "/l", false, true},
		"/lost":  {dir, false, true},
		// Nothing can come to be below a file.
		"/file/x": {dir + "/file", false, false},
	} {
		if path != "/" {
			path = dir + path
		}
		if got := Find(path); got != want {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
	}
}

// Apply says which rule is wrong, and leaves the thread as it was.
func TestApplyErrors(t *testing.T) {
	supported(t, WriteFile, 0)
	for _, c := range []struct {
		r     Ruleset
		errno unix.Errno
		text  string
	}{
		{Ruleset{}, unix.ENOMSG, "landlock_create_ruleset: "},
		{Ruleset{Handled: WriteFile, Rules: []Rule{{Path: "/no/such"}}}, unix.ENOENT, "open /no/such: "},
		{Ruleset{Handled: WriteFile, Rules: []Rule{{Path: "/", Access: MakeDir}}}, unix.EINVAL,
			"landlock_add_rule /: "},
		{Ruleset{Handled: WriteFile, Rules: []Rule{{Path: "/"}}}, unix.ENOMSG, "landlock_add_rule /: "},
		{Ruleset{Handled: MakeDir, Rules: []Rule{{Path: "/dev/null", Access: MakeDir}}}, unix.EINVAL,
			"landlock_add_rule /dev/null: "},
		{Ruleset{Handled: WriteFile, Rules: []Rule{{FD: 4000, Access: WriteFile}}}, unix.EBADF,
			"landlock_add_rule descriptor 4000: "},
		{Ruleset{Handled: WriteFile, Ports: []PortRule{{80, ConnectTCP}}}, unix.EINVAL, "landlock_add_rule port 80: "},
	} {
		err := c.r.Try()
		if !errors.Is(err, c.errno) || !strings.HasPrefix(err.Error(), c.text) {
			t.Errorf("%+v: %v", c.r, err)
		}
	}
}

// Try leaves this process as it was, whichever thread it came to.
func TestTryIsThrownAway(t *testing.T) {
	supported(t, WriteFile, 0)
	dir := t.TempDir()
	for range 20 {
		if err := (&Ruleset{Handled: MakeDir}).Try(); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		name := filepath.Join(dir, "d")
		done := make(chan error)
		go func() { done <- os.Mkdir(name, 0o755) }()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}
