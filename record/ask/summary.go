package ask

import (
	"slices"
	"strings"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// SummaryAnswer is what a recording is about: the command, how it ended, what it cost, what it touched, and what is
// worth asking.
type SummaryAnswer struct {
	Command  []show.Bytes `json:"command"`
	Attached []int        `json:"attached,omitempty"`
	Dir      show.Bytes   `json:"dir"`
	// Result is "ok", "exit 2", "SIGSEGV", "not ended", or "interrupted"; of what was attached to, "ended" or "detached".
	Result string `json:"result"`
	Exit   *int   `json:"exit"`
	Signal string `json:"signal,omitempty"`
	// Cut says why the recording ends early, Skipped counts lines that were not understood.
	Cut     string `json:"cut,omitempty"`
	Skipped int    `json:"skipped,omitempty"`
	Wall    int64  `json:"wall"`
	CPU     int64  `json:"cpu"`

	Processes int       `json:"processes"`
	Programs  int       `json:"programs"`
	Failed    int       `json:"failed"`
	Alive     []Process `json:"alive,omitempty"` // they outlived the command
	// Read and Written count files; those outside the directory of the recording and /tmp are in the lists.
	Read       int          `json:"files_read"`
	Written    int          `json:"files_written"`
	ReadOut    int          `json:"files_read_outside"`
	WrittenOut []show.Bytes `json:"files_written_outside"`
	// Network are addresses that are not the machine's own, Names those that were asked for.
	Network []show.Bytes `json:"network"`
	Names   []show.Bytes `json:"names"`
	reached []string     // Network, safe on a terminal
	// Denied counts by rule what the policy that the recording was compared with would have denied.
	Policies []string        `json:"policies,omitempty"`
	Denied   []SummaryDenial `json:"denied,omitempty"`
	// Injected are the errors that were asked for, InjectedTimes how often they were given.
	Injected      []show.Bytes `json:"injected,omitempty"`
	InjectedTimes int          `json:"injected_times,omitempty"`
	// Why says what failed first, if the command did.
	Why  *WhyAnswer `json:"why,omitempty"`
	Next []Next     `json:"next"`

	// Recording is named in the questions to ask next; empty for the latest.
	Recording string `json:"-"`
}

// SummaryDenial is a rule, and how often it would have denied.
type SummaryDenial struct {
	Rule  show.Bytes `json:"rule"`
	Count int        `json:"count"`
	First show.Bytes `json:"first"` // what it would have denied first
	By    Process    `json:"by"`
}

// Summary sums a recording up.
func Summary(t *trail.Trail) *SummaryAnswer {
	a := &SummaryAnswer{Command: show.Strings(t.Head.Command), Attached: t.Head.Attached, Dir: show.Bytes(t.Head.Dir),
		Skipped: t.Skipped, Wall: int64(t.Length()), Processes: len(t.Procs), Policies: t.Head.Policies,
		Injected: show.Strings(t.Head.Injected), Result: "not ended", WrittenOut: []show.Bytes{}, Network: []show.Bytes{},
		Names: []show.Bytes{}, Next: []Next{}}
	if t.Cut != nil {
		a.Cut = t.Cut.Error()
	}
	a.result(t)
	for _, p := range t.Procs {
		a.CPU += int64(p.CPU())
		a.Programs += len(p.Execs)
		if p.Failed() {
			a.Failed++
		}
	}
	a.files(t)
	a.denials(t)
	a.network(t)
	if t.Finish != nil {
		for _, id := range t.Finish.Alive {
			if p := t.Proc(id); p != nil {
				a.Alive = append(a.Alive, Process{p.ID, show.Bytes(p.Name())})
			}
		}
	}
	if len(t.Head.Attached) == 0 {
		if why := Why(t); len(why.Chain) > 0 {
			a.Why = why
		}
	}
	a.ask(t)
	return a
}

// result says how the command ended.
func (a *SummaryAnswer) result(t *trail.Trail) {
	root := t.Root()
	switch {
	case len(t.Head.Attached) > 0:
		switch {
		case t.Finish == nil:
			a.Result = "not ended"
		case t.Finish.Interrupted:
			a.Result = "detached"
		default:
			a.Result = "ended"
		}
		return
	case root != nil && root.End != nil:
		a.Result = outcome(root)
		if a.Signal = root.End.Signal; a.Signal == "" {
			a.Exit = &root.End.Exit
		}
	case t.Finish != nil && t.Finish.Signal != "":
		a.Result, a.Signal = show.Q(t.Finish.Signal), t.Finish.Signal
	case t.Finish != nil && !t.Finish.Interrupted:
		a.Exit = &t.Finish.Exit
		if a.Result = "ok"; t.Finish.Exit != 0 {
			a.Result = "exit " + itoa(t.Finish.Exit)
		}
	}
	if t.Finish != nil && t.Finish.Interrupted {
		a.Result = "interrupted"
	}
}

// files counts what was read and written.
func (a *SummaryAnswer) files(t *trail.Trail) {
	read, written := make(map[string]bool), make(map[string]bool)
	for i := range t.Uses {
		u := &t.Uses[i]
		if u.Injected {
			a.InjectedTimes += max(u.Count, 1)
		}
		if u.Errno != "" || isDevice(u) {
			continue
		}
		switch u.Op {
		case event.OpRead:
			read[u.Path] = true
		case event.OpWrite, event.OpMake, event.OpSymlink, event.OpAttr, event.OpDelete:
			written[u.Path] = true
		case event.OpRename:
			written[u.Path], written[u.To] = true, true
		case event.OpLink:
			written[u.To] = true
		}
	}
	a.Read, a.Written = len(read), len(written)
	own := ownDirs(t)
	for p := range read {
		if !inDirs(p, own) {
			a.ReadOut++
		}
	}
	for p := range written {
		if !inDirs(p, own) {
			a.WrittenOut = append(a.WrittenOut, show.Bytes(p))
		}
	}
	slices.Sort(a.WrittenOut)
}

// isDevice says that a use is of what is no file on a disk.
func isDevice(u *trail.Use) bool {
	return u.Kind == "device" || u.Kind == "fifo" || u.Kind == "socket" ||
		inDirs(u.Path, []string{"/dev", "/proc", "/sys"})
}

// ownDirs are where a build may write as it likes: its directory, and those for temporary files.
func ownDirs(t *trail.Trail) []string {
	dirs := []string{t.Head.Dir, "/tmp", "/var/tmp"}
	for _, v := range t.Head.Env {
		if dir, ok := strings.CutPrefix(v, "TMPDIR="); ok && strings.HasPrefix(dir, "/") {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// inDirs says that a path is one of several directories, or in one.
func inDirs(path string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return path == dir || under(path, dir) })
}

// denials counts what would have been denied.
func (a *SummaryAnswer) denials(t *trail.Trail) {
	note := func(rule, what string, p *trail.Proc, at int64, n int) {
		if rule == "" {
			return
		}
		for i := range a.Denied {
			if a.Denied[i].Rule == show.Bytes(rule) {
				a.Denied[i].Count += n
				return
			}
		}
		a.Denied = append(a.Denied, SummaryDenial{show.Bytes(rule), n, show.Bytes(what), processAt(p, at)})
	}
	for i := range t.Uses {
		u := &t.Uses[i]
		note(u.Denied, u.Path, u.Proc, u.At, max(u.Count, 1))
	}
	for i := range t.Reaches {
		r := &t.Reaches[i]
		note(r.Denied, r.Address, r.Proc, r.At, 1)
	}
	for _, p := range t.Procs {
		for _, x := range p.Execs {
			note(x.Denied, x.Path, p, x.At, 1)
		}
	}
	slices.SortStableFunc(a.Denied, func(x, y SummaryDenial) int { return y.Count - x.Count })
}

// network collects what was reached outside, and which names were asked for.
func (a *SummaryAnswer) network(t *trail.Trail) {
	net := Net(t)
	for _, o := range net.Outside {
		name, text := o.Address, show.Q(string(o.Address))
		if o.Host != "" && o.Host != o.Address {
			name, text = o.Host+" ("+o.Address+")", show.Q(string(o.Host))+" ("+text+")"
		}
		if !slices.Contains(a.Network, name) {
			a.Network, a.reached = append(a.Network, name), append(a.reached, text)
		}
	}
	for _, n := range net.Names {
		a.Names = append(a.Names, n.Host)
	}
}

// Status is 0 if the command succeeded, 1 if it failed, 2 if the recording does not tell.
func (a *SummaryAnswer) Status() int {
	switch {
	case a.Exit != nil && *a.Exit == 0, a.Result == "detached", a.Result == "ended":
		return 0
	case a.Exit != nil, a.Signal != "":
		return 1
	}
	return 2
}
