package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// callsShown is how many of the calls that stopped are named.
const callsShown = 5

// stops is the table of what stopped, by kind, in one run under sydbox each.
func (r *Report) stops() string {
	kinds := []string{"seccomp", "exec", "birth", "first", "signal", "death"}
	var b strings.Builder
	for _, w := range r.Workloads {
		if len(w.Stops) == 0 {
			continue
		}
		if b.Len() == 0 {
			b.WriteString("\n### Stops\n\nOf one run that was not measured, by kind.\n\n")
			header(&b, append(append([]string{"workload", "all"}, kinds...), "other", "calls that stopped")...)
		}
		fmt.Fprintf(&b, "| %s | %d |", w.Name, total(w.Stops))
		rest := total(w.Stops)
		for _, kind := range kinds {
			fmt.Fprintf(&b, " %d |", w.Stops[kind])
			rest -= w.Stops[kind]
		}
		fmt.Fprintf(&b, " %d | %s |\n", rest, callsThatStopped(w.Calls))
	}
	return b.String()
}

func callsThatStopped(calls []CallStops) string {
	var words []string
	for i, c := range calls {
		if i == callsShown {
			words = append(words, "…")
			break
		}
		words = append(words, fmt.Sprintf("%d %s (%s)", c.Stops, c.Call, outcomes(c.Outcomes)))
	}
	return strings.Join(words, ", ")
}

// outcomes names the most frequent first; its number only if there are others.
func outcomes(counts map[string]uint64) string {
	names := byCount(counts)
	if len(names) == 1 {
		return names[0]
	}
	var words []string
	for _, name := range names {
		words = append(words, fmt.Sprintf("%d %s", counts[name], name))
	}
	return strings.Join(words, ", ")
}

// byCount sorts names, the most frequent first.
func byCount(counts map[string]uint64) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}

// counts is the table of a run that counted something instead of measuring time.
func (r *Report) counts() string {
	var b strings.Builder
	if r.Counted == countSyscalls {
		fmt.Fprintf(&b, "System calls of the tracer's process alone, by name, in one run each.\n\n")
		header(&b, "workload", "tool", "stops", "calls", "for each stop", "by name")
	} else {
		fmt.Fprintf(&b, "Instructions of the whole tree and the tool, in user mode and in the kernel, in one run each.\n\n")
		header(&b, "workload", "tool", "stops", "instructions", "against native")
	}
	for _, w := range r.Workloads {
		stops, native := total(w.Stops), uint64(0)
		if t := w.tool("native"); t != nil {
			native = total(t.Counts)
		}
		for _, t := range w.Tools {
			n := total(t.Counts)
			switch {
			case t.Failed:
				fmt.Fprintf(&b, "| %s | %s | %d | fails | |\n", w.Name, t.Name, stops)
			case r.Counted == countSyscalls:
				fmt.Fprintf(&b, "| %s | %s | %d | %d | %.2f | %s |\n", w.Name, t.Name, stops, n, float64(n)/float64(max(stops, 1)),
					callNames(t.Counts))
			default:
				fmt.Fprintf(&b, "| %s | %s | %d | %d | %.3f |\n", w.Name, t.Name, stops, n, float64(n)/float64(max(native, 1)))
			}
		}
	}
	return b.String()
}

// callNames names calls and their numbers, but for those that hardly count.
func callNames(counts map[string]uint64) string {
	all, shown := total(counts), uint64(0)
	var words []string
	for _, name := range byCount(counts) {
		if shown*100 >= all*98 {
			words = append(words, "…")
			break
		}
		words = append(words, fmt.Sprintf("%d %s", counts[name], name))
		shown += counts[name]
	}
	return strings.Join(words, ", ")
}
