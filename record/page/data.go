package page

import (
	"sydbox/event"
	"sydbox/record/ask"
	"sydbox/record/trail"
	"sydbox/sandbox/report"
)

// data is what the page knows, as data.js reads it. Most of a recording repeats: strings are numbers of Strings (0 is
// the empty one), processes are columns, times are microseconds, and what a process did is one row of numbers.
type data struct {
	Head    head
	Strings []string
	// Paths are those used, quoted; the number of a path is its place. Places has a letter for each: where it is.
	Paths  []string
	Places string
	// Columns, by a process's number less one.
	PID, Parent, Born, Took []int64
	Exit                    []int64 // -1: not seen; from 1000 on: a signal, the string's number plus 1000
	CPU, RSS, Read, Written []int64
	Lane, Row, Own          []int64
	// Rows lists the height of each lane.
	Rows    []int
	Execs   [][][]any
	Kinds   []kind
	Uses    [][]int64
	Said    []said
	Net     [][]any
	Names   [][]any
	Signals [][]int64
	Hints   [][]any
	// Critical is flat: process, from, to, process, from, to …
	Critical []int64
	Gaps     [][]any
	Why      string
}

// head is about the recording as a whole. All strings are safe to show.
type head struct {
	Command, Dir, Host, Kernel, Machine, Tool, Time string
	CPUs                                            int
	Exit                                            int // -1: not known
	Signal                                          string
	Interrupted                                     bool
	Length                                          int64
	Warnings                                        []string
	Policies, Injected                              []string
	Attached                                        int
}

// said is the end of what a process wrote to its descriptor 2.
type said struct {
	ID   int
	Text string
	Cut  int64
}

// builder makes data of a trail.
type builder struct {
	trail   *trail.Trail
	out     data
	strings table
	paths   table
	places  []byte
	kinds   map[kind]int
}

func newData(t *trail.Trail) *data {
	b := &builder{trail: t, strings: newTable(event.Quote), paths: newTable(event.Quote), kinds: make(map[kind]int)}
	b.strings.list = []string{""}
	b.strings.numbers[""] = 0
	b.head()
	b.processes()
	for _, p := range t.Procs {
		b.out.Execs = append(b.out.Execs, b.execs(p))
		b.out.Uses = append(b.out.Uses, b.uses(p))
		if p.Said != "" {
			b.out.Said = append(b.out.Said, said{p.ID, showText(p.Said), p.SaidCut})
		}
	}
	b.network()
	for _, s := range ask.Critical(t) {
		b.out.Critical = append(b.out.Critical, int64(s.Proc.ID), micro(s.From), micro(s.To))
	}
	for _, g := range ask.Gaps(t) {
		ids := make([]int, len(g.Waiting))
		for i, p := range g.Waiting {
			ids[i] = p.ID
		}
		b.out.Gaps = append(b.out.Gaps, []any{micro(g.From), micro(g.To), ids})
	}
	b.out.Strings, b.out.Paths, b.out.Places = b.strings.list, b.paths.list, string(b.places)
	b.out.Why = why(t)
	return &b.out
}

func micro(ns int64) int64 { return (ns + 500) / 1000 }

func (b *builder) head() {
	t := b.trail
	h := &b.out.Head
	*h = head{
		Command: shellLine(t.Head.Command), Dir: event.Quote(t.Head.Dir), Host: event.Quote(t.Head.Host),
		Kernel: event.Quote(t.Head.Kernel), Machine: event.Quote(t.Head.Machine), Tool: showText(t.Head.Tool),
		Time: t.Head.Time.Format("2006-01-02 15:04:05 MST"), CPUs: t.Head.CPUs, Exit: -1,
		Length:   micro(int64(t.Length())),
		Policies: quoteAll(t.Head.Policies), Injected: quoteAll(t.Head.Injected),
		Attached: len(t.Head.Attached),
	}
	if t.Finish != nil {
		h.Exit, h.Signal, h.Interrupted = t.Finish.Exit, optional(t.Finish.Signal), t.Finish.Interrupted
	}
	h.Warnings = warnings(t)
}

// shellLine is words as they could be typed.
func shellLine(words []string) string {
	var line []byte
	for i, w := range words {
		if i > 0 {
			line = append(line, ' ')
		}
		line = append(line, report.ShellQuote(w)...)
	}
	return string(line)
}

func quoteAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = event.Quote(s)
	}
	return out
}
