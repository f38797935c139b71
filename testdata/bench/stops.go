package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// cost is what sydbox run --stats writes, as far as it is needed here (docs/performance.md).
type cost struct {
	Stops map[string]uint64 `json:"stops"`
	Calls []CallStops       `json:"calls"`
}

// CallStops is how often a call stopped, and how often each thing became of it.
type CallStops struct {
	Call     string            `json:"call"`
	Stops    uint64            `json:"stops"`
	Outcomes map[string]uint64 `json:"outcomes"`
}

// stops runs the workload once, unmeasured: under sydbox and with its stops counted, or natively where sydbox does not
// run, or does not count them.
func (w *workload) stops(k *kit, tools []tool, row *Workload) error {
	i := slices.IndexFunc(tools, func(t tool) bool { return t.box })
	if i < 0 {
		_, err := w.once(tools[0], w.argv)
		return err
	}
	counting := tools[i]
	file := k.path("stats.json")
	counting.prefix = slices.Insert(slices.Clone(counting.prefix), 2, "--stats", file)
	if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
		return err
	}
	_, err := w.once(counting, w.argv)
	if err != nil && strings.Contains(err.Error(), "unknown flag --stats") {
		fmt.Fprintf(os.Stderr, "bench: %s: no stops are counted, because %s cannot\n", w.name, counting.name)
		_, err = w.once(tools[0], w.argv)
		return err
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	found, err := parseCost(text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	row.Stops, row.Calls = found.Stops, found.Calls
	return nil
}

func parseCost(text []byte) (*cost, error) {
	found := &cost{}
	if err := json.Unmarshal(text, found); err != nil {
		return nil, err
	}
	if len(found.Stops) == 0 {
		return nil, fmt.Errorf("it counts no stops")
	}
	return found, nil
}
