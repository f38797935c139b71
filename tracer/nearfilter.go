package tracer

import (
	"slices"

	"sydbox/syscalls"
)

// WithNear returns a copy of f in which the calls stop that see or set on which CPUs tasks may run, as Options.Near needs
// it. The Handler is asked about them as about any other.
func WithNear(f *syscalls.Filter) *syscalls.Filter {
	g := &syscalls.Filter{Foreign: f.Foreign, ABIs: slices.Clone(f.ABIs)}
	for i := range g.ABIs {
		table := &g.ABIs[i]
		table.Rows = slices.Clone(table.Rows)
		for k := range table.Rows {
			if row := &table.Rows[k]; seesCPUs(syscalls.ByName(row.Name)) {
				stopAlways(row)
			}
		}
	}
	return g
}

// stopAlways makes a call stop wherever it would run unseen.
func stopAlways(row *syscalls.Row) {
	row.Clauses = slices.Clone(row.Clauses)
	for i := range row.Clauses {
		if c := &row.Clauses[i]; c.Verdict.Kind == syscalls.Allow {
			c.Verdict.Kind = syscalls.Trace
		}
	}
	if row.Else.Kind == syscalls.Allow {
		row.Else.Kind, row.Why = syscalls.Trace, "sees or sets on which CPUs tasks may run"
	}
}
