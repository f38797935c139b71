package ask

import (
	"fmt"
	"time"

	"sydbox/record/show"
)

// statsKeys are what programs can be sorted by, the most first.
var statsKeys = map[string]func(*ProgramStats) int64{
	"cpu":     func(s *ProgramStats) int64 { return s.CPU },
	"wall":    func(s *ProgramStats) int64 { return s.Wall },
	"count":   func(s *ProgramStats) int64 { return int64(s.Processes) },
	"failed":  func(s *ProgramStats) int64 { return int64(s.Failed) },
	"rss":     func(s *ProgramStats) int64 { return s.MaxRSS },
	"read":    func(s *ProgramStats) int64 { return int64(s.Read) },
	"written": func(s *ProgramStats) int64 { return int64(s.Written) },
	"missing": func(s *ProgramStats) int64 { return int64(s.Missing) },
	"bytes":   func(s *ProgramStats) int64 { return s.ReadBytes + s.WriteBytes },
	"name":    func(*ProgramStats) int64 { return 0 },
}

// Text implements Answer.
func (a *StatsAnswer) Text(p *show.Printer) {
	t := show.Table{
		Head:  []string{"runs", "failed", "wall", "CPU", "RSS", "read", "written", "missing", "in", "out", "program"},
		Right: "rrrrrrrrrr",
	}
	row := func(s *ProgramStats, name string) {
		failed := "-"
		if s.Failed > 0 {
			failed = itoa(s.Failed)
		}
		t.Add(itoa(s.Processes), failed, span(time.Duration(s.Wall)), span(time.Duration(s.CPU)), size(s.MaxRSS),
			itoa(s.Read), itoa(s.Written), itoa(s.Missing), size(s.ReadBytes), size(s.WriteBytes), name)
	}
	hidden := 0
	for i, s := range a.Programs {
		if a.Limit > 0 && i >= a.Limit {
			hidden++
			continue
		}
		row(s, show.Q(string(s.Program)))
	}
	row(a.Total, p.Paint(show.Bold, "all"))
	p.Table(&t, 0)
	if hidden > 0 {
		p.Line("%s", p.Paint(show.Faint, count(hidden, "more program")+": --all"))
	}
	if len(a.Phases) > 0 {
		p.Gap()
		p.Heading("Phases, by CPU time")
		t := show.Table{Right: "rrr"}
		for _, s := range a.Phases {
			t.Add(fmt.Sprintf("%.0f%%", 100*s.Share), span(time.Duration(s.CPU)), count(s.Processes, "process"),
				show.Q(string(s.Name)))
		}
		p.Table(&t, 2)
	}
	p.Gap()
	p.Heading("Most CPU time in one process")
	slow := show.Table{Head: []string{"CPU", "wall", "RSS", "process", "command"}, Right: "rrr"}
	for _, s := range a.Slowest {
		slow.Add(span(time.Duration(s.CPU)), span(time.Duration(s.Wall)), size(s.MaxRSS), s.String(), s.command)
	}
	p.Table(&slow, 2)
}
