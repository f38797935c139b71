package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"sydbox/arch"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/sandbox"
	"sydbox/syscalls"
)

// policyCommand is `sydbox policy`.
type policyCommand struct {
	Show   showCommand   `cmd:"" help:"Print the merged policy with the source of every rule."`
	Filter filterCommand `cmd:"" help:"Print which system calls stop, which are refused and which run free."`
	List   listCommand   `cmd:"" help:"List the policies that -p finds by name."`
}

type showCommand struct{ policyFlags }

// Run implements the command.
func (c *showCommand) Run() error {
	pol, err := c.load()
	if err != nil {
		return err
	}
	return pol.Show(os.Stdout)
}

type listCommand struct{}

// Run implements the command.
func (listCommand) Run() error {
	var out strings.Builder
	profiles := policy.Profiles(sandbox.Host())
	width := 0
	for _, p := range profiles {
		width = max(width, len(p.Name))
	}
	for _, p := range profiles {
		where := "embedded"
		if p.Path != "" {
			where = event.Quote(p.Path)
		}
		if p.Hidden {
			where += ", hidden by the one above"
		}
		about := ""
		if p.About != "" {
			about = p.About + " "
		}
		fmt.Fprintf(&out, "%-*s  %s(%s)\n", width, event.Quote(p.Name), about, where)
	}
	_, err := io.WriteString(os.Stdout, out.String())
	return err
}

type filterCommand struct {
	policyFlags

	ABI string `name:"abi" placeholder:"NAME" help:"Only this ABI: x86_64, i386, x32 ..."`
}

// Run implements the command.
func (c *filterCommand) Run() error {
	pol, err := c.load()
	if err != nil {
		return err
	}
	filter := pol.Filter(arch.Native())
	var out strings.Builder
	var known []string
	for i := range filter.ABIs {
		table := &filter.ABIs[i]
		known = append(known, table.ABI.Name)
		if c.ABI == "" || c.ABI == table.ABI.Name {
			describeABI(&out, table)
		}
	}
	if out.Len() == 0 {
		return withHints(errorf("--abi %s: the filter has no such ABI", event.Quote(c.ABI)), "it has "+strings.Join(known, ", "))
	}
	if c.ABI == "" {
		fmt.Fprintf(&out, "any other ABI: %s\n", outcome(filter.Foreign))
	}
	_, err = io.WriteString(os.Stdout, out.String())
	return err
}

// describeABI writes what happens to the calls of one ABI. A call whose arguments decide has a line for each way.
func describeABI(out *strings.Builder, table *syscalls.ABIFilter) {
	var stops, refused, free []string
	for i := range table.Rows {
		row := &table.Rows[i]
		for _, clause := range row.Clauses {
			text := fmt.Sprintf("%-20s where %s", row.Name, conditions(clause.Tests))
			switch clause.Verdict.Kind {
			case syscalls.Trace:
				stops = append(stops, explained(text, clause.Why))
			case syscalls.Allow:
				free = append(free, explained(text, clause.Why))
			default:
				refused = append(refused, explained(text+": "+outcome(clause.Verdict), clause.Why))
			}
		}
		text := row.Name
		if len(row.Clauses) > 0 && row.Else.Kind != syscalls.Allow {
			text = fmt.Sprintf("%-20s otherwise", row.Name)
		}
		switch row.Else.Kind {
		case syscalls.Trace:
			stops = append(stops, explained(text, row.Why))
		case syscalls.Allow:
			if len(row.Clauses) == 0 {
				free = append(free, text)
			}
		default:
			refused = append(refused, explained(fmt.Sprintf("%-20s %s", text, outcome(row.Else)), row.Why))
		}
	}
	fmt.Fprintf(out, "%s: the tracer judges\n", table.ABI.Name)
	for _, line := range stops {
		fmt.Fprintf(out, "  %s\n", line)
	}
	fmt.Fprintf(out, "%s: refused\n", table.ABI.Name)
	for _, line := range refused {
		fmt.Fprintf(out, "  %s\n", line)
	}
	fmt.Fprintf(out, "  %-20s %s\n", "unknown numbers", outcome(table.Unknown))
	fmt.Fprintf(out, "%s: runs free\n", table.ABI.Name)
	writeWrapped(out, free)
}

func explained(text, why string) string {
	if why == "" {
		return text
	}
	return text + "  (" + why + ")"
}

// outcome is a verdict in words.
func outcome(v syscalls.Verdict) string {
	switch v.Kind {
	case syscalls.Allow:
		return "runs free"
	case syscalls.Trace:
		return "the tracer judges"
	case syscalls.Kill:
		return "kills the process"
	}
	if v.Errno == 0 {
		return "does nothing and succeeds"
	}
	return errnoName(v.Errno)
}
