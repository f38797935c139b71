package report

import (
	"strings"

	"sydbox/event"
)

// tally counts denials and merges those that say the same. Its memory is bounded whatever a tree does: after
// maxDistinct different denials, or maxText bytes of them, further ones are only counted.
type tally struct {
	entries []*entry // in the order they were first seen
	byKey   map[key]*entry
	total   int
	beyond  int // denials without an entry
	warned  int // those of total whose call went on
	text    int // bytes in entries
}

const (
	// maxDistinct is how many different denials are told apart.
	maxDistinct = 4096
	// maxText bounds what is kept of them: a path alone may have 4 KiB, and is there as typed and as resolved.
	maxText = 4 << 20
)

// key is what makes two denials the same for a reader.
type key struct {
	op, path, program string
	rule              event.Rule
	why, call         string // for those without a path
	address           string // for those of addresses
	target            int
}

type entry struct {
	first *event.Denial
	count int
}

// add counts d. It returns the entry, or nil if there was no room for it, and whether the entry is new.
func (t *tally) add(d *event.Denial) (e *entry, isNew bool) {
	t.total++
	if d.Action == "warn" {
		t.warned++
	}
	k := key{op: d.Op, path: d.Path, rule: d.Rule}
	if len(d.Chain) > 0 {
		k.program = d.Chain[0].Name
	}
	if all := everyProcess(d); all != "" {
		k.path = all
	}
	if k.address = place(d); k.address != "" {
		k.path = "" // the path of a socket is its address
	} else if d.Path == "" {
		k.why, k.call, k.target = d.Why, d.Call, d.Target.PID
	}
	if e = t.byKey[k]; e != nil {
		e.count++
		return e, false
	}
	size := len(d.Path) + len(d.Typed) + len(d.Dir) + len(d.Why) + len(d.Address) + len(d.Host)
	if len(t.entries) == maxDistinct || t.text+size > maxText {
		t.beyond++
		return nil, false
	}
	if t.byKey == nil {
		t.byKey = make(map[key]*entry)
	}
	t.text += size
	e = &entry{first: d, count: 1}
	t.byKey[k] = e
	t.entries = append(t.entries, e)
	return e, true
}

// everyProcess is what a read below /proc/PID that no rule denied counts as, for ps asks it of every process that there
// is: "/proc/*/environ". It is empty for all else.
func everyProcess(d *event.Denial) string {
	rest, found := strings.CutPrefix(d.Path, "/proc/")
	if !found || d.Op != "read" || d.Why == "" || d.Rule != (event.Rule{}) {
		return ""
	}
	pid, entry, found := strings.Cut(rest, "/")
	if !found || strings.Trim(pid, "0123456789") != "" {
		return ""
	}
	return "/proc/*/" + entry
}
