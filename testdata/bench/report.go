package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// Report is everything that was measured.
type Report struct {
	Machine    Machine    `json:"machine"`
	Rounds     int        `json:"rounds"`
	PeerRounds int        `json:"peer_rounds,omitempty"`
	Counted    string     `json:"counted,omitempty"` // what was counted instead of time
	Workloads  []Workload `json:"workloads"`
	LeftOut    []string   `json:"left_out,omitempty"` // what they need is not there
	TraceesKB  int        `json:"resident_kb_with_1000_tracees,omitempty"`
	Recording  int64      `json:"recording_of_configure_bytes,omitempty"`
}

// Workload is one workload under every tool.
type Workload struct {
	Name         string  `json:"name"`
	Group        string  `json:"group"`
	Budget       float64 `json:"budget,omitempty"`
	BudgetWallUS int     `json:"budget_wall_us,omitempty"`
	// Times is how often it does what it is named for; 0 for a whole program.
	Times int    `json:"times,omitempty"`
	Tools []Tool `json:"tools"`
	// Stops are those of one run under sydbox by kind, and Calls the calls among them.
	Stops map[string]uint64 `json:"stops,omitempty"`
	Calls []CallStops       `json:"calls,omitempty"`
}

// Tool is one tool's runs of a workload. Ratios are medians of the ratios within each round, what is over native are
// medians of the differences, in microseconds for each time.
type Tool struct {
	Name       string            `json:"name"`
	CPU        Series            `json:"cpu"`
	Wall       Series            `json:"wall"`
	CPURatio   float64           `json:"cpu_ratio"`
	WallRatio  float64           `json:"wall_ratio"`
	OverCPUUS  float64           `json:"cpu_us_over_native,omitempty"`
	OverWallUS float64           `json:"wall_us_over_native,omitempty"`
	Samples    []sample          `json:"samples,omitempty"`
	Failed     bool              `json:"failed,omitempty"` // it cannot run this
	Counts     map[string]uint64 `json:"counts,omitempty"`
}

// Series sums up one quantity. Spread is the distance from the smallest to the largest, against the median.
type Series struct {
	Median time.Duration `json:"median_ns"`
	Min    time.Duration `json:"min_ns"`
	Spread float64       `json:"spread"`
}

// summarize puts the samples of a tool beside the native ones of the same rounds.
func summarize(name string, own, native []sample, times int) Tool {
	t := Tool{Name: name, Samples: own}
	if len(own) == 0 {
		return t
	}
	cpu := func(s sample) time.Duration { return s.CPU }
	wall := func(s sample) time.Duration { return s.Wall }
	t.CPU, t.Wall = series(own, cpu), series(own, wall)
	t.CPURatio, t.WallRatio = versus(own, native, cpu, quotient), versus(own, native, wall, quotient)
	if times != 0 {
		over := func(own, native time.Duration) float64 {
			return float64(own-native) / float64(time.Microsecond) / float64(times)
		}
		t.OverCPUUS, t.OverWallUS = versus(own, native, cpu, over), versus(own, native, wall, over)
	}
	return t
}

func series(samples []sample, of func(sample) time.Duration) Series {
	values := make([]time.Duration, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	m := median(values)
	return Series{Median: m, Min: values[0], Spread: float64(values[len(values)-1]-values[0]) / float64(max(m, 1))}
}

// median sorts the values, of which there are some.
func median[T time.Duration | float64](values []T) T {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

func quotient(own, native time.Duration) float64 { return float64(own) / float64(max(native, 1)) }

// versus is the median of how the samples relate to the native ones of the same rounds; 0 if there are none.
func versus(own, native []sample, of func(sample) time.Duration, how func(own, native time.Duration) float64) float64 {
	var list []float64
	for _, s := range own {
		i := slices.IndexFunc(native, func(n sample) bool { return n.Round == s.Round })
		if i >= 0 {
			list = append(list, how(of(s), of(native[i])))
		}
	}
	if len(list) == 0 {
		return 0
	}
	return median(list)
}

// tool finds a tool's runs; nil if there are none.
func (w *Workload) tool(name string) *Tool {
	i := slices.IndexFunc(w.Tools, func(t Tool) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &w.Tools[i]
}

// readReport reads what -json has written.
func readReport(file string) (*Report, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(r.Workloads) == 0 && r.TraceesKB == 0 {
		return nil, fmt.Errorf("%s: there are no measurements in it", file)
	}
	return r, nil
}
