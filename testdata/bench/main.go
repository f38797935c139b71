// Bench measures what the sandbox and the recorder cost: the workloads of the design's budgets, run natively, under
// sydbox or syd-trace and, where they are installed, under other tools, in interleaved rounds.
//
// It reports CPU time of the whole tree, tracer included, which a loaded machine hardly disturbs, and wall time, which
// it does; medians and the spread. Ratios are taken within each round, against the native run beside it. Which stops a
// workload makes is counted in a run that is not measured.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// settings are what the command line says.
type settings struct {
	sydbox, before, trace string
	sources               string
	rounds, peerRounds    int
	only, tools           pattern
	count                 string
	list                  bool
	json, from, compare   string
	doc                   string
}

// pattern is a regular expression as a flag.
type pattern struct{ *regexp.Regexp }

func (p *pattern) String() string { return "" }

func (p *pattern) Set(text string) (err error) {
	p.Regexp, err = regexp.Compile(text)
	return err
}

func (p *pattern) matches(name string) bool { return p.Regexp == nil || p.MatchString(name) }

func main() {
	var s settings
	flag.StringVar(&s.sydbox, "sydbox", "bin/sydbox", "the sydbox to measure")
	flag.StringVar(&s.before, "before", "", "another sydbox, to run in the same rounds")
	flag.StringVar(&s.trace, "syd-trace", "bin/syd-trace", "the syd-trace to measure")
	flag.StringVar(&s.sources, "sources", "", "a directory with sources of Debian packages; without it, they are fetched")
	flag.IntVar(&s.rounds, "rounds", 5, "how often everything is run; what takes long runs less often")
	flag.IntVar(&s.peerRounds, "peer-rounds", 2, "in how many of the rounds other tools run as well")
	flag.Var(&s.only, "only", "run the workloads whose names match this `regexp`")
	flag.Var(&s.tools, "tools", "run the tools whose names match this `regexp`; native always runs")
	flag.StringVar(&s.count, "count", "", "measure no time: count `instructions` of the tree, or syscalls of the tracer")
	flag.BoolVar(&s.list, "list", false, "print the names of the workloads, and run nothing")
	flag.StringVar(&s.json, "json", "", "write the measurements to this file")
	flag.StringVar(&s.from, "from", "", "run nothing: take the measurements from this file of -json")
	flag.StringVar(&s.compare, "compare", "", "print what has changed since this file of -json")
	flag.StringVar(&s.doc, "o", "", "put the tables into this Markdown file, between its table markers")
	flag.Parse()
	if err := run(&s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(s *settings) error {
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("%s: there are flags only", strings.Join(flag.Args(), " "))
	case s.rounds < 1:
		return fmt.Errorf("-rounds %d: at least one is needed", s.rounds)
	case s.count != "" && s.count != countInstructions && s.count != countSyscalls:
		return fmt.Errorf("-count %s: %s or %s", s.count, countInstructions, countSyscalls)
	case s.count != "" && s.doc != "":
		return fmt.Errorf("-o is for a run that measures time")
	}
	var old *Report
	if s.compare != "" { // it fails before the run rather than after it
		var err error
		if old, err = readReport(s.compare); err != nil {
			return fmt.Errorf("-compare: %w", err)
		}
	}
	result, err := s.report()
	if err != nil || result == nil {
		return err
	}
	fmt.Print(result.markdown())
	if old != nil {
		fmt.Print("\n" + compare(old, result))
	}
	if s.json != "" {
		text, err := json.MarshalIndent(result, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.json, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	if s.doc != "" {
		return result.insertInto(s.doc)
	}
	return nil
}

// report measures, or reads what was measured; nil if nothing is to be done.
func (s *settings) report() (*Report, error) {
	if s.from != "" {
		return readReport(s.from)
	}
	dir, err := os.MkdirTemp("", "sydbox-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	k := newKit(dir, s.sources)
	picked := pick(k, s.only)
	if s.list {
		for _, w := range picked {
			fmt.Println(w.name)
		}
		return nil, nil
	}
	if len(picked) == 0 && !s.only.matches(residentName) {
		return nil, fmt.Errorf("-only %v: no workload has such a name (-list prints them)", s.only.Regexp)
	}
	return s.measure(k, picked)
}
