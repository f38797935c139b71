package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/event"
	"sydbox/syscalls"
)

// filterText is a neutral filter table as a person reads it: for each verdict the reasons, and for each reason the
// calls, first those that it always holds for.
type filterText struct {
	abi    *arch.ABI
	groups []*filterGroup
}

type filterGroup struct {
	verdict syscalls.Verdict
	why     string
	always  []string
	where   [][2]string // call and conditions
}

// newFilterText sorts the rows of one ABI into groups.
func newFilterText(table *syscalls.ABIFilter) *filterText {
	t := &filterText{abi: table.ABI}
	for i := range table.Rows {
		row := &table.Rows[i]
		for _, c := range row.Clauses {
			g := t.group(c.Verdict, c.Why)
			g.where = append(g.where, [2]string{row.Name, t.conditions(row.Name, c.Tests)})
		}
		switch {
		case len(row.Clauses) == 0:
			g := t.group(row.Else, row.Why)
			g.always = append(g.always, row.Name)
		case row.Else.Kind != syscalls.Allow:
			g := t.group(row.Else, row.Why)
			g.where = append(g.where, [2]string{row.Name, "otherwise"})
		}
	}
	return t
}

func (t *filterText) group(v syscalls.Verdict, why string) *filterGroup {
	if v.Kind == syscalls.Allow {
		why = ""
	}
	for _, g := range t.groups {
		if g.verdict == v && g.why == why {
			return g
		}
	}
	g := &filterGroup{verdict: v, why: why}
	t.groups = append(t.groups, g)
	return g
}

// write appends the groups: what the tracer judges, what is refused, what runs free.
func (t *filterText) write(out *strings.Builder, unknown syscalls.Verdict) {
	fmt.Fprintf(out, "%s: calls that the tracer judges, by what they may need\n", t.abi)
	t.writeGroups(out, func(v syscalls.Verdict) bool { return v.Kind == syscalls.Trace })
	fmt.Fprintf(out, "%s: calls that are refused, by the name of the refusal\n", t.abi)
	t.writeGroups(out, func(v syscalls.Verdict) bool { return v.Kind == syscalls.Fail || v.Kind == syscalls.Kill })
	fmt.Fprintf(out, "  numbers without a name: %s\n", outcome(unknown))
	fmt.Fprintf(out, "%s: calls that run free\n", t.abi)
	for _, g := range t.groups {
		if g.verdict.Kind == syscalls.Allow {
			writeWrapped(out, "  ", g.always)
		}
	}
}

func (t *filterText) writeGroups(out *strings.Builder, wanted func(syscalls.Verdict) bool) {
	var list []*filterGroup
	for _, g := range t.groups {
		if wanted(g.verdict) {
			list = append(list, g)
		}
	}
	slices.SortStableFunc(list, func(a, b *filterGroup) int { return strings.Compare(a.why, b.why) })
	for _, g := range list {
		why := g.why
		if g.verdict.Kind != syscalls.Trace {
			why += ": " + outcome(g.verdict)
		}
		fmt.Fprintf(out, "  %s\n", why)
		writeWrapped(out, "    ", g.always)
		for _, line := range g.where {
			fmt.Fprintf(out, "    %s %s\n", line[0], line[1])
		}
	}
}

// conditions are the tests of a clause in words. Arguments without a better name count from 0, as in seccomp_data.
func (t *filterText) conditions(name string, tests []syscalls.Test) string {
	words := make([]string, len(tests))
	for i, test := range tests {
		words[i] = t.condition(syscalls.ByName(name), test)
	}
	return "with " + strings.Join(words, " and ")
}

func (t *filterText) condition(call *syscalls.Call, test syscalls.Test) string {
	whole := test.Mask == math.MaxUint32 || test.Mask == math.MaxUint64
	arg := fmt.Sprintf("arg%d", test.Arg)
	relation := "=="
	if test.Not {
		relation = "!="
	}
	value := fmt.Sprintf("%#x", test.Value)
	if name := t.flagName(call, test.Arg, test.Value); name != "" {
		value = name
	}
	if whole {
		return fmt.Sprintf("%s %s %s", arg, relation, value)
	}
	if bits := t.bits(call, test); test.Value == 0 && bits != nil {
		if test.Not {
			return "one of " + strings.Join(bits, ", ")
		}
		return "no " + strings.Join(bits, ", ")
	}
	return fmt.Sprintf("%s & %#x %s %s", arg, test.Mask, relation, value)
}

// bits names each bit of a mask of flags; nil if the argument has no flags with names.
func (t *filterText) bits(call *syscalls.Call, test syscalls.Test) []string {
	var names []string
	named := false
	for mask := test.Mask; mask != 0; mask &= mask - 1 {
		bit := mask & -mask
		name := t.flagName(call, test.Arg, bit)
		if name == "" {
			name = fmt.Sprintf("%#x", bit)
		} else {
			named = true
		}
		names = append(names, name)
	}
	if !named {
		return nil
	}
	return names
}

// flagName is the name of a value of an argument, "" if it has none.
func (t *filterText) flagName(call *syscalls.Call, arg uint8, value uint64) string {
	inv := syscalls.Invocation{ABI: t.abi, Call: call}
	none := access.FormatFlags(&inv)
	inv.Args[arg] = value
	name := access.FormatFlags(&inv)
	if name == none {
		return ""
	}
	return strings.TrimPrefix(name, "O_RDONLY|")
}

// outcome is a verdict in words.
func outcome(v syscalls.Verdict) string {
	switch {
	case v.Kind == syscalls.Allow:
		return "runs free"
	case v.Kind == syscalls.Trace:
		return "the tracer judges"
	case v.Kind == syscalls.Kill:
		return "kills the process"
	case v.Errno == 0:
		return "does nothing and succeeds"
	}
	if name := unix.ErrnoName(syscall.Errno(v.Errno)); name != "" {
		return name
	}
	return fmt.Sprintf("errno %d", v.Errno)
}

// writeWrapped writes words in indented lines of about the width of a terminal.
func writeWrapped(out *strings.Builder, indent string, words []string) {
	const width = 100
	column := 0
	for _, word := range words {
		if column > 0 && column+1+len(word) > width {
			out.WriteByte('\n')
			column = 0
		}
		space := " "
		if column == 0 {
			space = indent
		}
		out.WriteString(space + word)
		column += len(space) + len(word)
	}
	if column > 0 {
		out.WriteByte('\n')
	}
}

// describeFilter writes the tables of all ABIs, or of the one that is named. It fails for the name of none.
func describeFilter(filter *syscalls.Filter, only string) (string, error) {
	var out strings.Builder
	var known []string
	for i := range filter.ABIs {
		table := &filter.ABIs[i]
		known = append(known, table.ABI.Name)
		if only == "" || only == table.ABI.Name {
			newFilterText(table).write(&out, table.Unknown)
		}
	}
	switch {
	case out.Len() == 0:
		err := errorf("--abi %s: the filter has no such ABI", event.Quote(only))
		return "", withHints(err, "it has "+strings.Join(known, ", "))
	case only == "":
		fmt.Fprintf(&out, "any other ABI: %s\n", outcome(filter.Foreign))
	}
	return out.String(), nil
}
