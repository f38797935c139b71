package ask

import (
	"cmp"
	"slices"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// StatsAnswer is what programs cost, and what they did.
type StatsAnswer struct {
	Programs []*ProgramStats `json:"programs"`
	Total    *ProgramStats   `json:"total"`
	// Phases are configure and make, where both are there: the CPU time of all that they started.
	Phases []PhaseStats `json:"phases,omitempty"`
	// Slowest are single processes, by the CPU time they took themselves.
	Slowest []ProcessStats `json:"slowest"`
	// Limit is how many programs the text shows; 0 is all.
	Limit int `json:"-"`
}

// ProgramStats are the sums of all processes that ended as a program.
type ProgramStats struct {
	Program   show.Bytes `json:"program"`
	Processes int        `json:"processes"`
	Forks     int        `json:"forks"` // of them, those that became no program of their own
	Failed    int        `json:"failed"`
	Wall      int64      `json:"wall"` // nanoseconds
	CPU       int64      `json:"cpu"`
	MaxRSS    int64      `json:"max_rss"`
	// Read and Written count files, each once for a program.
	Read    int `json:"files_read"`
	Written int `json:"files_written"`
	// Missing counts lookups that found nothing.
	Missing    int   `json:"lookups_failed"`
	ReadBytes  int64 `json:"bytes_read"`
	WriteBytes int64 `json:"bytes_written"`
	read       map[string]bool
	written    map[string]bool
}

// ProcessStats is one process.
type ProcessStats struct {
	Process
	Wall    int64        `json:"wall"`
	CPU     int64        `json:"cpu"`
	MaxRSS  int64        `json:"max_rss"`
	Argv    []show.Bytes `json:"argv"`
	command string
}

// PhaseStats is what a configure script or make took, with what it started but without other phases within.
type PhaseStats struct {
	Name      show.Bytes `json:"name"`
	Processes int        `json:"processes"`
	CPU       int64      `json:"cpu"`
	Share     float64    `json:"share"` // of the recording's CPU time
}

// slowestMost is how many single processes are named.
const slowestMost = 5

// Stats sums up by program, sorted by a key: see StatsKeys.
func Stats(t *trail.Trail, key string) *StatsAnswer {
	a := &StatsAnswer{Total: newStats("total")}
	known := make(map[string]*ProgramStats)
	of := func(name string) *ProgramStats {
		if known[name] == nil {
			known[name] = newStats(name)
			a.Programs = append(a.Programs, known[name])
		}
		return known[name]
	}
	for _, p := range t.Procs {
		for _, s := range []*ProgramStats{of(p.Name()), a.Total} {
			s.addProcess(t, p)
		}
	}
	for i := range t.Uses {
		u := &t.Uses[i]
		for _, s := range []*ProgramStats{of(u.Exec.Name()), a.Total} {
			s.addUse(u)
		}
	}
	slices.SortStableFunc(a.Programs, func(x, y *ProgramStats) int {
		return cmp.Or(cmp.Compare(statsKeys[key](y), statsKeys[key](x)), cmp.Compare(x.Program, y.Program))
	})
	a.slowest(t)
	a.phases(t)
	return a
}

func newStats(name string) *ProgramStats {
	return &ProgramStats{Program: show.Bytes(name), read: make(map[string]bool), written: make(map[string]bool)}
}

func (s *ProgramStats) addProcess(t *trail.Trail, p *trail.Proc) {
	s.Processes++
	if isFork(p) {
		s.Forks++
	}
	if p.Failed() {
		s.Failed++
	}
	s.Wall += lifetime(t, p)
	s.CPU += int64(p.CPU())
	if p.End != nil {
		s.MaxRSS = max(s.MaxRSS, p.End.MaxRSS)
		s.ReadBytes += max(p.End.ReadBytes, 0)
		s.WriteBytes += max(p.End.WriteBytes, 0)
	}
}

func (s *ProgramStats) addUse(u *trail.Use) {
	switch {
	case u.Errno != "":
		if missing(u) && !changes(u) {
			s.Missing += max(u.Count, 1)
		}
	case u.Op == event.OpRead && !s.read[u.Path]:
		s.read[u.Path] = true
		s.Read++
	case (u.Op == event.OpWrite || u.Op == event.OpMake && u.Kind == "") && !s.written[u.Path]:
		s.written[u.Path] = true
		s.Written++
	}
}

// slowest finds the single processes that took most.
func (a *StatsAnswer) slowest(t *trail.Trail) {
	procs := slices.Clone(t.Procs)
	slices.SortStableFunc(procs, func(x, y *trail.Proc) int { return cmp.Compare(y.CPU(), x.CPU()) })
	for _, p := range procs[:min(len(procs), slowestMost)] {
		s := ProcessStats{Process: Process{p.ID, show.Bytes(p.Name())}, Wall: lifetime(t, p), CPU: int64(p.CPU()),
			command: commandOf(p)}
		if p.End != nil {
			s.MaxRSS = p.End.MaxRSS
		}
		if x := p.Program(); x != nil {
			s.Argv = show.Strings(x.Argv)
		}
		a.Slowest = append(a.Slowest, s)
	}
}

// phaseOf is which phase a process begins: "configure", "make" or none.
func phaseOf(p *trail.Proc) string {
	if isFork(p) {
		return ""
	}
	switch name := p.Name(); {
	case name == "configure", name == "cmake", name == "meson":
		return name
	case isMake(p), name == "ninja", name == "samu":
		return name
	case isShell(p) && len(p.Program().Argv) > 1 && base(p.Program().Argv[1]) == "configure":
		return "configure"
	}
	return ""
}

// phases splits the CPU time among configure and make: each process belongs to the nearest of its ancestors that is
// one.
func (a *StatsAnswer) phases(t *trail.Trail) {
	known := make(map[string]*PhaseStats)
	var order []*PhaseStats
	for _, p := range t.Procs {
		name := ""
		for q := p; q != nil && name == ""; q = q.Parent {
			name = phaseOf(q)
		}
		if name == "" {
			continue
		}
		if known[name] == nil {
			known[name] = &PhaseStats{Name: show.Bytes(name)}
			order = append(order, known[name])
		}
		known[name].Processes++
		known[name].CPU += int64(p.CPU())
	}
	if len(order) < 2 {
		return
	}
	for _, s := range order {
		s.Share = float64(s.CPU) / float64(max(a.Total.CPU, 1))
		a.Phases = append(a.Phases, *s)
	}
}

// Status is 0: there is always something to tell.
func (a *StatsAnswer) Status() int { return 0 }
