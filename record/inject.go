package record

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/event"
	"sydbox/policy"
)

// Injection is an error that is made up: every call that names a certain path fails with it, and does nothing.
type Injection struct {
	text  string
	paths *pathPattern
	errno unix.Errno
}

// ParseInjection reads PATH=ERRNO. PATH is a pattern as in a policy's [read]: it means what it matches and all below, and
// may be relative to sys.Cwd.
func ParseInjection(text string, sys *policy.System) (*Injection, error) {
	i := strings.LastIndexByte(text, '=')
	if i < 0 {
		return nil, fmt.Errorf("%s names no error: write PATH=ERRNO, as in /usr/include/zlib.h=ENOENT", event.Quote(text))
	}
	pattern, name := text[:i], text[i+1:]
	if pattern == "" {
		return nil, fmt.Errorf("%s names no path: write PATH=ERRNO, as in /usr/include/zlib.h=ENOENT", event.Quote(text))
	}
	errno, nearest := policy.ErrnoByName(name)
	switch {
	case errno != 0:
	case nearest != "":
		return nil, fmt.Errorf("%s: there is no error %s: did you mean %s?", event.Quote(text), event.Quote(name), nearest)
	default:
		return nil, fmt.Errorf("%s: there is no error %s: errno(3) has the names, ENOENT and EACCES among them",
			event.Quote(text), event.Quote(name))
	}
	matches, err := newPathPattern(pattern, sys)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", event.Quote(text), err)
	}
	return &Injection{text: text, paths: matches, errno: errno}, nil
}

// String is the injection as it was typed.
func (i *Injection) String() string { return i.text }

// injections are all of a run.
type injections []*Injection

// of returns the error that a use of paths is to fail with; 0 for none.
func (list injections) of(u *event.Used) unix.Errno {
	for _, i := range list {
		if i.paths.match(u.Path, u.Typed) || u.To != "" && u.Op != event.OpSymlink && i.paths.match(u.To, "") {
			return i.errno
		}
	}
	return 0
}

// pathPattern is a pattern of paths, as policies have them.
type pathPattern struct {
	policy *policy.Policy
	query  policy.Query
	path   []byte
	names  [1][]byte
	typed  []byte
}

// newPathPattern reads a pattern.
func newPathPattern(pattern string, sys *policy.System) (*pathPattern, error) {
	p, err := oneRule("read", pattern, sys)
	if err != nil {
		return nil, err
	}
	return &pathPattern{policy: p}, nil
}

// oneRule is a policy in which nothing is denied but what one rule names.
func oneRule(section, rule string, sys *policy.System) (*policy.Policy, error) {
	p, err := policy.Load(sys, policy.Options{
		Policies: []string{"open"},
		Rules:    []policy.RuleFlag{{Section: section, Action: "deny", Pattern: rule}},
	})
	var mistake *policy.Error
	switch {
	case errors.As(err, &mistake) && mistake.Hint != "":
		return nil, fmt.Errorf("%s: %s", mistake.Message, mistake.Hint)
	case errors.As(err, &mistake):
		return nil, errors.New(mistake.Message)
	}
	return p, err
}

// match says whether the pattern means a path, or that path as it was typed.
func (p *pathPattern) match(path, typed string) bool {
	p.path = append(p.path[:0], path...)
	p.query = policy.Query{Op: access.Read, Path: p.path}
	if typed != "" && typed[0] == '/' {
		p.typed = append(p.typed[:0], typed...)
		p.names[0] = p.typed
		p.query.Names = p.names[:]
	}
	d := p.policy.Decide(&p.query)
	return d.Denied()
}
