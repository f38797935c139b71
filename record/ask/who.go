package ask

import (
	"sydbox/record/show"
	"sydbox/record/trail"
)

// WhoAnswer is who used a path.
type WhoAnswer struct {
	Path show.Bytes `json:"path"`
	Uses []WhoUse   `json:"uses"`
}

// WhoUse is one use of it.
type WhoUse struct {
	At    int64  `json:"at"`
	Proc  int    `json:"process"`
	Op    string `json:"op"`
	Errno string `json:"errno,omitempty"`
	chain string
}

// Who says who used a path, and how.
func Who(t *trail.Trail, path string) *WhoAnswer {
	a := &WhoAnswer{Path: show.Bytes(path)}
	for i := range t.Uses {
		if u := &t.Uses[i]; u.Path == path || u.To == path {
			a.Uses = append(a.Uses, WhoUse{At: u.At, Proc: u.Proc.ID, Op: u.Op, Errno: u.Errno, chain: u.Proc.Line()})
		}
	}
	return a
}

// Status is 1 if nobody did.
func (a *WhoAnswer) Status() int {
	if len(a.Uses) == 0 {
		return 1
	}
	return 0
}

// Text implements Answer.
func (a *WhoAnswer) Text(p *show.Printer) {
	var t show.Table
	for _, u := range a.Uses {
		t.Add(u.Op, u.Errno, u.chain)
	}
	p.Table(&t, 0)
}
