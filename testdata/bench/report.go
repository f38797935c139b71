package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// Report is everything that was measured.
type Report struct {
	Machine   Machine    `json:"machine"`
	Rounds    int        `json:"rounds"`
	Workloads []Workload `json:"workloads"`
	TraceesKB int        `json:"resident_kb_with_1000_tracees,omitempty"`
	Recording int64      `json:"recording_of_configure_bytes,omitempty"`
}

// Workload is one workload under every tool.
type Workload struct {
	Name   string  `json:"name"`
	Budget float64 `json:"budget,omitempty"`
	Tools  []Tool  `json:"tools"`
}

// Tool is one tool's runs of a workload. Ratios are medians of the ratios within each round.
type Tool struct {
	Name      string   `json:"name"`
	CPU       Series   `json:"cpu"`
	Wall      Series   `json:"wall"`
	CPURatio  float64  `json:"cpu_ratio"`
	WallRatio float64  `json:"wall_ratio"`
	Samples   []sample `json:"samples"`
}

// Series sums up one quantity. Spread is the distance from the smallest to the largest, against the median.
type Series struct {
	Median time.Duration `json:"median_ns"`
	Min    time.Duration `json:"min_ns"`
	Spread float64       `json:"spread"`
}

func summarize(name string, own, native []sample) Tool {
	t := Tool{Name: name, Samples: own}
	cpu := func(s sample) time.Duration { return s.CPU }
	wall := func(s sample) time.Duration { return s.Wall }
	t.CPU, t.Wall = series(own, cpu), series(own, wall)
	t.CPURatio, t.WallRatio = ratio(own, native, cpu), ratio(own, native, wall)
	return t
}

func series(samples []sample, of func(sample) time.Duration) Series {
	values := make([]time.Duration, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.Sort(values)
	m := values[len(values)/2]
	return Series{Median: m, Min: values[0], Spread: float64(values[len(values)-1]-values[0]) / float64(max(m, 1))}
}

func ratio(own, native []sample, of func(sample) time.Duration) float64 {
	ratios := make([]float64, len(own))
	for i := range own {
		ratios[i] = float64(of(own[i])) / float64(max(of(native[i]), 1))
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

func (r *Report) markdown() string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "%s, %d CPUs, Linux %s, load %s at the start; %s. %d interleaved rounds; medians, the smallest run in\n"+
		"brackets. Ratios are against the native run of the same round.\n\n", m.CPU, m.CPUs, m.Kernel, m.Load,
		strings.Join(m.Tools, ", "), r.Rounds)
	b.WriteString("| workload | tool | CPU s | CPU ratio | budget | spread of CPU | wall s | wall ratio |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, w := range r.Workloads {
		for _, t := range w.Tools {
			budget := ""
			if (t.Name == "sydbox" || t.Name == "syd-trace") && w.Budget != 0 {
				budget = fmt.Sprintf("%.2f", w.Budget)
			}
			if t.Name == "sydbox" && w.Name == "start-up" {
				budget = "15 ms over native"
			}
			fmt.Fprintf(&b, "| %s | %s | %.3f (%.3f) | %.2f | %s | ±%.0f %% | %.3f (%.3f) | %.2f |\n", w.Name, t.Name,
				t.CPU.Median.Seconds(), t.CPU.Min.Seconds(), t.CPURatio, budget, t.CPU.Spread*50, t.Wall.Median.Seconds(),
				t.Wall.Min.Seconds(), t.WallRatio)
		}
	}
	if r.TraceesKB != 0 {
		fmt.Fprintf(&b, "\nResident memory with 1,000 live tracees: %.1f MB (budget 16 MB).\n", float64(r.TraceesKB)/1024)
	}
	if r.Recording != 0 {
		fmt.Fprintf(&b, "\nThe recording of configure takes %.1f MB (budget 20 MB).\n", float64(r.Recording)/1e6)
	}
	return b.String()
}

// The table goes between these.
const (
	tableBegin = "<!-- table: written by make bench -->\n"
	tableEnd   = "<!-- end of table -->\n"
)

// insertInto replaces what is between the markers of a Markdown file, or adds them at its end.
func (r *Report) insertInto(file string) error {
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if len(text) == 0 {
		text = []byte("# What it costs\n\n")
	}
	before, rest, found := strings.Cut(string(text), tableBegin)
	after := ""
	if found {
		if _, after, found = strings.Cut(rest, tableEnd); !found {
			return fmt.Errorf("%s: the marker %q is missing", file, strings.TrimSpace(tableEnd))
		}
	}
	return os.WriteFile(file, []byte(before+tableBegin+"\n"+r.markdown()+"\n"+tableEnd+after), 0o644)
}
