package ask

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// TimelineAnswer is where the command's time went.
type TimelineAnswer struct {
	Length int64 `json:"length"`
	// Path is the critical path, in order of time; Programs sums it up, the most first.
	Path     []TimelineStretch `json:"critical_path"`
	Programs []TimelineProgram `json:"critical_programs"`
	// Longest are the processes that took longest without their children.
	Longest []TimelineProcess `json:"longest"`
	Gaps    []TimelineGap     `json:"idle"`
	processes
	most int
}

// TimelineStretch is a part of the critical path.
type TimelineStretch struct {
	Process int        `json:"process"`
	Name    show.Bytes `json:"name"`
	From    int64      `json:"from"`
	To      int64      `json:"to"`
}

// TimelineProgram is a program's share of the critical path.
type TimelineProgram struct {
	Name      show.Bytes `json:"name"`
	Time      int64      `json:"time"`
	Processes int        `json:"processes"`
}

// TimelineProcess is a process that took long.
type TimelineProcess struct {
	Process int          `json:"process"`
	Name    show.Bytes   `json:"name"`
	Argv    []show.Bytes `json:"argv"`
	Own     int64        `json:"without_children"`
	Took    int64        `json:"took"`
	CPU     int64        `json:"cpu"`
}

// TimelineGap is a time in which all waited.
type TimelineGap struct {
	From    int64 `json:"from"`
	To      int64 `json:"to"`
	Waiting []int `json:"waiting"`
}

// processes are those of a recording, for the text of an answer.
type processes struct{ trail *trail.Trail }

// Timeline says where the time went: the critical path, the longest processes, and idle times. Its text has at most
// that many lines of each; 0 is for all.
func Timeline(t *trail.Trail, most int) *TimelineAnswer {
	a := &TimelineAnswer{Length: int64(t.Length()), processes: processes{t}, most: most, Path: []TimelineStretch{},
		Programs: []TimelineProgram{}, Longest: []TimelineProcess{}, Gaps: []TimelineGap{}}
	seen := make(map[*trail.Proc]bool)
	place := make(map[string]int)
	for _, s := range Critical(t) {
		name := s.Proc.Name()
		a.Path = append(a.Path, TimelineStretch{s.Proc.ID, show.Bytes(name), s.From, s.To})
		i, ok := place[name]
		if !ok {
			i = len(a.Programs)
			place[name] = i
			a.Programs = append(a.Programs, TimelineProgram{Name: show.Bytes(name)})
		}
		a.Programs[i].Time += s.To - s.From
		if !seen[s.Proc] {
			seen[s.Proc] = true
			a.Programs[i].Processes++
		}
	}
	slices.SortStableFunc(a.Programs, func(a, b TimelineProgram) int { return cmp.Compare(b.Time, a.Time) })
	own, ends := OwnTimes(t), Ends(t)
	byOwn := slices.Clone(t.Procs)
	slices.SortStableFunc(byOwn, func(a, b *trail.Proc) int { return cmp.Compare(own[b.ID-1], own[a.ID-1]) })
	for _, p := range byOwn[:a.upTo(len(byOwn))] {
		l := TimelineProcess{Process: p.ID, Name: show.Bytes(p.Name()), Own: own[p.ID-1], Took: ends[p.ID-1] - p.Born,
			CPU: int64(p.CPU())}
		if e := p.Program(); e != nil {
			l.Argv = show.Strings(e.Argv)
		}
		a.Longest = append(a.Longest, l)
	}
	for _, g := range Gaps(t) {
		gap := TimelineGap{From: g.From, To: g.To}
		for _, p := range g.Waiting {
			gap.Waiting = append(gap.Waiting, p.ID)
		}
		a.Gaps = append(a.Gaps, gap)
	}
	return a
}

// Status is 2 if the recording has no process.
func (a *TimelineAnswer) Status() int {
	if len(a.Path) == 0 {
		return 2
	}
	return 0
}

// Text implements Answer.
func (a *TimelineAnswer) Text(p *show.Printer) {
	if len(a.Path) == 0 {
		p.Line("No process was recorded.")
		return
	}
	p.Heading("The critical path, by program")
	var t show.Table
	t.Right = "rrr"
	shown := a.upTo(len(a.Programs))
	for _, g := range a.Programs[:shown] {
		t.Add(span(time.Duration(g.Time)), share(g.Time, a.Length), "×"+strconv.Itoa(g.Processes),
			show.Q(string(g.Name)))
	}
	p.Table(&t, 2)
	if more := len(a.Programs) - shown; more > 0 {
		p.Line("  and %d more: -n 0", more)
	}
	p.Gap()
	p.Heading("Its longest stretches")
	path := slices.Clone(a.Path)
	slices.SortStableFunc(path, func(a, b TimelineStretch) int { return cmp.Compare(b.To-b.From, a.To-a.From) })
	t = show.Table{Right: "rr"}
	for _, s := range path[:a.upTo(len(path))] {
		t.Add(moment(s.From), span(time.Duration(s.To-s.From)), a.trail.Proc(s.Process).String(), a.line(s.Process))
	}
	p.Table(&t, 2)
	p.Gap()
	p.Heading("The longest processes, without their children")
	t = show.Table{Right: "rr"}
	for _, l := range a.Longest {
		t.Add(moment(a.trail.Proc(l.Process).Born), span(time.Duration(l.Own)), a.trail.Proc(l.Process).String(),
			a.line(l.Process))
	}
	p.Table(&t, 2)
	if len(a.Gaps) == 0 {
		return
	}
	p.Gap()
	p.Heading("Idle: nothing was recorded, and who was there took little CPU time")
	t = show.Table{Right: "rr"}
	gaps := slices.Clone(a.Gaps)
	slices.SortStableFunc(gaps, func(a, b TimelineGap) int { return cmp.Compare(b.To-b.From, a.To-a.From) })
	for _, g := range gaps[:a.upTo(len(gaps))] {
		var names []string
		for _, id := range g.Waiting {
			names = append(names, a.trail.Proc(id).String())
		}
		t.Add(moment(g.From), span(time.Duration(g.To-g.From)), strings.Join(names, ", "))
	}
	p.Table(&t, 2)
}

// upTo is how many of n the text has.
func (a *TimelineAnswer) upTo(n int) int {
	if a.most > 0 {
		return min(a.most, n)
	}
	return n
}

// line is the command line of a process.
func (l processes) line(id int) string { return l.trail.Proc(id).Program().CommandLine() }

// share is a part of a whole: "12.3%".
func share(part, whole int64) string {
	if whole <= 0 {
		return ""
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}
