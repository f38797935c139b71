package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// markdown is the report for people.
func (r *Report) markdown() string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "%s, %d CPUs, Linux %s, user %d, load %s at the start; %s.\n", m.CPU, m.CPUs, m.Kernel, m.UID, m.Load,
		strings.Join(m.Tools, ", "))
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(&b, "Left out, because what they need could not be made: %s.\n", strings.Join(r.LeftOut, ", "))
	}
	if r.Counted != "" {
		b.WriteString(r.counts())
		return b.String()
	}
	fmt.Fprintf(&b, "%d interleaved rounds, %d of other tools, fewer of what takes long; medians, ± half the spread.\n",
		r.Rounds, r.PeerRounds)
	for _, group := range groups {
		rows := r.group(group)
		switch {
		case len(rows) == 0:
		case rows[0].Times == 0:
			fmt.Fprintf(&b, "\n### %s\n\n%s", group, ratios(rows))
		default:
			fmt.Fprintf(&b, "\n### %s\n\n%s", group, eachTime(rows))
		}
	}
	if r.TraceesKB != 0 {
		fmt.Fprintf(&b, "\nResident memory beside 1,000 live tracees: %.1f MB (budget 16 MB).\n", float64(r.TraceesKB)/1024)
	}
	if r.Recording != 0 {
		fmt.Fprintf(&b, "\nThe recording of configure takes %.1f MB (budget 20 MB).\n", float64(r.Recording)/1e6)
	}
	b.WriteString(r.stops())
	return b.String()
}

func (r *Report) group(name string) (rows []Workload) {
	for _, w := range r.Workloads {
		if w.Group == name || w.Group == "" && name == programs {
			rows = append(rows, w)
		}
	}
	return rows
}

// toolsOf are the names of all tools but native that ran any of the workloads, in their order.
func toolsOf(rows []Workload) (names []string) {
	for _, w := range rows {
		for _, t := range w.Tools {
			if t.Name != "native" && !slices.Contains(names, t.Name) {
				names = append(names, t.Name)
			}
		}
	}
	return names
}

// ours says whether a tool is one of those whose cost is looked at closely.
func ours(name string) bool { return strings.HasPrefix(name, "syd") }

// header writes the first two lines of a table.
func header(b *strings.Builder, columns ...string) {
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
}

// ratios is the table of whole programs.
func ratios(rows []Workload) string {
	var b strings.Builder
	names := toolsOf(rows)
	columns := []string{"CPU against native", "native, s", "budget"}
	for _, name := range names {
		columns = append(columns, name)
		if ours(name) {
			columns = append(columns, "wall")
		}
	}
	header(&b, columns...)
	for _, w := range rows {
		cells := []string{w.Name, "", ""}
		if t := w.tool("native"); t != nil {
			cells[1] = fmt.Sprintf("%.2f ±%.0f %%", t.CPU.Median.Seconds(), t.CPU.Spread*50)
		}
		if w.Budget != 0 {
			cells[2] = fmt.Sprintf("%.2f", w.Budget)
		}
		for _, name := range names {
			t := w.tool(name)
			cells = append(cells, t.cell(func() string {
				if ours(name) {
					return fmt.Sprintf("%.2f ±%.0f %%", t.CPURatio, t.CPU.Spread*50)
				}
				return fmt.Sprintf("%.2f", t.CPURatio)
			}))
			if ours(name) {
				cells = append(cells, t.cell(func() string { return fmt.Sprintf("%.2f", t.WallRatio) }))
			}
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	return b.String()
}

// cell is what is told of a tool's runs, if there are any.
func (t *Tool) cell(tell func() string) string {
	switch {
	case t == nil || len(t.Samples) == 0 && !t.Failed:
		return ""
	case t.Failed:
		return "fails"
	}
	return tell()
}

// eachTime is the table of what does the same again and again.
func eachTime(rows []Workload) string {
	var b strings.Builder
	names := toolsOf(rows)
	columns := []string{"µs of CPU each time", "native"}
	for _, name := range names {
		columns = append(columns, name+" adds")
		if ours(name) {
			columns = append(columns, "wall adds")
		}
	}
	header(&b, columns...)
	for _, w := range rows {
		cells := []string{w.Name, ""}
		if t := w.tool("native"); t != nil {
			cells[1] = micros(float64(t.CPU.Median) / float64(time.Microsecond) / float64(w.Times))
		}
		for _, name := range names {
			t := w.tool(name)
			cells = append(cells, t.cell(func() string { return micros(t.OverCPUUS) }))
			if ours(name) {
				budget := ""
				if w.BudgetWallUS != 0 {
					budget = fmt.Sprintf(" (budget %d)", w.BudgetWallUS)
				}
				cells = append(cells, t.cell(func() string { return micros(t.OverWallUS) + budget }))
			}
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	return b.String()
}

// micros keeps as many digits as mean something.
func micros(us float64) string {
	switch size := max(us, -us); {
	case size < 10:
		return fmt.Sprintf("%.2f", us)
	case size < 100:
		return fmt.Sprintf("%.1f", us)
	}
	return fmt.Sprintf("%.0f", us)
}
