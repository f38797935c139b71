package ask

import (
	"sydbox/event"
	"sydbox/record/trail"
)

// whyNext are the questions that will tell more.
func whyNext(t *trail.Trail, a *WhyAnswer, p *trail.Proc) (list []Next) {
	number := func(p *trail.Proc) string { return "#" + itoa(p.ID) }
	for _, m := range a.Mishaps {
		if m.rank >= 100 && !m.Injected {
			if (m.Errno == "ENOENT" || m.Errno == "ENOTDIR") && len(m.Dirs) > 1 {
				list = append(list, next("where it looked", "missing", number(p)))
			} else if usedByOthers(t, string(m.Path), p) {
				list = append(list, next("who else had that file", "who", string(m.Path)))
			}
			break
		}
	}
	list = append(list, next("run that command again, alone", "cmd", number(runnable(p))))
	for q := p; q.Parent != nil && q.Parent.Parent != nil; q = q.Parent {
		if q.Parent.Children[0] != q { // the tree of the whole recording is no news
			list = append(list, next("what ran before it", "tree", number(q.Parent)))
			break
		}
	}
	return list
}

// runnable is the nearest process of the chain that a person would run again: not a part of a compiler, which reads
// temporary files that are gone.
func runnable(p *trail.Proc) *trail.Proc {
	q := p
	for ; q.Parent != nil; q = q.Parent {
		switch q.Name() {
		case "cc1", "cc1plus", "as", "ld", "collect2", "lto1", "lto-wrapper", "f951":
		default:
			if !isFork(q) {
				return q
			}
		}
	}
	if isFork(p) {
		return q
	}
	return p
}

// usedByOthers says whether anybody but p did anything with a path.
func usedByOthers(t *trail.Trail, path string, p *trail.Proc) bool {
	for i := range t.Uses {
		if u := &t.Uses[i]; (u.Path == path || u.To == path && u.Op != event.OpSymlink) && u.Proc != p && u.Errno == "" {
			return true
		}
	}
	return false
}
