package record

import (
	"fmt"
	"net/netip"
	"path"
	"strings"

	"sydbox/access"
	"sydbox/event"
	"sydbox/policy"
)

// breakKind is what a breakpoint waits for.
type breakKind uint8

const (
	breakExec breakKind = iota
	breakOpen
	breakWrite
	breakConnect
	breakExit
	breakFailure
)

// Break is a condition at which a run stops, with the tree kept as it is.
type Break struct {
	text string
	kind breakKind
	// glob is of the name of a program; paths, if not nil, of its path or of a file; address is a policy that denies
	// what is waited for.
	glob    string
	paths   *pathPattern
	address *policy.Policy
}

// breakForms are the conditions, for people.
const breakForms = "exec:GLOB, open:PATH, write:PATH, connect:ADDRESS, exit:GLOB or failure"

// ParseBreak reads a condition:
//
//	exec:GLOB        a process becomes a program: by its name, its applet, or its path if GLOB holds a slash
//	open:PATH        a file was opened, or a directory; PATH is a pattern as in a policy
//	write:PATH       a file was opened for writing, made, changed, renamed or removed
//	connect:ADDRESS  an address was reached; ADDRESS is as in [connect] of a policy
//	exit:GLOB        a program that GLOB names ends with a status other than 0, or by a signal
//	failure          the first process ends so that a build tool started, or the command itself
func ParseBreak(text string, sys *policy.System) (*Break, error) {
	kind, what, given := strings.Cut(text, ":")
	b := &Break{text: text}
	switch kind {
	case "failure":
		b.kind = breakFailure
		if given {
			return nil, fmt.Errorf("%s: nothing follows failure", event.Quote(text))
		}
		return b, nil
	case "exec":
		b.kind = breakExec
	case "open":
		b.kind = breakOpen
	case "write":
		b.kind = breakWrite
	case "connect":
		b.kind = breakConnect
	case "exit":
		b.kind = breakExit
	default:
		return nil, fmt.Errorf("%s: there is no breakpoint %s: write %s", event.Quote(text), event.Quote(kind), breakForms)
	}
	if what == "" {
		return nil, fmt.Errorf("%s: something must follow the colon: write %s", event.Quote(text), breakForms)
	}
	if err := b.read(what, sys); err != nil {
		return nil, fmt.Errorf("%s: %w", event.Quote(text), err)
	}
	return b, nil
}

// read takes in what follows the colon.
func (b *Break) read(what string, sys *policy.System) (err error) {
	switch {
	case b.kind == breakConnect:
		// Names of hosts are not looked up: the address of one is known by what the tree is told.
		own := *sys
		own.LookupHost = func(string) ([]netip.Addr, error) { return nil, nil }
		b.address, err = oneRule("connect", what, &own)
	case b.kind == breakOpen, b.kind == breakWrite, strings.Contains(what, "/"):
		b.paths, err = newPathPattern(what, sys)
	default:
		b.glob = what
		if _, err = path.Match(what, ""); err != nil {
			err = fmt.Errorf("%s is no pattern: write * ? and [a-z], and a backslash before those that are meant themselves",
				event.Quote(what))
		}
	}
	return err
}

// String is the condition as it was typed.
func (b *Break) String() string { return b.text }

// names says whether a condition on programs means one: by any of its names.
func (b *Break) names(x *event.Executed) bool {
	if b.paths != nil {
		return b.paths.match(x.Path, x.Typed) || x.Script != "" && b.paths.match(x.Script, "")
	}
	for _, name := range programNames(x) {
		if matched, _ := path.Match(b.glob, name); matched {
			return true
		}
	}
	return false
}

// programNames are the names of a program, the one that people call it by first.
func programNames(x *event.Executed) []string {
	if x == nil {
		return nil
	}
	list := append([]string(nil), x.Names...)
	if x.Script != "" {
		list = append(list, path.Base(x.Script))
	}
	if x.Typed != "" {
		list = append(list, path.Base(x.Typed))
	}
	return append(list, path.Base(x.Path))
}

// uses says whether a condition on files means a use.
func (b *Break) uses(u *event.Used) bool {
	switch u.Op {
	case event.OpLook, event.OpEnter, event.OpExec:
		return false
	case event.OpRead, event.OpList:
		if b.kind != breakOpen {
			return false
		}
	case event.OpMake, event.OpWrite:
		if b.kind == breakOpen && !strings.HasPrefix(u.Call, "open") && u.Call != "creat" {
			return false
		}
	default:
		if b.kind != breakWrite {
			return false
		}
	}
	return b.paths.match(u.Path, u.Typed) || u.To != "" && u.Op != event.OpSymlink && b.paths.match(u.To, "")
}

// reaches says whether a condition on addresses means one that is about to be reached.
func (b *Break) reaches(a *access.Access, host string) bool {
	q := policy.Query{Op: access.Connect, Addr: &a.Addr, Path: a.Object.Path}
	if host != "" {
		q.Hosts = []string{host}
	}
	d := b.address.Decide(&q)
	return d.Denied()
}
