package ask

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// programs compares what processes became that are in both: arguments, files, environments.
func (d *differ) programs() {
	d.execs, d.vars = make(map[*trail.Exec]*trail.Exec), make(map[*trail.Exec][]string)
	a, b := d.sides[0], d.sides[1]
	head := d.differing(a.Head.Env, b.Head.Env)
	for i, p := range a.Procs {
		q := d.pair[0][i]
		if q == nil {
			continue
		}
		for j := range max(len(p.Execs), len(q.Execs)) {
			if j >= len(p.Execs) || j >= len(q.Execs) {
				d.extra(p, q, j)
				continue
			}
			x, y := p.Execs[j], q.Execs[j]
			d.execs[x] = y
			if d.command(0, x) != d.command(1, y) {
				d.changed(x, y)
			} else if d.alike[0].text(x.Path) != d.alike[1].text(y.Path) {
				n := d.both("program", "", x, y)
				n.A.Value, n.B.Value = show.Bytes(x.Path), show.Bytes(y.Path)
				d.note(&d.Changed, x.Path+"\x00"+y.Path, n)
			}
			d.environment(x, y, head)
		}
	}
}

// changed notes two commands with other arguments, with all others of the program that changed in the same way.
func (d *differ) changed(x, y *trail.Exec) {
	n := d.both("changed", "", x, y)
	n.Gone, n.New = d.changedWords(x.Argv, y.Argv)
	key := strings.Join([]string{x.Name(), fmt.Sprintf("%q", n.Gone), fmt.Sprintf("%q", n.New)}, "\x00")
	if d.all || len(n.Gone)+len(n.New) == 0 {
		key = strconv.Itoa(x.Proc.ID) + "\x00" + strconv.FormatInt(x.At, 10)
	}
	d.note(&d.Changed, key, n)
}

// changedWords are the words of two commands that only one of them has.
func (d *differ) changedWords(a, b []string) (gone, added []show.Bytes) {
	left := slices.Clone(b)
	for _, w := range a {
		same := func(v string) bool { return d.alike[0].text(w) == d.alike[1].text(v) }
		if i := slices.IndexFunc(left, same); i >= 0 {
			left = slices.Delete(left, i, i+1)
		} else {
			gone = append(gone, show.Bytes(w))
		}
	}
	return gone, show.Strings(left)
}

func (d *differ) both(kind, what string, x, y *trail.Exec) *Difference {
	return &Difference{Kind: kind, What: show.Bytes(what), when: x.At,
		A: &DiffPart{At: x.At, By: actor(x.Proc, x.At)}, B: &DiffPart{At: y.At, By: actor(y.Proc, y.At)}}
}

// extra notes a program that only one of two same processes became.
func (d *differ) extra(p, q *trail.Proc, j int) {
	if j < len(p.Execs) {
		x := p.Execs[j]
		d.OnlyA = append(d.OnlyA, &Difference{Kind: "only A", when: x.At, A: &DiffPart{At: x.At, By: actor(p, x.At)}})
		return
	}
	y := q.Execs[j]
	d.OnlyB = append(d.OnlyB,
		&Difference{Kind: "only B", when: d.inA(q, y.At), B: &DiffPart{At: y.At, By: actor(q, y.At)}})
}

// session are variables that tell of a terminal or a login, not of a build.
var session = map[string]bool{
	"_": true, "SHLVL": true, "OLDPWD": true, "WINDOWID": true, "TMUX": true, "TMUX_PANE": true, "STY": true,
	"INVOCATION_ID": true, "JOURNAL_STREAM": true, "GPG_TTY": true, "LINES": true, "COLUMNS": true, "XDG_SESSION_ID": true,
	"DBUS_SESSION_BUS_ADDRESS": true, "XDG_RUNTIME_DIR": true, "TERM_SESSION_ID": true, "SYSTEMD_EXEC_PID": true,
	"SSH_AUTH_SOCK": true, "SSH_AGENT_PID": true, "SSH_CLIENT": true, "SSH_CONNECTION": true, "SSH_TTY": true,
}

// environment notes variables that differ for two same programs, and did not for what they were started by.
func (d *differ) environment(x, y *trail.Exec, head []string) {
	var names []string
	before := head
	if x.Before() != nil || y.Before() != nil {
		if d.execs[x.Before()] != y.Before() || x.Before() == nil {
			names = d.differing(d.sides[0].Environ(x), d.sides[1].Environ(y))
			before = nil
		} else {
			before = d.vars[x.Before()]
		}
	}
	if before != nil || names == nil {
		names = slices.Clone(before)
		for _, list := range [][]string{x.Set, y.Set, x.Unset, y.Unset} {
			for _, v := range list {
				name, _, _ := strings.Cut(v, "=")
				names = append(names, name)
			}
		}
		slices.Sort(names)
		names = slices.Compact(names)
	}
	var differ []string
	for _, name := range names {
		va, hasA := varOf(d.sides[0], x, name)
		vb, hasB := varOf(d.sides[1], y, name)
		if hasA == hasB && d.alike[0].text(va) == d.alike[1].text(vb) {
			continue
		}
		differ = append(differ, name)
		if session[name] && !d.all {
			continue
		}
		n := d.both("environment", name, x, y)
		n.A.Value, n.A.Unset, n.B.Value, n.B.Unset = show.Bytes(va), !hasA, show.Bytes(vb), !hasB
		d.note(&d.Environment, name, n)
	}
	d.vars[x] = differ
}

// differing are the names of the variables that differ between two environments.
func (d *differ) differing(a, b []string) (names []string) {
	values := make(map[string]string)
	for _, v := range a {
		name, value, _ := strings.Cut(v, "=")
		values[name] = d.alike[0].text(value)
	}
	for _, v := range b {
		name, value, _ := strings.Cut(v, "=")
		old, ok := values[name]
		if ok && old == d.alike[1].text(value) {
			delete(values, name)
		} else if !ok {
			names = append(names, name)
		}
	}
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// varOf looks up a variable of a program.
func varOf(t *trail.Trail, x *trail.Exec, name string) (value string, set bool) {
	for ; x != nil; x = x.Before() {
		for _, v := range x.Set {
			if rest, ok := strings.CutPrefix(v, name+"="); ok {
				return rest, true
			}
		}
		if slices.Contains(x.Unset, name) {
			return "", false
		}
	}
	for _, v := range t.Head.Env {
		if rest, ok := strings.CutPrefix(v, name+"="); ok {
			return rest, true
		}
	}
	return "", false
}

// lonely notes the commands of one recording alone: the topmost of each tree that ran a program.
func (d *differ) lonely() {
	for i, list := range d.alone {
		for _, p := range list {
			d.lone(i, p)
		}
	}
}

func (d *differ) lone(i int, p *trail.Proc) {
	if isFork(p) {
		for _, c := range p.Children {
			d.lone(i, c)
		}
		return
	}
	at := p.Execs[0].At
	n := &Difference{More: programsBelow(p) - 1}
	part := &DiffPart{At: at, By: actor(p, at)}
	if i == 0 {
		n.Kind, n.A, n.when = "only A", part, at
		d.OnlyA = append(d.OnlyA, n)
	} else {
		n.Kind, n.B, n.when = "only B", part, d.inA(p, at)
		d.OnlyB = append(d.OnlyB, n)
	}
}

// programsBelow counts the programs of a process and all below it.
func programsBelow(p *trail.Proc) int {
	n := len(p.Execs)
	for _, c := range p.Children {
		n += programsBelow(c)
	}
	return n
}

// ends notes processes that ended differently.
func (d *differ) ends() {
	for i, p := range d.sides[0].Procs {
		q := d.pair[0][i]
		if q == nil || p.End == nil || q.End == nil || outcome(p) == outcome(q) {
			continue
		}
		d.Ends = append(d.Ends, &Difference{Kind: "end", when: p.Died,
			A: &DiffPart{At: p.Died, Value: show.Bytes(outcome(p)), By: actor(p, p.Died)},
			B: &DiffPart{At: q.Died, Value: show.Bytes(outcome(q)), By: actor(q, q.Died)}})
	}
}
