package ask

import (
	"cmp"
	"slices"
	"strings"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// EnvListAnswer is which variables changed inside the build.
type EnvListAnswer struct {
	Variables []*EnvVariable `json:"variables"`
}

// EnvVariable is one that changed.
type EnvVariable struct {
	Name    show.Bytes `json:"name"`
	Changes int        `json:"changes"` // how many programs got it changed
	Values  int        `json:"values"`  // how many different values it was given
	Unset   int        `json:"unset"`   // how often it was taken away
	// By is who changed it first, Programs all programs that did.
	By       []Process    `json:"by"`
	At       int64        `json:"at"`
	Programs []show.Bytes `json:"programs"`
	Last     *show.Bytes  `json:"last"` // its last value
	values   map[string]bool
}

// shellOwn are variables that shells and make set for themselves on each start.
var shellOwn = map[string]bool{"_": true, "PWD": true, "OLDPWD": true, "SHLVL": true, "LINES": true, "COLUMNS": true}

// EnvList lists the variables that changed; all takes in those that shells keep for themselves.
func EnvList(t *trail.Trail, all bool) *EnvListAnswer {
	a := &EnvListAnswer{}
	known := make(map[string]*EnvVariable)
	for _, x := range execsInOrder(t) {
		note := func(name string, value *show.Bytes) {
			if shellOwn[name] && !all {
				return
			}
			v := known[name]
			if v == nil {
				v = &EnvVariable{Name: show.Bytes(name), At: x.At, values: make(map[string]bool)}
				if b := x.Before(); b != nil {
					v.By = setter(x, b)
				}
				known[name] = v
				a.Variables = append(a.Variables, v)
			}
			v.Changes++
			v.Last = value
			if value == nil {
				v.Unset++
			} else {
				v.values[string(*value)] = true
			}
			v.Values = len(v.values)
			by := show.Bytes("syd-trace")
			if b := x.Before(); b != nil {
				by = show.Bytes(b.Name())
			}
			if !slices.Contains(v.Programs, by) {
				v.Programs = append(v.Programs, by)
			}
		}
		for _, s := range x.Set {
			name, text, _ := strings.Cut(s, "=")
			value := show.Bytes(text)
			note(name, &value)
		}
		for _, name := range x.Unset {
			note(name, nil)
		}
	}
	slices.SortStableFunc(a.Variables, func(x, y *EnvVariable) int { return cmp.Compare(x.Name, y.Name) })
	return a
}

// Status is 1 if none changed.
func (a *EnvListAnswer) Status() int {
	if len(a.Variables) == 0 {
		return 1
	}
	return 0
}

// Text implements Answer.
func (a *EnvListAnswer) Text(p *show.Printer) {
	if len(a.Variables) == 0 {
		p.Line("No variable changed inside the recording.")
		return
	}
	p.Heading("Variables that changed inside the recording")
	for _, v := range a.Variables {
		what := count(v.Values, "value")
		if v.Values == 1 && v.Unset == 0 {
			what = valueText(v.Last)
		}
		if v.Unset > 0 {
			what += ", unset " + itoa(v.Unset) + "×"
		}
		line := p.Paint(show.Bold, show.Q(string(v.Name))) + ": " + what + " for " + count(v.Changes, "program")
		if len(v.By) > 0 {
			line += ", first by " + chainLine(v.By)
		}
		p.Wrap(2, line)
	}
}
