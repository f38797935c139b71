package main

import (
	"fmt"
	"slices"
	"strings"
)

// compare says what has changed between two reports, for each tool of ours and each workload that both have.
func compare(old, now *Report) string {
	var b strings.Builder
	b.WriteString("What has changed: before, after, after against before.\n")
	if m, n := old.Machine, now.Machine; m.CPU != n.CPU || m.Kernel != n.Kernel || m.CPUs != n.CPUs {
		fmt.Fprintf(&b, "Another machine: %s, %d CPUs, Linux %s before.\n", m.CPU, m.CPUs, m.Kernel)
	}
	if old.Counted != now.Counted {
		fmt.Fprintf(&b, "Not comparable: one counts %s and the other %s.\n", counted(old), counted(now))
		return b.String()
	}
	b.WriteString("\n")
	header(&b, "workload", "tool", "unit", "before", "after", "ratio", "stops before", "after", "ratio")
	found := false
	for i := range now.Workloads {
		w := &now.Workloads[i]
		k := slices.IndexFunc(old.Workloads, func(o Workload) bool { return o.Name == w.Name })
		if k < 0 {
			continue
		}
		for _, t := range w.Tools {
			before := old.Workloads[k].tool(t.Name)
			if !ours(t.Name) || before == nil {
				continue
			}
			found = true
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", w.Name, t.Name, difference(&old.Workloads[k], w, before, &t),
				stopsChange(&old.Workloads[k], w))
		}
	}
	if !found {
		b.WriteString("\nThey have no workload in common.\n")
	}
	return b.String()
}

func counted(r *Report) string {
	if r.Counted == "" {
		return "time"
	}
	return r.Counted
}

// difference are four cells: what is compared, before, after, and their ratio.
func difference(oldRow, row *Workload, old, now *Tool) string {
	switch {
	case len(now.Counts) > 0:
		before, after := total(old.Counts), total(now.Counts)
		return fmt.Sprintf("counted | %d | %d | %s", before, after, change(float64(before), float64(after)))
	case row.Times != 0 && oldRow.Times != 0:
		return fmt.Sprintf("CPU µs over native, each | %s | %s | %s", micros(old.OverCPUUS), micros(now.OverCPUUS),
			change(old.OverCPUUS, now.OverCPUUS))
	}
	before, after := old.CPURatio, now.CPURatio
	return fmt.Sprintf("CPU against native | %.3f | %.3f | %s", before, after, change(before, after))
}

// stopsChange are three cells, empty where stops were not counted.
func stopsChange(old, now *Workload) string {
	before, after := total(old.Stops), total(now.Stops)
	if before == 0 || after == 0 {
		return " | | "
	}
	return fmt.Sprintf("%d | %d | %s", before, after, change(float64(before), float64(after)))
}

// change is a ratio, where it means something.
func change(before, after float64) string {
	if before <= 0 || after < 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", after/before)
}
