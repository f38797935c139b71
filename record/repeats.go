package record

import (
	"hash/maphash"

	"sydbox/event"
	"sydbox/syscalls"
)

// repeats are lookups of a process that were told of: when the same comes again with the same result it is only
// counted. A place that another lookup needs is given up: what was counted there is told, and the other is told of and
// noted.
type repeats [repeatPlaces]repeat

// repeatPlaces is a power of two.
const repeatPlaces = 64

// repeat is a lookup and how often it came.
type repeat struct {
	key          repeatKey
	path, typed  string
	flags, errno string
	kind         string
	at, last     int64
	count        int
}

// repeatKey is what must be the same. The name is known by its hash, whose seed no process knows.
type repeatKey struct {
	call    *syscalls.Call
	name    uint64
	args    uint64 // flags and errno
	changes int    // of canon: the name may lead elsewhere since
}

var seed = maphash.MakeSeed()

// hashOf stands for all that is the same of a lookup whose result the kernel gave.
func hashOf(u *event.Used) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, s := range [...]string{u.Path, u.Typed, u.Flags, u.Errno} {
		_, _ = h.WriteString(s)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// again counts a lookup that was told of: false if it was not.
func (p *process) again(r *recorder, key *repeatKey) bool {
	if p.repeats == nil {
		return false
	}
	e := &p.repeats[key.name%repeatPlaces]
	if e.key != *key {
		return false
	}
	e.count++
	e.last = r.now()
	return true
}

// note remembers a lookup that was just told of.
func (p *process) note(r *recorder, key *repeatKey, u *event.Used) {
	if p.repeats == nil {
		if n := len(r.tables); n > 0 {
			p.repeats, r.tables = r.tables[n-1], r.tables[:n-1]
		} else {
			p.repeats = new(repeats)
		}
	}
	e := &p.repeats[key.name%repeatPlaces]
	before := *e
	*e = repeat{
		key: *key, path: u.Path, typed: u.Typed, flags: u.Flags, errno: u.Errno, kind: u.Kind, at: u.At, count: 1,
	}
	before.tell(r, p) // it uses u's place
}

// tell writes what was counted.
func (e *repeat) tell(r *recorder, p *process) {
	if e.count < 2 {
		return
	}
	r.line = event.Used{
		At: e.at, ID: p.id, Op: event.OpLook, Path: e.path, Typed: e.typed, Call: e.key.call.Name, Flags: e.flags,
		Errno: e.errno, Kind: e.kind, Last: e.last, Count: e.count,
	}
	r.judge(p, &r.line)
	r.emit(&r.line)
}

// tellRepeats writes all that was counted of a process, before it becomes another program or ends.
func (r *recorder) tellRepeats(p *process) {
	if p.repeats == nil {
		return
	}
	for i := range p.repeats {
		if e := &p.repeats[i]; e.key.call != nil {
			e.tell(r, p)
			*e = repeat{}
		}
	}
	r.tables = append(r.tables, p.repeats)
	p.repeats = nil
}
