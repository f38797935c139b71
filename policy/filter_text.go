package policy

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// textWidth is where lists of names are wrapped.
const textWidth = 100

// WriteFilter writes what Filter does in a form for people: for each ABI which calls stop and under which arguments,
// which are refused, by what name and with what errno, and which run free.
func (p *Policy) WriteFilter(w io.Writer, abis []*arch.ABI, opt FilterOptions) error {
	t := &filterText{}
	f := p.Filter(abis, opt)
	for i := range f.ABIs {
		t.abi(&f.ABIs[i])
	}
	fmt.Fprintf(&t.b, "any other ABI: %s\n", verdictText(f.Foreign))
	t.b.WriteString("A refusal is lifted by its name, [syscalls] allow = [\"io_uring\"]")
	for i := range Refusals {
		if Refusals[i].Fixed {
			fmt.Fprintf(&t.b, "; %s cannot be lifted", Refusals[i].Name)
		}
	}
	t.b.WriteString(".\n")
	_, err := io.WriteString(w, t.b.String())
	return err
}

type filterText struct{ b strings.Builder }

// group is a list of calls that get the same answer for the same reason; conditional ones come with their tests.
type group struct {
	head        string
	calls       []string
	conditional []string
}

type groups []*group

func (g *groups) get(head string) *group {
	for _, have := range *g {
		if have.head == head {
			return have
		}
	}
	*g = append(*g, &group{head: head})
	return (*g)[len(*g)-1]
}

// abi writes one table. A call whose arguments decide is among the calls that stop or are refused, with its tests, and
// not among those that run free.
func (t *filterText) abi(table *syscalls.ABIFilter) {
	if len(table.Rows) == 0 {
		fmt.Fprintf(&t.b, "%s: every call is %s\n\n", table.ABI, verdictText(table.Unknown))
		return
	}
	var stops, refused groups
	var free []string
	for i := range table.Rows {
		row := &table.Rows[i]
		answers := row.Clauses
		if row.Else.Kind != syscalls.Allow {
			answers = append(slices.Clone(answers), syscalls.Clause{Verdict: row.Else, Why: row.Why})
		}
		if len(answers) == 0 {
			free = append(free, row.Name)
		}
		for _, c := range sameAnswers(answers) {
			var g *group
			switch {
			case c[0].Verdict.Kind == syscalls.Notify:
				g = stops.get(c[0].Why + ": " + verdictText(c[0].Verdict))
			case c[0].Verdict.Kind != syscalls.Trace:
				g = refused.get(c[0].Why + ": " + errnoText(c[0].Verdict.Errno))
			case LookupRefusal(c[0].Why) != nil:
				g = stops.get(c[0].Why + ", which is refused unless lifted")
			default:
				g = stops.get(strings.ReplaceAll(c[0].Why, "|", ", "))
			}
			ways := clausesText(table.ABI, row, c)
			if ways == nil {
				g.calls = append(g.calls, row.Name)
			}
			for _, when := range ways {
				g.conditional = append(g.conditional, row.Name+" if "+when)
			}
		}
	}
	fmt.Fprintf(&t.b, "%s: the tracer judges\n", table.ABI)
	t.groups(stops)
	fmt.Fprintf(&t.b, "%s: refused\n", table.ABI)
	t.groups(refused)
	fmt.Fprintf(&t.b, "  numbers not known here: %s\n", verdictText(table.Unknown))
	fmt.Fprintf(&t.b, "%s: runs free\n", table.ABI)
	slices.Sort(free)
	t.list("  ", free)
	t.b.WriteByte('\n')
}

func (t *filterText) groups(all groups) {
	slices.SortFunc(all, func(a, b *group) int { return strings.Compare(a.head, b.head) })
	for _, g := range all {
		fmt.Fprintf(&t.b, "  %s\n", g.head)
		slices.Sort(g.calls)
		t.list("    ", g.calls)
		slices.SortStableFunc(g.conditional, func(a, b string) int {
			nameA, _, _ := strings.Cut(a, " ")
			nameB, _, _ := strings.Cut(b, " ")
			return strings.Compare(nameA, nameB)
		})
		for _, line := range g.conditional {
			t.list("    ", strings.Split(line, " "))
		}
	}
	if len(all) == 0 {
		t.b.WriteString("  nothing\n")
	}
}

// list writes words, wrapped; the further lines of a condition are set in.
func (t *filterText) list(indent string, words []string) {
	if len(words) == 0 {
		return
	}
	column := 0
	for i, word := range words {
		switch {
		case i == 0:
			t.b.WriteString(indent)
			column = len(indent)
		case column+1+len(word) > textWidth:
			t.b.WriteString("\n" + indent)
			if slices.Contains(words, "if") {
				t.b.WriteString("  ")
				column = 2
			} else {
				column = 0
			}
			column += len(indent)
		default:
			t.b.WriteByte(' ')
			column++
		}
		t.b.WriteString(word)
		column += len(word)
	}
	t.b.WriteByte('\n')
}

// sameAnswers collects clauses with the same verdict for the same reason. Those that come first in a row win, and
// those are the refusals.
func sameAnswers(clauses []syscalls.Clause) (sets [][]syscalls.Clause) {
next:
	for _, c := range clauses {
		for i := range sets {
			if first := &sets[i][0]; first.Verdict == c.Verdict && first.Why == c.Why {
				sets[i] = append(sets[i], c)
				continue next
			}
		}
		sets = append(sets, []syscalls.Clause{c})
	}
	return sets
}

func verdictText(v syscalls.Verdict) string {
	switch v.Kind {
	case syscalls.Allow:
		return "free"
	case syscalls.Trace:
		return "judged by the tracer"
	case syscalls.Kill:
		return "the process is killed"
	case syscalls.Notify:
		return "answered by the tracer's listener"
	}
	return "answered with " + errnoText(v.Errno)
}

func errnoText(errno uint16) string {
	if errno == 0 {
		return "success, without effect"
	}
	if name := unix.ErrnoName(syscall.Errno(errno)); name != "" {
		return name
	}
	return fmt.Sprintf("errno %d", errno)
}
