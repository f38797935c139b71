package ask

import (
	"cmp"
	"slices"
	"strings"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// EnvAnswer is how a variable changed.
type EnvAnswer struct {
	Name show.Bytes `json:"name"`
	// First is its value for the command, as the recording was started; nil if it was not set.
	First *show.Bytes `json:"first"`
	// Changes are in order.
	Changes []*EnvChange `json:"changes"`
	// Values are those that programs got in the end, with the programs.
	Values []*EnvValue `json:"values"`
	// All writes each program that got a value.
	All bool `json:"-"`
}

// EnvChange is what one process did to a variable for programs that it, or a child of its, became.
type EnvChange struct {
	At  int64       `json:"at"`
	Old *show.Bytes `json:"old"` // nil: it was not set
	New *show.Bytes `json:"new"`
	// By is who made the change, and its ancestors: the program that executed the next one. Empty for the recorder.
	By []Process `json:"by,omitempty"`
	// To are the programs that got it so.
	To []Process `json:"to"`
}

// EnvValue is a value, and who had it.
type EnvValue struct {
	Value    *show.Bytes  `json:"value"`
	Programs []EnvProgram `json:"programs"`
}

// EnvProgram counts the runs of a program.
type EnvProgram struct {
	Program show.Bytes `json:"program"`
	Count   int        `json:"count"`
}

// variable is the value of one, nil if it is not set.
func variable(env []string, name string) *show.Bytes {
	for _, v := range env {
		if n, value, _ := strings.Cut(v, "="); n == name {
			b := show.Bytes(value)
			return &b
		}
	}
	return nil
}

// after is a variable's value for a program, when its value before is known.
func after(x *trail.Exec, name string, before *show.Bytes) *show.Bytes {
	if v := variable(x.Set, name); v != nil {
		return v
	}
	if slices.Contains(x.Unset, name) {
		return nil
	}
	return before
}

func equal(a, b *show.Bytes) bool { return a == b || a != nil && b != nil && *a == *b }

// Env says who set, changed or unset a variable.
func Env(t *trail.Trail, name string) *EnvAnswer {
	a := &EnvAnswer{Name: show.Bytes(name), First: variable(t.Head.Env, name)}
	values := make(map[*trail.Exec]*show.Bytes)
	type key struct {
		by         int
		had, has   bool
		old, value show.Bytes
	}
	changes := make(map[key]*EnvChange)
	counts := make(map[string]map[string]int)
	firsts := make(map[string]*show.Bytes)
	for _, x := range execsInOrder(t) {
		before := a.First
		if b := x.Before(); b != nil {
			before = values[b]
		}
		value := after(x, name, before)
		values[x] = value
		text := "\x00"
		if value != nil {
			text = string(*value)
		}
		if counts[text] == nil {
			counts[text], firsts[text] = make(map[string]int), value
		}
		counts[text][x.Name()]++
		if equal(before, value) {
			continue
		}
		k := key{had: before != nil, has: value != nil}
		if before != nil {
			k.old = *before
		}
		if value != nil {
			k.value = *value
		}
		var by []Process
		if b := x.Before(); b != nil {
			by = setter(x, b)
			k.by = by[0].ID
		}
		c := changes[k]
		if c == nil {
			c = &EnvChange{At: x.At, Old: before, New: value, By: by}
			changes[k] = c
			a.Changes = append(a.Changes, c)
		}
		c.To = append(c.To, Process{x.Proc.ID, show.Bytes(x.Name())})
	}
	for text, programs := range counts {
		v := &EnvValue{Value: firsts[text]}
		for program, n := range programs {
			v.Programs = append(v.Programs, EnvProgram{show.Bytes(program), n})
		}
		slices.SortFunc(v.Programs, func(x, y EnvProgram) int {
			return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Program, y.Program))
		})
		a.Values = append(a.Values, v)
	}
	slices.SortFunc(a.Values, func(x, y *EnvValue) int {
		return cmp.Or(cmp.Compare(valueRuns(y), valueRuns(x)), strings.Compare(valueText(x.Value), valueText(y.Value)))
	})
	return a
}

// setter is who changed the environment for a program: what its process was before, or the process that forked it.
func setter(x, before *trail.Exec) []Process {
	chain := chainAt(before.Proc, x.At)
	chain[0].Program = show.Bytes(before.Name())
	if x.Proc == before.Proc {
		chain[0].Program = show.Bytes(before.Name())
	}
	return chain
}

// execsInOrder are all programs in the order in which they started.
func execsInOrder(t *trail.Trail) (list []*trail.Exec) {
	for _, p := range t.Procs {
		list = append(list, p.Execs...)
	}
	slices.SortStableFunc(list, func(x, y *trail.Exec) int { return cmp.Compare(x.At, y.At) })
	return list
}

func valueRuns(v *EnvValue) (n int) {
	for _, p := range v.Programs {
		n += p.Count
	}
	return n
}

// valueText is a value for people.
func valueText(v *show.Bytes) string {
	if v == nil {
		return "(not set)"
	}
	return show.Q(string(*v))
}

// Status is 1 if nobody in the recording had the variable.
func (a *EnvAnswer) Status() int {
	if a.First == nil && len(a.Changes) == 0 {
		return 1
	}
	return 0
}

// Text implements Answer.
func (a *EnvAnswer) Text(p *show.Printer) {
	name := show.Q(string(a.Name))
	if a.Status() == 1 {
		p.Wrap(0, "Nobody had a variable "+name+".")
		return
	}
	p.Heading("%s", name)
	t := show.Table{Right: "r"}
	t.Add(moment(0), "the recording began with "+valueText(a.First))
	for _, c := range a.Changes {
		what := p.Paint(show.Bold, "set to "+valueText(c.New))
		switch {
		case c.New == nil:
			what = p.Paint(show.Bold, "unset") + ", was " + valueText(c.Old)
		case c.Old != nil:
			what = p.Paint(show.Bold, "changed to "+valueText(c.New)) + ", was " + valueText(c.Old)
		}
		if len(c.By) > 0 {
			what += " by " + chainLine(c.By)
		}
		t.Add(moment(c.At), what+" for "+processList(c.To, a.All))
	}
	p.Table(&t, 2)
	if len(a.Values) > 1 {
		p.Gap()
		p.Heading("What programs got")
		for _, v := range a.Values {
			names := make([]string, len(v.Programs))
			for i, n := range v.Programs {
				names[i] = show.Q(string(n.Program)) + times(n.Count)
			}
			p.Wrap(2, valueText(v.Value)+": "+strings.Join(names, ", "))
		}
	}
}

// processList is processes as a line: those of one program are counted unless all are wanted.
func processList(list []Process, all bool) string {
	var names []string
	counts, first := make(map[show.Bytes]int), make(map[show.Bytes]Process)
	for _, p := range list {
		if counts[p.Program]++; counts[p.Program] == 1 || all {
			first[p.Program] = p
			names = append(names, p.String())
		}
	}
	if all {
		return strings.Join(names, ", ")
	}
	names = names[:0]
	for _, p := range list {
		if f := first[p.Program]; f == p {
			if n := counts[p.Program]; n > 1 {
				names = append(names, show.Q(string(p.Program))+times(n)+" (first #"+itoa(p.ID)+")")
			} else {
				names = append(names, p.String())
			}
		}
	}
	return strings.Join(names, ", ")
}
