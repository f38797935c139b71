package page

import (
	"slices"
	"strings"

	"sydbox/event"
	"sydbox/record/trail"
)

// kind is what many uses have in common. Op "run" is an exec that succeeded.
type kind struct {
	Op, Errno, Type, Denied string
	// To: the path is followed by another, the new name.
	To       bool
	Injected bool
}

// uses returns what a process did with paths, as one row of numbers. Each use is the time since the one before, the
// number of its kind and the path's number; then the second path's if its kind has one. A negative number of a kind n
// stands for -n-1 and means that a count comes last: the same came again. What came again is told once, at its first.
func (b *builder) uses(p *trail.Proc) []int64 {
	type key struct{ kind, path, to int }
	type folded struct {
		key
		at    int64
		count int64
	}
	var list []folded
	place := make(map[key]int)
	add := func(at int64, k kind, path, to string, count int64) {
		u := key{b.kind(k), b.path(path), 0}
		if k.To {
			u.to = b.path(to)
		}
		if i, ok := place[u]; ok {
			list[i].count += count
			return
		}
		place[u] = len(list)
		list = append(list, folded{u, micro(at), count})
	}
	for _, e := range p.Execs {
		add(e.At, kind{Op: "run"}, e.Path, "", 1)
		if e.Script != "" {
			add(e.At, kind{Op: "run"}, e.Script, "", 1)
		}
	}
	for _, i := range p.Uses {
		u := &b.trail.Uses[i]
		k := kind{Op: u.Op, Errno: optional(u.Errno), Type: optional(u.Kind), Denied: optional(u.Denied),
			Injected: u.Injected}
		k.To = u.Op == event.OpRename || u.Op == event.OpLink
		add(u.At, k, u.Path, u.To, int64(max(u.Count, 1)))
	}
	slices.SortStableFunc(list, func(a, b folded) int { return int(min(max(a.at-b.at, -1), 1)) })
	row := make([]int64, 0, 3*len(list))
	at := micro(p.Born)
	for _, u := range list {
		k := int64(u.kind)
		if u.count > 1 {
			k = -k - 1
		}
		row = append(row, u.at-at, k, int64(u.path))
		at = u.at
		if b.out.Kinds[u.kind].To {
			row = append(row, int64(u.to))
		}
		if u.count > 1 {
			row = append(row, u.count)
		}
	}
	return row
}

// optional is event.Quote, but that nothing stays nothing.
func optional(s string) string {
	if s == "" {
		return ""
	}
	return event.Quote(s)
}

func (b *builder) kind(k kind) int {
	n, ok := b.kinds[k]
	if !ok {
		n = len(b.out.Kinds)
		b.kinds[k] = n
		b.out.Kinds = append(b.out.Kinds, k)
	}
	return n
}

func (b *builder) path(p string) int {
	n := b.paths.number(p)
	if n == len(b.places) {
		b.places = append(b.places, b.place(p))
	}
	return n
}

// place says where a path is: 'i' in the directory that the command was started in, 't' for temporary files, 'k' for
// what the kernel makes up, 'o' outside, which is all else.
func (b *builder) place(path string) byte {
	switch {
	case below(path, b.trail.Head.Dir):
		return 'i'
	case below(path, "/tmp"), below(path, "/var/tmp"), below(path, "/dev/shm"):
		return 't'
	case below(path, "/proc"), below(path, "/sys"), below(path, "/dev"), !strings.HasPrefix(path, "/"):
		return 'k'
	}
	return 'o'
}

func below(path, dir string) bool {
	return dir != "" && strings.HasPrefix(path, dir) && (len(path) == len(dir) || dir == "/" || path[len(dir)] == '/')
}
