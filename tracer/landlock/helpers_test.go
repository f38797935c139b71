package landlock

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The tests run again as a child that goes into a domain and tries one thing there: a domain is for good.
//
//	argv[0] = childName, then the ruleset, then the name of what to try, then its arguments.
const childName = "landlock-child"

// Statuses of the child, besides an errno.
const (
	statusDomain = 250 // the domain could not be had
	statusOther  = 251 // the attempt failed without an errno
)

func TestMain(m *testing.M) {
	if len(os.Args) < 3 || os.Args[0] != childName {
		os.Exit(m.Run())
	}
	runtime.LockOSThread()
	os.Exit(child(os.Args[1], os.Args[2], os.Args[3:]))
}

// child applies the ruleset and makes the attempt. It is locked to the thread that is restricted, and children of that
// thread are too.
func child(ruleset, attempt string, args []string) int {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return statusDomain
	}
	if r := parseRuleset(ruleset); !r.Empty() {
		if err := r.Apply(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return statusDomain
		}
	}
	err := attempts[attempt](args)
	var errno syscall.Errno
	switch {
	case err == nil:
		return 0
	case errors.As(err, &errno):
		return int(errno)
	}
	fmt.Fprintln(os.Stderr, err)
	return statusOther
}

// spellRuleset and parseRuleset carry a ruleset through an argument: handled, scoped, handled for the network, then
// access=path, access#fd or net:port.
func spellRuleset(r *Ruleset) string {
	fields := []string{fmt.Sprint(uint64(r.Handled)), fmt.Sprint(uint64(r.Scoped)), fmt.Sprint(uint64(r.HandledNet))}
	for _, rule := range r.Rules {
		if rule.Path == "" {
			fields = append(fields, fmt.Sprintf("%d#%d", rule.Access, rule.FD))
		} else {
			fields = append(fields, fmt.Sprintf("%d=%s", rule.Access, rule.Path))
		}
	}
	for _, rule := range r.Ports {
		fields = append(fields, fmt.Sprintf("%d:%d", rule.Net, rule.Port))
	}
	return strings.Join(fields, "\n")
}

func parseRuleset(text string) *Ruleset {
	number := func(s string) uint64 {
		n, _ := strconv.ParseUint(s, 10, 64)
		return n
	}
	fields := strings.Split(text, "\n")
	r := &Ruleset{Handled: Access(number(fields[0])), Scoped: Scope(number(fields[1])), HandledNet: Net(number(fields[2]))}
	for _, f := range fields[3:] {
		if access, path, ok := strings.Cut(f, "="); ok {
			r.Rules = append(r.Rules, Rule{Path: path, Access: Access(number(access))})
		} else if access, fd, ok := strings.Cut(f, "#"); ok {
			r.Rules = append(r.Rules, Rule{FD: int(number(fd)), Access: Access(number(access))})
		} else if net, port, ok := strings.Cut(f, ":"); ok {
			r.Ports = append(r.Ports, PortRule{Port: uint16(number(port)), Net: Net(number(net))})
		}
	}
	return r
}

// tryIn runs one attempt under a ruleset and returns its errno. files become descriptors 3 and up.
func tryIn(t *testing.T, r *Ruleset, files []*os.File, attempt string, args ...string) syscall.Errno {
	t.Helper()
	return tryAs(t, nil, r, files, attempt, args...)
}

// ordinary makes a process an ordinary user's, if this one is root's.
func ordinary() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		attr.Credential = &syscall.Credential{Uid: 1000, Gid: 1000}
	}
	return attr
}

func tryAs(t *testing.T, attr *syscall.SysProcAttr, r *Ruleset, files []*os.File, attempt string, args ...string,
) syscall.Errno {
	t.Helper()
	if attempts[attempt] == nil {
		t.Fatalf("no attempt %q", attempt)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{childName, spellRuleset(r), attempt}, args...)
	cmd.ExtraFiles, cmd.SysProcAttr = files, attr
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &exit) || exit.ExitCode() < 0 || exit.ExitCode() >= statusDomain:
		t.Fatalf("%s %q: %v\n%s", attempt, args, err, out.String())
	}
	return syscall.Errno(exit.ExitCode())
}

// supported returns what the kernel has, or skips the test.
func supported(t *testing.T, rights Access, scopes Scope) Support {
	t.Helper()
	s := Probe()
	switch {
	case s.Err != nil:
		t.Skip(s.Err)
	case rights&^s.Rights() != 0 || scopes&^s.Scopes() != 0:
		t.Skipf("Landlock of this kernel is ABI %d, errata %#x", s.ABI, s.Errata)
	}
	return s
}

const everyRight = OfFile | RemoveDir | RemoveFile | MakeChar | MakeDir | MakeReg | MakeSock | MakeFIFO | MakeBlock |
	MakeSym | Refer
