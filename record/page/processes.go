package page

import (
	"sydbox/event"
	"sydbox/record/ask"
	"sydbox/record/trail"
	"sydbox/sandbox/report"
)

// signalBase is added to the number of a signal's name in the column of exit statuses.
const signalBase = 1000

// processes fills the columns.
func (b *builder) processes() {
	d, t := &b.out, b.trail
	places := newLanes(t)
	d.Rows = places.rows
	own := ask.OwnTimes(t)
	for i, p := range t.Procs {
		parent := 0
		if p.Parent != nil {
			parent = p.Parent.ID
		}
		exit := int64(-1)
		var rss, read, written int64
		if e := p.End; e != nil {
			rss, read, written = e.MaxRSS, e.ReadBytes, e.WriteBytes
			if exit = int64(e.Exit); e.Signal != "" {
				exit = signalBase + int64(b.strings.number(e.Signal))
			}
		}
		d.PID = append(d.PID, int64(p.PID))
		d.Parent = append(d.Parent, int64(parent))
		d.Born = append(d.Born, micro(p.Born))
		d.Took = append(d.Took, micro(places.ends[i])-micro(p.Born))
		d.Exit = append(d.Exit, exit)
		d.CPU = append(d.CPU, micro(int64(p.CPU())))
		d.RSS = append(d.RSS, rss)
		d.Read = append(d.Read, read)
		d.Written = append(d.Written, written)
		d.Lane = append(d.Lane, int64(places.lane[i]))
		d.Row = append(d.Row, int64(places.row[i]))
		d.Own = append(d.Own, micro(own[i]))
	}
}

// execs returns the programs of a process: when, name, path, script, directory, arguments, variables set (name and
// value in turn), variables unset, and what its descriptors 0 to 2 were. Directories, arguments and variables are as a
// shell takes them.
func (b *builder) execs(p *trail.Proc) [][]any {
	list := make([][]any, 0, len(p.Execs))
	for _, e := range p.Execs {
		set := make([]int, 0, 2*len(e.Set))
		for _, s := range e.Set {
			name, value := cutVariable(s)
			set = append(set, b.shell(name), b.shell(value))
		}
		script := 0
		if e.Script != "" {
			script = b.strings.number(e.Script)
		}
		row := []any{micro(e.At), b.strings.number(e.Name()), b.strings.number(e.Path), script,
			b.shell(e.Dir), b.shells(e.Argv), set, b.shells(e.Unset)}
		if e.Stdio != [3]string{} {
			stdio := make([]int, 3)
			for i, s := range e.Stdio {
				stdio[i] = b.strings.number(s)
			}
			row = append(row, stdio)
		}
		list = append(list, row)
	}
	return list
}

// cutVariable splits "NAME=value". A string without "=" is all name; there is no value then, as a shell cannot set it.
func cutVariable(s string) (name, value string) {
	for i := 1; i < len(s); i++ {
		if s[i] == '=' {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// shell numbers a word as a shell takes it. Words are kept apart from other strings by a byte that neither has.
func (b *builder) shell(word string) int {
	key := "\x00" + word
	n, ok := b.strings.numbers[key]
	if !ok {
		n = len(b.strings.list)
		b.strings.numbers[key] = n
		b.strings.list = append(b.strings.list, report.ShellQuote(word))
	}
	return n
}

func (b *builder) shells(words []string) []int {
	out := make([]int, len(words))
	for i, w := range words {
		out[i] = b.shell(w)
	}
	return out
}

// network fills in addresses, names, signals and hints; what came again is told once, with a count.
func (b *builder) network() {
	d, t := &b.out, b.trail
	n := b.strings.number
	reached := make(map[event.Reached]int)
	for i := range t.Reaches {
		r := t.Reaches[i].Reached
		at := r.At
		r.At = 0
		if k, ok := reached[r]; ok {
			d.Net[k][7] = d.Net[k][7].(int) + 1
			continue
		}
		reached[r] = len(d.Net)
		d.Net = append(d.Net, []any{micro(at), r.ID, n(r.Op), n(r.Address), n(r.Protocol), n(r.Host), n(r.Errno), 1,
			n(r.Denied)})
	}
	for _, a := range t.Asks {
		addresses := make([]int, len(a.Addresses))
		for i, s := range a.Addresses {
			addresses[i] = n(s)
		}
		d.Names = append(d.Names, []any{micro(a.At), a.ID, n(a.Host), n(a.Server), addresses})
	}
	for _, s := range t.Signals {
		d.Signals = append(d.Signals, []int64{micro(s.At), int64(s.ID), int64(n(s.Signal)), int64(s.Signalled.From),
			int64(s.PID)})
	}
	type hint struct {
		id         int
		what, call string
	}
	hinted := make(map[hint]int)
	for _, h := range t.Hints {
		key := hint{h.ID, h.What, h.Call}
		if k, ok := hinted[key]; ok {
			d.Hints[k][3] = d.Hints[k][3].(int) + 1
			continue
		}
		hinted[key] = len(d.Hints)
		d.Hints = append(d.Hints, []any{h.ID, n(h.What), n(h.Call), 1})
	}
}
