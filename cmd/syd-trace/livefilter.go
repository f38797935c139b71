package main

import (
	"errors"
	"fmt"
	"path"

	"sydbox/access"
	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/record/trail"
	"sydbox/sandbox"
)

// liveFilter says what is told.
type liveFilter struct {
	paths    []pathFilter
	programs []string // patterns of path.Match
	failed   bool
}

// isProgramPattern checks the pattern of a --program.
func isProgramPattern(pattern string) error {
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
		return console.WithHints(fmt.Errorf("--program %s: this is no pattern", event.Quote(pattern)),
			"as in --program 'cc1*' or --program /usr/bin/make")
	}
	return nil
}

// newLiveFilter reads the flags --path, --program and --failed.
func newLiveFilter(paths, programs []string, failed bool) (liveFilter, error) {
	f := liveFilter{programs: programs, failed: failed}
	for _, pattern := range programs {
		if err := isProgramPattern(pattern); err != nil {
			return f, err
		}
	}
	for _, pattern := range paths {
		meant, err := newPathFilter(pattern)
		if err != nil {
			return f, err
		}
		f.paths = append(f.paths, meant)
	}
	return f, nil
}

// pathFilter says whether a path is meant.
type pathFilter func(path string) bool

// newPathFilter reads a pattern as policies have them, by making a policy that denies what is meant and nothing else.
func newPathFilter(pattern string) (pathFilter, error) {
	p, err := policy.Load(sandbox.Host(), policy.Options{
		Policies: []string{"open"},
		Rules:    []policy.RuleFlag{{Flag: "--path", Section: "read", Action: "deny", Pattern: pattern}},
	})
	var mistake *policy.Error
	if errors.As(err, &mistake) {
		err = fmt.Errorf("--path %s: %s", event.Quote(pattern), mistake.Message)
		if mistake.Hint != "" {
			err = console.WithHints(err, mistake.Hint)
		}
	}
	if err != nil {
		return nil, err
	}
	return func(path string) bool {
		d := p.Decide(&policy.Query{Op: access.Read, Path: []byte(path)})
		return d.Denied()
	}, nil
}

func (f *liveFilter) wants(s said, names *roster) bool {
	return (!f.failed || s.failed) && f.wantsPath(s.paths) && f.wantsProgram(names.program(s.id))
}

func (f *liveFilter) wantsPath(paths []string) bool {
	if len(f.paths) == 0 {
		return true
	}
	for _, meant := range f.paths {
		for _, p := range paths {
			if p != "" && meant(p) {
				return true
			}
		}
	}
	return false
}

// wantsProgram compares patterns with a slash with the file, others with its name, and all with the names it goes by.
func (f *liveFilter) wantsProgram(x *trail.Exec) bool {
	if len(f.programs) == 0 {
		return true
	}
	if x == nil {
		return false
	}
	for _, pattern := range f.programs {
		for _, name := range append([]string{x.Path, path.Base(x.Path), x.Script, path.Base(x.Script)}, x.Names...) {
			if ok, _ := path.Match(pattern, name); ok { // the pattern was tried before
				return true
			}
		}
	}
	return false
}
