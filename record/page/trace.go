package page

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"

	"sydbox/event"
	"sydbox/record/ask"
	"sydbox/record/trail"
)

// The tracks of a trace. All of them belong to one process, whose name is the command's: what a viewer calls threads
// are lanes.
const (
	tracePID     = 1
	criticalTID  = 1_000_000 // behind all lanes, and sorted before them
	firstLaneTID = 1
)

// slice is one event of the Trace Event Format, which ui.perfetto.dev and chrome://tracing read: "X" is a stretch of
// time, "i" a moment, "s" and "f" the ends of an arrow, "C" a number, "M" a name.
type slice struct {
	Name     string `json:"name"`
	Category string `json:"cat,omitempty"`
	Phase    string `json:"ph"`
	At       stamp  `json:"ts"`
	Took     *stamp `json:"dur,omitempty"`
	PID      int    `json:"pid"`
	TID      int    `json:"tid"`
	ID       int    `json:"id,omitempty"`
	Bind     string `json:"bp,omitempty"` // "e": the arrow ends at the stretch around it, not at the next one
	Scope    string `json:"s,omitempty"`  // "t": the moment is the lane's
	Args     any    `json:"args,omitempty"`
}

// stamp is microseconds. The format allows fractions, but viewers read them as floating-point numbers, and a child that
// ends a rounding error after its parent is no child to them. Whole ones keep what nests nested.
type stamp int64

func stampOf(ns int64) stamp { return stamp(ns / 1000) }

// processArgs is what a viewer shows of a chosen process. All strings are safe to show.
type processArgs struct {
	Process  string   `json:"process"`
	PID      int      `json:"pid"`
	Command  string   `json:"command,omitempty"`
	Programs []string `json:"programs,omitempty"` // if there were several
	File     string   `json:"file,omitempty"`
	Dir      string   `json:"cwd,omitempty"`
	Status   string   `json:"status"`
	CPU      string   `json:"cpu,omitempty"`
	Own      string   `json:"without_children"`
	Memory   int64    `json:"max_rss_bytes,omitempty"`
}

// Timeline writes a recording as a trace. Each lane of the page is a thread there; the critical path is one of its own.
func Timeline(w io.Writer, t *trail.Trail) error {
	out := bufio.NewWriterSize(w, 1<<16)
	out.WriteString(`{"displayTimeUnit":"ms","otherData":{"tool":"syd-trace"},"traceEvents":[` + "\n")
	list := slices.Concat(trackNames(t), traceEvents(t))
	for i, s := range list {
		line, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("write the trace: %w", err)
		}
		out.Write(line)
		if i < len(list)-1 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
	}
	out.WriteString("]}\n")
	return out.Flush()
}

// traceEvents returns everything that has a time, in its order; what is around something else comes before it.
func traceEvents(t *trail.Trail) []slice {
	l := newLanes(t)
	own := ask.OwnTimes(t)
	list := make([]slice, 0, 2*len(t.Procs))
	for i, p := range t.Procs {
		list = append(list, processSlice(p, l, own[i]))
		for k, e := range p.Execs {
			if k > 0 {
				list = append(list, moment("exec "+event.Quote(e.Name()), "exec", e.At, l.tid(p), map[string]string{
					"command": e.CommandLine()}))
			}
		}
		if p.Parent != nil && l.tid(p) != l.tid(p.Parent) {
			from := slice{Name: "fork", Category: "fork", Phase: "s", ID: p.ID, At: stampOf(p.Born), PID: tracePID,
				TID: l.tid(p.Parent)}
			to := from
			to.Phase, to.Bind, to.TID = "f", "e", l.tid(p)
			list = append(list, from, to)
		}
	}
	for _, s := range t.Signals {
		if s.To != nil {
			sender := "PID " + strconv.Itoa(s.PID)
			if s.From != nil {
				sender = s.From.String()
			}
			list = append(list, moment(event.Quote(s.Signal), "signal", s.At, l.tid(s.To), map[string]string{
				"to": s.To.String(), "from": sender}))
		}
	}
	for _, s := range ask.Critical(t) {
		list = append(list, span(s.Proc.String(), "critical", s.From, s.To, criticalTID, map[string]string{
			"process": s.Proc.String(), "command": s.Proc.Program().CommandLine()}))
	}
	list = append(list, running(t, l.ends)...)
	slices.SortStableFunc(list, func(a, b slice) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(b.long(), a.long()))
	})
	return list
}

// long is how long something takes; 0 for a moment.
func (s *slice) long() stamp {
	if s.Took == nil {
		return 0
	}
	return *s.Took
}

func processSlice(p *trail.Proc, l *lanes, own int64) slice {
	a := processArgs{Process: p.String(), PID: p.PID, Status: "its end was not seen", Own: stampText(own)}
	if e := p.Program(); e != nil {
		a.Command, a.File, a.Dir = e.CommandLine(), event.Quote(e.Path), event.Quote(e.Dir)
	}
	if len(p.Execs) > 1 {
		for _, e := range p.Execs {
			a.Programs = append(a.Programs, e.CommandLine())
		}
	}
	if e := p.End; e != nil {
		a.Status, a.Memory = "exit "+strconv.Itoa(e.Exit), e.MaxRSS
		if e.Signal != "" {
			a.Status = "killed by " + event.Quote(e.Signal)
		}
		a.CPU = stampText(int64(p.CPU()))
	}
	s := span(p.String(), "process", p.Born, l.ends[p.ID-1], l.tid(p), a)
	if p.Failed() {
		s.Category = "process,failed"
	}
	return s
}

func (l *lanes) tid(p *trail.Proc) int { return firstLaneTID + l.lane[p.ID-1] }

func stampText(ns int64) string { return fmt.Sprintf("%d.%03d ms", ns/1e6, ns/1000%1000) }

func span(name, category string, from, to int64, tid int, args any) slice {
	took := stampOf(to) - stampOf(from)
	return slice{Name: name, Category: category, Phase: "X", At: stampOf(from), Took: &took, PID: tracePID, TID: tid,
		Args: args}
}

func moment(name, category string, at int64, tid int, args any) slice {
	return slice{Name: name, Category: category, Phase: "i", At: stampOf(at), PID: tracePID, TID: tid, Scope: "t",
		Args: args}
}

// running counts the processes that live: a line above the lanes.
func running(t *trail.Trail, ends []int64) []slice {
	type step struct {
		at int64
		by int
	}
	steps := make([]step, 0, 2*len(t.Procs))
	for i, p := range t.Procs {
		steps = append(steps, step{p.Born, 1}, step{ends[i], -1})
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	list := make([]slice, 0, len(steps))
	now := 0
	for i, s := range steps {
		now += s.by
		if i+1 < len(steps) && stampOf(steps[i+1].at) == stampOf(s.at) {
			continue
		}
		list = append(list, slice{Name: "processes", Phase: "C", At: stampOf(s.at), PID: tracePID, TID: firstLaneTID,
			Args: map[string]int{"alive": now}})
	}
	return list
}

// trackNames names the lanes and puts them in order.
func trackNames(t *trail.Trail) []slice {
	command := shellLine(t.Head.Command)
	if command == "" {
		command = "attached processes"
	}
	name := func(what string, tid int, args any) slice {
		return slice{Name: what, Phase: "M", PID: tracePID, TID: tid, Args: args}
	}
	list := []slice{name("process_name", firstLaneTID, map[string]string{"name": command}),
		name("thread_name", criticalTID, map[string]string{"name": "critical path"}),
		name("thread_sort_index", criticalTID, map[string]int{"sort_index": 0})}
	for i := range newLanes(t).rows {
		list = append(list, name("thread_name", firstLaneTID+i, map[string]string{"name": "lane " + strconv.Itoa(i+1)}),
			name("thread_sort_index", firstLaneTID+i, map[string]int{"sort_index": i + 1}))
	}
	return list
}
