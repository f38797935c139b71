package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"

	"sydbox/arch"
	"sydbox/syscalls"
)

// The list of [harden] deny_calls: system calls that the filter refuses whatever their arguments, in every ABI. It comes
// before all else that the filter says, and so takes something away only: a call that stops, or that a refusal of
// [syscalls] answers, is refused all the same.

// whyDenied is what the filter's text says of these calls. It is no name of a refusal.
const whyDenied = "[harden] deny_calls"

// callEntry is one name of deny_calls or keep_calls.
type callEntry struct {
	text  string // a call or an "@group"
	keep  bool
	layer int
	place place
}

func (e *callEntry) group() bool { return strings.HasPrefix(e.text, "@") }

// calls are what it names.
func (e *callEntry) calls() []string {
	if e.group() {
		return CallGroup(e.text)
	}
	return []string{e.text}
}

// callSettings are those of a document, or of a policy.
type callSettings struct {
	level   setting[string]
	errno   setting[string]
	entries []callEntry
	// denied has what is denied in the end, by all of its names.
	denied map[string]bool
}

// below adds what a farther layer says.
func (c *callSettings) below(far *callSettings, layer int) {
	fill(&c.level, &far.level)
	fill(&c.errno, &far.errno)
	for _, e := range far.entries {
		e.layer = layer
		c.entries = append(c.entries, e)
	}
}

// finish weighs the entries: a call by its name counts more than a group, then the nearer layer, then deny.
func (c *callSettings) finish() {
	rank := func(one bool) int {
		if one {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(c.entries, func(a, b callEntry) int {
		return cmp.Or(rank(a.group())-rank(b.group()), a.layer-b.layer, rank(a.keep)-rank(b.keep))
	})
	if len(c.entries) == 0 {
		return
	}
	denied := map[string]bool{}
	for i := range c.entries {
		e := &c.entries[i]
		for _, name := range e.calls() {
			if _, said := denied[sameCall(name)]; !said {
				denied[sameCall(name)] = !e.keep
			}
		}
	}
	c.denied = map[string]bool{}
	for _, name := range syscalls.Names() {
		if denied[sameCall(name)] {
			c.denied[name] = true
		}
	}
}

// DeniedCalls are the calls that [harden] deny_calls comes to, by all of their names, sorted, what they fail with, and how
// much that is wanted: "off" where nothing is named, else "required" unless said.
func (p *Policy) DeniedCalls() (names []string, errno syscall.Errno, level string) {
	c := &p.settings.calls
	if len(c.denied) == 0 {
		return nil, 0, "off"
	}
	return slices.Sorted(maps.Keys(c.denied)), p.deniedErrno(), c.level.or("required")
}

func (p *Policy) deniedErrno() syscall.Errno {
	if name := p.settings.calls.errno.value; name != "" {
		errno, _ := ErrnoByName(name)
		return errno
	}
	return syscall.EPERM
}

// Denies says whether a call with these arguments is on the list, and what it fails with. It is for the handler, about
// calls that stop: most of those on the list do not. It allocates nothing.
func (p *Policy) Denies(inv *syscalls.Invocation) (syscall.Errno, bool) {
	if !p.listsCalls() {
		return 0, false
	}
	name := inv.Call.Name
	if m, ok := multiplexed[name]; ok {
		if inner, known := m.calls[uint32(inv.Args[0]&m.mask)]; known && p.deniesCall(inner) {
			return p.deniedErrno(), true
		}
	}
	return p.deniedErrno(), p.deniesCall(name)
}

// listsCalls says whether there is a list that holds.
func (p *Policy) listsCalls() bool {
	c := &p.settings.calls
	return len(c.denied) > 0 && c.level.value != "off"
}

func (p *Policy) deniesCall(name string) bool { return p.settings.calls.denied[name] }

// denyRow fills what happens to a call that is on the list: done says that nothing else can happen to it. A refusal that
// stands for all of its arguments keeps its errno, which was chosen so that programs do without.
func (p *Policy) denyRow(abi *arch.ABI, row *syscalls.Row, call *syscalls.Call) (done bool) {
	if !p.listsCalls() {
		return false
	}
	verdict := failWith(p.deniedErrno())
	verdictOf := func(name string) syscalls.Verdict {
		if slices.Contains(stopped, name) {
			return stopAnswer
		}
		return verdict
	}
	m := multiplexed[call.Name]
	whole := p.deniesCall(call.Name)
	for _, nr := range slices.Sorted(maps.Keys(m.calls)) {
		inner := m.calls[nr]
		if v := verdictOf(inner); p.deniesCall(inner) || whole && v == stopAnswer {
			row.Clauses = append(row.Clauses, syscalls.Clause{Verdict: v, Why: whyDenied,
				Tests: syscalls.InWords(abi, tests(syscalls.Test{Arg: 0, Mask: m.mask, Value: uint64(nr)}))})
		}
	}
	if !whole {
		return false
	}
	conditions := p.conditionsOf(abi, call)
	for i := range conditions {
		if c := &conditions[i]; len(c.tests) == 0 && !c.stop && p.stands(c) {
			return false
		}
	}
	row.Else, row.Why = verdictOf(call.Name), whyDenied
	return true
}

// callName reads one name of a list.
func (d *decoder) callName(text string, p place, keep bool) {
	switch {
	case d.err != nil:
	case strings.HasPrefix(text, "@") && CallGroup(text) == nil:
		d.fail(p, choose(text, CallGroups()), "%q is not a group of system calls", text)
	case !strings.HasPrefix(text, "@") && syscalls.ByName(text) == nil:
		hint := didYouMean(text, append(syscalls.Names(), CallGroups()...))
		if hint == "" {
			hint = "write a name as in syscalls(2), or a group such as \"@clock\""
		}
		d.fail(p, hint, "no machine has a system call %q", text)
	case !keep && slices.Contains(needed, sameCall(text)):
		hint := "no program can do without it"
		if text == "execve" {
			hint = "deny programs in [exec]"
		}
		d.fail(p, hint, "%q cannot be denied: the command itself could not be started", text)
	}
	d.doc.settings.calls.entries = append(d.doc.settings.calls.entries, callEntry{text: text, keep: keep, place: p})
}

// callErrno reads what denied calls fail with.
func (d *decoder) callErrno(key string, v any) {
	text, ok := d.text(key, v)
	if !ok {
		return
	}
	if errno, near := ErrnoByName(text); errno == 0 {
		hint := "write the name of an error, as in \"ENOSYS\""
		if near != "" {
			hint = "did you mean \"" + near + "\"?"
		}
		d.fail(d.value(key), hint, "%q is not the name of an error", text)
		return
	}
	d.doc.settings.calls.errno = setting[string]{text, d.at(key)}
}

// calls writes the lists.
func (s *show) calls(p *Policy) {
	c := &p.settings.calls
	if c.level.set() {
		s.line(fmt.Sprintf("deny_list = %q", c.level.value), fromPlace(c.level.place))
	}
	if c.errno.set() {
		s.line(fmt.Sprintf("deny_errno = %q", c.errno.value), fromPlace(c.errno.place))
	}
	for i := range c.entries {
		e := &c.entries[i]
		key, note := "deny_calls", fromPlace(e.place)
		if e.keep {
			key = "keep_calls"
		}
		if e.group() {
			note += ": " + strings.Join(e.calls(), " ")
		}
		s.line(fmt.Sprintf("%s = %q", key, e.text), note)
	}
}
