// Bench measures what the sandbox and the recorder cost: the workloads of the design's budgets, run natively, under
// sydbox or syd-trace and, where they are installed, under other tools, in interleaved rounds.
//
// It reports CPU time of the whole tree, tracer included, which a loaded machine hardly disturbs, and wall time, which it
// does; medians, the smallest run and the spread. Ratios are taken within each round, against the native run beside it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
)

// settings are what the command line says.
type settings struct {
	sydbox  string
	trace   string
	sources string
	rounds  int
	only    *regexp.Regexp
	tools   *regexp.Regexp
	json    string
	doc     string
}

func main() {
	var s settings
	var only, tools string
	flag.StringVar(&s.sydbox, "sydbox", "bin/sydbox", "the sydbox to measure")
	flag.StringVar(&s.trace, "syd-trace", "bin/syd-trace", "the syd-trace to measure")
	flag.StringVar(&s.sources, "sources", "", "a directory with hello_*.orig.tar.gz; without it, it is fetched")
	flag.IntVar(&s.rounds, "rounds", 5, "how often everything is run")
	flag.StringVar(&only, "only", ".", "run the workloads whose names match")
	flag.StringVar(&tools, "tools", ".", "run the tools whose names match; native always runs")
	flag.StringVar(&s.json, "json", "", "write the measurements to this file")
	flag.StringVar(&s.doc, "o", "", "put the table into this Markdown file, between its table markers")
	flag.Parse()
	if err := run(&s, only, tools); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(s *settings, only, tools string) error {
	var err error
	if s.only, err = regexp.Compile(only); err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if s.tools, err = regexp.Compile(tools); err != nil {
		return fmt.Errorf("-tools: %w", err)
	}
	if s.rounds < 1 {
		return fmt.Errorf("-rounds %d: at least one is needed", s.rounds)
	}
	if err := adoptOrphans(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sydbox-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	workloads, err := prepare(s, dir)
	if err != nil {
		return err
	}
	candidates, err := installed(s, dir)
	if err != nil {
		return err
	}
	result := Report{Machine: describe(candidates), Rounds: s.rounds}
	for _, w := range workloads {
		row, err := w.measure(s.rounds, w.suitable(candidates))
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if info, err := os.Stat(recording(dir)); err == nil && w.recorded {
			result.Recording = info.Size()
		}
		result.Workloads = append(result.Workloads, row)
	}
	if s.only.MatchString("tracees") {
		if result.TraceesKB, err = memoryOfTracees(candidates); err != nil {
			return fmt.Errorf("tracees: %w", err)
		}
	}
	fmt.Print(result.markdown())
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
