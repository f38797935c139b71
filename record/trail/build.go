package trail

import "sydbox/event"

// builder makes a Trail of its lines.
type builder struct {
	*Trail
	strings map[string]string
}

// same returns one string for all equal ones: a recording names each path many times.
func (b *builder) same(s string) string {
	if s == "" {
		return ""
	}
	if known, ok := b.strings[s]; ok {
		return known
	}
	b.strings[s] = s
	return s
}

// proc returns a process, which exists from now on.
func (b *builder) proc(id int) *Proc {
	if id < 1 {
		return nil
	}
	if id > len(b.Procs) {
		if id > len(b.Procs)+1<<20 {
			return nil // a damaged line
		}
		for len(b.Procs) < id {
			b.Procs = append(b.Procs, &Proc{ID: len(b.Procs) + 1})
		}
	}
	return b.Procs[id-1]
}

func (b *builder) add(e event.Event) {
	switch e := e.(type) {
	case *event.Born:
		b.born(e)
	case *event.Executed:
		b.executed(e)
	case *event.Used:
		b.used(e)
	case *event.Reached:
		if p := b.proc(e.ID); p != nil {
			p.Reaches = append(p.Reaches, int32(len(b.Reaches)))
			b.Reaches = append(b.Reaches, Reach{Reached: *e, Proc: p, Exec: p.At(e.At)})
		}
	case *event.Asked:
		b.Asks = append(b.Asks, Ask{Asked: *e, Proc: b.proc(e.ID)})
	case *event.Signalled:
		b.Signals = append(b.Signals, Signal{Signalled: *e, To: b.proc(e.ID), From: b.proc(e.From)})
	case *event.Hinted:
		b.Hints = append(b.Hints, Hint{Hinted: *e, Proc: b.proc(e.ID)})
	case *event.Said:
		switch p := b.proc(e.ID); {
		case p == nil:
		case e.Lost:
			p.Lost += e.Text
		default:
			p.Said, p.SaidCut = p.Said+e.Text, p.SaidCut+e.Cut
		}
	case *event.Ended:
		if p := b.proc(e.ID); p != nil {
			p.End, p.Died = e, e.At
			if n := len(p.Execs); n > 0 {
				p.Execs[n-1].Until = e.At
			}
		}
	case *event.Finished:
		b.Finish = e
	default:
		b.Skipped++
	}
}

func (b *builder) born(e *event.Born) {
	p := b.proc(e.ID)
	if p == nil {
		return
	}
	p.PID, p.Born, p.Attached, p.Dir = e.PID, e.At, e.Attached, e.Dir
	if e.Parent < e.ID { // whoever is born later is no parent, and a chain must end
		p.Parent = b.proc(e.Parent)
	}
	if p.Parent != nil {
		p.Parent.Children = append(p.Parent.Children, p)
		p.inherited = p.Parent.At(p.Born)
	}
	if p.Dir == "" && p.Parent != nil {
		if p.Dir = p.Parent.Dir; len(p.Parent.Execs) > 0 {
			p.Dir = p.Parent.Execs[len(p.Parent.Execs)-1].Dir
		}
	}
	if p.Dir == "" {
		p.Dir = b.Head.Dir
	}
}

func (b *builder) executed(e *event.Executed) {
	p := b.proc(e.ID)
	if p == nil {
		return
	}
	x := &Exec{Executed: *e, Proc: p, before: p.At(e.At)}
	x.Path, x.Dir = b.same(x.Path), b.same(x.Dir)
	if x.Dir == "" {
		x.Dir = p.Dir
	}
	if n := len(p.Execs); n > 0 {
		p.Execs[n-1].Until = e.At
	}
	p.Execs = append(p.Execs, x)
}

func (b *builder) used(e *event.Used) {
	p := b.proc(e.ID)
	if p == nil {
		return
	}
	u := Use{Used: *e, Proc: p, Exec: p.At(e.At)}
	u.Op, u.Path, u.To, u.Typed = b.same(u.Op), b.same(u.Path), b.same(u.To), b.same(u.Typed)
	u.Call, u.Flags, u.Errno, u.Kind = b.same(u.Call), b.same(u.Flags), b.same(u.Errno), b.same(u.Kind)
	p.Uses = append(p.Uses, int32(len(b.Uses)))
	b.Uses = append(b.Uses, u)
}

// last is the time of the last thing that was recorded.
func (t *Trail) last() (at int64) {
	if t.Finish != nil {
		return t.Finish.At
	}
	for _, p := range t.Procs {
		at = max(at, p.Born, p.Died)
	}
	if n := len(t.Uses); n > 0 {
		at = max(at, t.Uses[n-1].At)
	}
	return at
}
