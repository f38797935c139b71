package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/sandbox/report"
)

// checkCommand is `sydbox check`: of paths here, of addresses in checkaddr.go, of a command in checkcmd.go.
type checkCommand struct {
	policyFlags

	Op      []string `sep:"none" placeholder:"OP" help:"help_op"`
	Connect []string `sep:"none" placeholder:"ADDRESS" help:"help_connect"`
	Bind    []string `sep:"none" placeholder:"ADDRESS" help:"An address to offer, likewise."`
	JSON    bool     `name:"json" help:"Print one JSON object. For a command or for addresses."`
	Paths   []string `arg:"" optional:"" name:"path" help:"Paths as a process in this directory would use them."`

	// command is what stood behind "--"; separated says that there was one.
	command   []string
	separated bool
}

// splitCheck takes the command behind "--" off the arguments of check: the parser would take its words for paths.
func splitCheck(args []string) (before, command []string, separated bool) {
	if len(args) == 0 || args[0] != "check" {
		return args, nil, false
	}
	if i := slices.Index(args, "--"); i >= 0 {
		return args[:i], args[i+1:], true
	}
	return args, nil, false
}

// Exit statuses of check.
const (
	checkAllowed = 0
	checkDenied  = 1 // at least one operation on one path is denied
	checkUnknown = 2 // nothing is denied, and of something nobody can say what it leads to
)

// checkOps are the operations of a check that names none.
const checkOps = access.Read | access.Stat | access.Write | access.Create | access.Delete | access.Attr | access.Exec

// Run implements the command.
func (c *checkCommand) Run(status *int) error {
	if err := c.validate(); err != nil {
		return err
	}
	if c.separated {
		return c.runCommand(status)
	}
	ops, err := c.ops()
	if err != nil {
		return err
	}
	pol, err := c.load()
	if err != nil {
		return err
	}
	findings, err := c.addresses(pol)
	if err != nil {
		return err
	}
	*status = worstAddress(findings)
	if c.JSON {
		text, err := addressesJSON(findings)
		if err != nil {
			return fmt.Errorf("check: %w", err)
		}
		_, err = os.Stdout.Write(text)
		return err
	}
	var out strings.Builder
	for _, unsafePath := range c.Paths {
		*status = worse(*status, checkPath(&out, pol, ops, unsafePath))
	}
	for i := range findings {
		fmt.Fprintln(&out, findings[i].title())
		writeAnswers(&out, findings[i].answers())
	}
	_, err = io.WriteString(os.Stdout, out.String())
	return err
}

// addresses checks what --connect and --bind name.
func (c *checkCommand) addresses(pol *policy.Policy) ([]addressFinding, error) {
	if len(c.Connect)+len(c.Bind) == 0 {
		return nil, nil
	}
	checker, done := newAddressChecker(pol)
	defer done()
	var findings []addressFinding
	for _, asked := range []struct {
		op    access.Op
		typed []string
	}{{access.Connect, c.Connect}, {access.Bind, c.Bind}} {
		for _, typed := range asked.typed {
			list, err := destinations(asked.op, typed)
			if err != nil {
				return nil, err
			}
			for _, d := range list {
				findings = append(findings, checker.check(d))
			}
		}
	}
	return findings, nil
}

// validate checks what the parser cannot.
func (c *checkCommand) validate() error {
	usage := "sydbox check [FLAGS] PATH..., sydbox check [FLAGS] --connect ADDRESS or sydbox check [FLAGS] -- CMD [ARG...]"
	addresses := len(c.Connect)+len(c.Bind) > 0
	switch {
	case c.separated && addresses:
		return console.WithHints(fmt.Errorf("check: addresses and a command are asked about one by one"), usage)
	case len(c.Op) > 0 && len(c.Paths) == 0 && addresses:
		return console.WithHints(fmt.Errorf("check: --op goes with paths"), usage)
	case c.separated && len(c.Paths) > 0:
		err := fmt.Errorf("check: %s is a path and what follows -- is a command", event.Quote(c.Paths[0]))
		return console.WithHints(err, usage)
	case c.separated && len(c.command) == 0:
		return console.WithHints(fmt.Errorf("check: no command was given behind --"), usage)
	case c.separated && len(c.Op) > 0:
		return console.WithHints(fmt.Errorf("check: --op goes with paths, a command is executed"), usage)
	case !c.separated && len(c.Paths) == 0 && !addresses:
		return console.WithHints(fmt.Errorf("check: no path, no address and no command was given"), usage)
	case !c.separated && c.JSON && len(c.Paths) > 0:
		return console.WithHints(fmt.Errorf("check: --json goes with a command or with addresses, not with paths"), usage)
	}
	return nil
}

// runCommand checks a command.
func (c *checkCommand) runCommand(status *int) error {
	pol, err := c.load()
	if err != nil {
		return err
	}
	checker, closeView, err := newChecker(pol)
	if err != nil {
		return err
	}
	defer closeView()
	words := make([][]byte, len(c.command))
	for i, word := range c.command {
		words[i] = []byte(word)
	}
	checker.command(place{}, words)
	*status = checker.worst().status()
	if c.JSON {
		text, err := checker.json(c.command)
		if err != nil {
			return fmt.Errorf("check: %w", err)
		}
		_, err = os.Stdout.Write(text)
		return err
	}
	var out strings.Builder
	checker.write(&out)
	_, err = io.WriteString(os.Stdout, out.String())
	return err
}

func (c *checkCommand) ops() (access.Op, error) {
	var ops access.Op
	for _, name := range c.Op {
		op, err := access.ParseOp(name)
		if err != nil {
			return 0, fmt.Errorf("--op: %w", err)
		}
		if op&^checkOps != 0 {
			return 0, console.WithHints(fmt.Errorf("--op %s: that is asked about an address", name), "write --"+name+" ADDRESS")
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
	var rows []answer
	for _, op := range orderedOps {
		if ops&op == 0 {
			continue
		}
		o, note := followed, ""
		if op == access.Delete && link.Kind == access.Symlink {
			o, note = link, "  (the link itself)"
		}
		row := ask(pol, op, o, unsafePath)
		row.rule += note
		if n := len(rows); n > 0 && rows[n-1].same(row) {
			rows[n-1].ops += ", " + row.ops
		} else {
			rows = append(rows, row)
		}
	}
	return writeAnswers(out, rows)
}

// orderedOps is how the operations are listed: as the sections in docs/policy.md.
var orderedOps = []access.Op{
	access.Read, access.Stat, access.Write, access.Create, access.Delete, access.Attr, access.Exec,
}

// answer is what is decided about one operation, or several with the same answer.
type answer struct {
	ops, verdict, rule string
	lost               [][2]string // action and rule of what would have decided otherwise, best first
	denied, unknown    bool

	decision policy.Decision // what this is about, if anything was decided
	matches  []policy.Match
}

func (a *answer) same(b answer) bool {
	return a.verdict == b.verdict && a.rule == b.rule && slices.Equal(a.lost, b.lost)
}

// ask decides about one operation as the sandbox would.
func ask(pol *policy.Policy, op access.Op, o *access.Object, unsafePath string) answer {
	switch {
	case o.Kind == access.Anonymous:
		return answer{ops: op.String(), verdict: "allow", rule: "it has no name: whoever holds it may use it"}
	case o.Held&op != 0:
		return answer{ops: op.String(), verdict: "allow", rule: "it is a descriptor that is open for this already"}
	}
	q := &policy.Query{Op: op, Path: o.Path, Member: o.PID == os.Getpid()}
	if op == access.Exec {
		q.Names = [][]byte{[]byte(unsafePath)}
	}
	d, lost := pol.Explain(q)
	return answerOf(op.String(), d, lost)
}

func answerOf(ops string, d policy.Decision, lost []policy.Match) answer {
	a := answer{ops: ops, verdict: d.Action.String(), rule: report.Rule(d.Rule), denied: d.Denied(), decision: d,
		matches: lost}
	if d.Denied() && d.Action < policy.Kill {
		a.verdict += fmt.Sprintf(" (%s)", unix.ErrnoName(d.Errno))
	}
	for _, m := range lost {
		a.lost = append(a.lost, [2]string{m.Action.String(), report.Rule(m.Rule)})
	}
	return a
}

// writeAnswers writes a table and returns the status that it means.
func writeAnswers(out *strings.Builder, rows []answer) int {
	status, ops, verdict := checkAllowed, 0, 0
	for _, row := range rows {
		ops, verdict = max(ops, len(row.ops)), max(verdict, len(row.verdict))
		for _, lost := range row.lost {
			verdict = max(verdict, len("over ")+len(lost[0]))
		}
		switch {
		case row.denied:
			status = checkDenied
		case row.unknown:
			status = worse(status, checkUnknown)
		}
	}
	for _, row := range rows {
		fmt.Fprintf(out, "  %-*s  %-*s  %s\n", ops, row.ops, verdict, row.verdict, row.rule)
		for _, lost := range row.lost {
			fmt.Fprintf(out, "  %-*s  %-*s  %s\n", ops, "", verdict, "over "+lost[0], lost[1])
		}
	}
	return status
}
