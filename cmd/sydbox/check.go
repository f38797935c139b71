package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/sandbox"
	"sydbox/sandbox/report"
)

// checkCommand is `sydbox check`.
type checkCommand struct {
	policyFlags

	Op    []string `sep:"none" placeholder:"OP" help:"The operation: read, stat, write, create, delete, attr or exec; repeat for several. All if none is given."`
	Paths []string `arg:"" name:"path" help:"Paths as a process in this directory would use them."`
}

// Exit statuses of check.
const (
	checkAllowed = 0
	checkDenied  = 1 // at least one operation on one path is denied
	checkUnknown = 2 // at least one path leads nowhere that a rule could judge, and nothing else is denied
)

// checkOps are the operations of a check that names none.
const checkOps = access.Read | access.Stat | access.Write | access.Create | access.Delete | access.Attr | access.Exec

// Run implements the command.
func (c *checkCommand) Run(status *int) error {
	ops, err := c.ops()
	if err != nil {
		return err
	}
	pol, err := c.load()
	if err != nil {
		return err
	}
	var out strings.Builder
	*status = checkAllowed
	for _, unsafePath := range c.Paths {
		*status = worse(*status, checkPath(&out, pol, ops, unsafePath))
	}
	_, err = io.WriteString(os.Stdout, out.String())
	return err
}

func (c *checkCommand) ops() (access.Op, error) {
	var ops access.Op
	for _, name := range c.Op {
		op, err := access.ParseOp(name)
		if err != nil {
			return 0, errorf("--op: %w", err)
		}
		if op&^checkOps != 0 {
			return 0, errorf("--op %s: the network is not policed in this version", name)
		}
		ops |= op
	}
	if ops == 0 {
		return checkOps, nil
	}
	return ops, nil
}

func worse(a, b int) int {
	if a == checkDenied || b == checkDenied {
		return checkDenied
	}
	return max(a, b)
}

// checkPath explains what is decided about one path.
func checkPath(out *strings.Builder, pol *policy.Policy, ops access.Op, unsafePath string) int {
	followed, err := locate(unsafePath, true)
	link, linkErr := locate(unsafePath, false)
	if err == nil && linkErr != nil {
		err = linkErr
	}
	fmt.Fprint(out, event.Quote(unsafePath))
	if err != nil {
		fmt.Fprintf(out, "\n  cannot say: %v\n", err)
		return checkUnknown
	}
	if string(followed.Path) != unsafePath && len(followed.Path) > 0 {
		fmt.Fprintf(out, " -> %s", event.Quote(string(followed.Path)))
	}
	out.WriteByte('\n')
	status := checkAllowed
	for _, op := range orderedOps {
		if ops&op == 0 {
			continue
		}
		o, note := followed, ""
		if op == access.Delete && link.Kind == access.Symlink {
			o, note = link, "  (the link itself)"
		}
		if checkOp(out, pol, op, o, unsafePath, note) {
			status = checkDenied
		}
	}
	return status
}

// orderedOps is how the operations are listed: as the sections in docs/policy.md.
var orderedOps = []access.Op{
	access.Read, access.Stat, access.Write, access.Create, access.Delete, access.Attr, access.Exec,
}

// checkOp explains one operation and says whether it is denied.
func checkOp(out *strings.Builder, pol *policy.Policy, op access.Op, o *access.Object, unsafePath, note string) bool {
	line := func(op, word, rule string) { fmt.Fprintf(out, "  %-7s %-15s %s\n", op, word, rule) }
	switch {
	case o.Kind == access.Anonymous:
		line(op.String(), "allow", "it has no name: whoever holds it may use it")
		return false
	case o.Held&op != 0:
		line(op.String(), "allow", "it is a descriptor that is open for this already")
		return false
	}
	q := &policy.Query{Op: op, Path: o.Path, Member: o.PID == os.Getpid()}
	if op == access.Exec {
		q.Names = [][]byte{[]byte(unsafePath)}
	}
	d, lost := pol.Explain(q)
	word := d.Action.String()
	if d.Denied() && d.Action < policy.Kill {
		word += fmt.Sprintf(" (%s)", unix.ErrnoName(d.Errno))
	}
	line(op.String(), word, report.Rule(d.Rule)+note)
	for _, m := range lost {
		line("", "over "+m.Action.String(), report.Rule(m.Rule))
	}
	return d.Denied()
}

// locate says where a path leads for a process in this directory. Directories that do not exist yet are taken for
// ordinary ones: a policy can speak about them.
func locate(unsafePath string, follow bool) (*access.Object, error) {
	o, err := sandbox.Resolve(unsafePath, follow)
	switch {
	case err != nil:
		return nil, err
	case o.Refuse != 0:
		return nil, fmt.Errorf("it has no name in this root: %w", o.Refuse)
	case errors.Is(o.Errno, syscall.ENOENT):
		return missing(unsafePath)
	case o.Errno != 0:
		return nil, o.Errno
	}
	return &o, nil
}

// missing gives a path in a missing directory the name that it would get.
func missing(unsafePath string) (*access.Object, error) {
	base, dir := path.Base(unsafePath), path.Dir(strings.TrimRight(unsafePath, "/"))
	if unsafePath == "" || base == ".." || base == "." || dir == unsafePath {
		return nil, syscall.ENOENT
	}
	parent, err := locate(dir, true)
	if err != nil {
		return nil, err
	}
	if parent.Kind != access.Directory && parent.Kind != access.Missing {
		return nil, syscall.ENOTDIR
	}
	return &access.Object{Path: []byte(path.Join(string(parent.Path), base))}, nil
}
