package ask

import (
	"slices"
	"strings"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// attempt is what came of using a path in one way.
type attempt struct {
	use   *trail.Use
	found []string // its errors, empty for none
}

// results notes paths with which two same processes had different results: there in one, missing in the other.
func (d *differ) results() {
	for i, p := range d.sides[0].Procs {
		q := d.pair[0][i]
		if q == nil {
			continue
		}
		mine, others := d.attempts(0, p), d.attempts(1, q)
		for key, x := range mine {
			y, ok := others[key]
			if !ok || slices.ContainsFunc(x.found, func(e string) bool { return slices.Contains(y.found, e) }) {
				continue
			}
			name, _, _ := strings.Cut(key, "\x00")
			d.note(&d.Results, name+"\x00"+x.found[0]+"\x00"+y.found[0], &Difference{Kind: "result", What: show.Bytes(x.use.Path),
				when: x.use.At, A: part(x.use, result(x.found[0])), B: part(y.use, result(y.found[0]))})
		}
	}
}

func part(u *trail.Use, value string) *DiffPart {
	return &DiffPart{At: u.At, Value: show.Bytes(u.Op + ": " + value), By: actor(u.Proc, u.At)}
}

func result(errno string) string {
	if errno == "" {
		return "ok"
	}
	return errno
}

// cached says of a path that it is in a cache, where what is there depends on what was built before. Nor does the list of
// processors say anything: malloc of the GNU C library reads it when threads happen to meet (arena_get2).
func (d *differ) cached(side int, name string) bool {
	return !d.all && (d.caches[side].have(name) || name == "/sys/devices/system/cpu/online")
}

// attempts are the uses of a process by path, and by whether they change something.
func (d *differ) attempts(side int, p *trail.Proc) map[string]*attempt {
	t := d.sides[side]
	list := make(map[string]*attempt, len(p.Uses))
	for _, i := range p.Uses {
		u := &t.Uses[i]
		if d.cached(side, u.Path) || u.Errno == "EEXIST" || u.Errno == "EINTR" || u.Errno == "EAGAIN" || strings.HasPrefix(u.Path, "/proc/") {
			continue
		}
		key := d.alike[side].text(u.Path)
		switch u.Op {
		case event.OpLook, event.OpRead, event.OpList, event.OpEnter, event.OpExec:
			key += "\x00seen"
		default:
			key += "\x00" + u.Op
		}
		at := list[key]
		if at == nil {
			at = &attempt{use: u}
			list[key] = at
		}
		if !slices.Contains(at.found, u.Errno) {
			at.found = append(at.found, u.Errno)
		}
	}
	return list
}

// files notes files that were read, or written, in one recording only.
func (d *differ) files() {
	var read, written [2]map[string]*trail.Use
	for i, t := range d.sides {
		read[i], written[i] = make(map[string]*trail.Use), make(map[string]*trail.Use)
		for j := range t.Uses {
			u := &t.Uses[j]
			eachTouch(u, func(name string, sort touchSort) {
				cached := d.cached(i, name)
				name = d.alike[i].text(name)
				if cached || strings.HasPrefix(name, "/proc/") {
					return
				}
				switch {
				case sort == touchRead && read[i][name] == nil:
					read[i][name] = u
				case sort == touchWrite && written[i][name] == nil:
					written[i][name] = u
				}
			})
		}
	}
	for i := range d.sides {
		for kind, both := range map[string][2]map[string]*trail.Use{"read": read, "write": written} {
			for name, u := range both[i] {
				if both[1-i][name] == nil {
					d.file(i, kind, u)
				}
			}
		}
	}
	slices.SortStableFunc(d.Files, func(x, y *Difference) int { return strings.Compare(string(x.What), string(y.What)) })
}

func (d *differ) file(i int, kind string, u *trail.Use) {
	n := &Difference{Kind: kind, What: show.Bytes(u.Path), when: u.At}
	if u.Op == event.OpRename || u.Op == event.OpLink {
		n.What = show.Bytes(u.To)
	}
	where := &DiffPart{At: u.At, Value: show.Bytes(u.Op), By: actor(u.Proc, u.At)}
	if i == 0 {
		n.A = where
	} else {
		n.B, n.when = where, d.inA(u.Proc, u.At)
	}
	d.Files = append(d.Files, n)
}
