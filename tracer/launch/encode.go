package launch

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"

	"sydbox/tracer/landlock"
)

// The plan travels as a length-prefixed record: a format without reflection, because the shim's start-up is part of
// every run. Numbers are uvarints, strings and lists carry their length.

// order is what the target needs of a Plan: the rest has been applied by the fork.
type order struct {
	path, dir  string
	args, env  []string
	inherit    bool
	close      Level
	keep       []int
	noNewPrivs Level
	noCore     bool
	drop       uint64
	dropAll    Level
	setUmask   bool
	umask      uint32
	filter     []unix.SockFilter
	listener   bool
	// What is mounted over, where the shim is in a mount namespace.
	readOnly, hide, root []string
	links                []link
	mountLevel           Level

	landlock      *landlock.Ruleset
	landlockLevel Level
}

func (p *Plan) order() *order {
	return &order{
		path: p.Path, dir: p.Dir, args: p.Args, env: p.Env,
		inherit: p.InheritFDs, close: p.Descriptors, keep: p.KeepFDs, noNewPrivs: p.NoNewPrivs, noCore: p.NoCore,
		drop: p.Drop, dropAll: p.DropAll, setUmask: p.SetUmask, umask: p.Umask,
		filter: p.Filter, listener: p.Listener, mountLevel: p.MountLevel,
		landlock: p.Landlock, landlockLevel: p.LandlockLevel,
	}
}

// encode appends the order to b.
func (o *order) encode(b []byte) []byte {
	b = appendString(b, o.path)
	b = appendString(b, o.dir)
	b = appendStrings(b, o.args)
	b = appendStrings(b, o.env)
	b = appendBool(b, o.inherit)
	b = append(b, byte(o.close))
	b = binary.AppendUvarint(b, uint64(len(o.keep)))
	for _, fd := range o.keep {
		b = binary.AppendUvarint(b, uint64(fd))
	}
	b = append(b, byte(o.noNewPrivs))
	b = appendBool(b, o.noCore)
	b = binary.AppendUvarint(b, o.drop)
	b = append(b, byte(o.dropAll))
	b = appendBool(b, o.setUmask)
	b = binary.AppendUvarint(b, uint64(o.umask))
	// An empty filter is not the same as none: installing it fails, as it must.
	b = appendBool(b, o.filter != nil)
	b = binary.AppendUvarint(b, uint64(len(o.filter)))
	for _, f := range o.filter {
		b = binary.LittleEndian.AppendUint16(b, f.Code)
		b = append(b, f.Jt, f.Jf)
		b = binary.LittleEndian.AppendUint32(b, f.K)
	}
	b = appendBool(b, o.listener)
	b = appendStrings(b, o.readOnly)
	b = appendStrings(appendStrings(b, o.hide), o.root)
	words := make([]string, 0, 2*len(o.links))
	for _, l := range o.links {
		words = append(words, l.at, l.to)
	}
	b = append(appendStrings(b, words), byte(o.mountLevel))
	return append(appendRuleset(b, o.landlock), byte(o.landlockLevel))
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendStrings(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendString(b, s)
	}
	return b
}

var errTruncated = errors.New("the plan is truncated or garbled")

// decode is the inverse of encode. Everything in b must be used up.
func decode(b []byte) (*order, error) {
	d := decoder{b: b}
	o := &order{path: d.string(), dir: d.string(), args: d.strings(), env: d.strings()}
	o.inherit = d.bool()
	o.close, o.keep = Level(d.byte()), d.numbers()
	o.noNewPrivs = Level(d.byte())
	o.noCore = d.bool()
	o.drop, o.dropAll = d.uvarint(), Level(d.byte())
	o.setUmask, o.umask = d.bool(), uint32(d.uvarint())
	filtered := d.bool()
	if filter := d.filter(); filtered {
		o.filter = filter
	}
	o.listener = d.bool()
	o.readOnly, o.hide, o.root = d.paths(), d.paths(), d.paths()
	words := d.paths()
	for ; len(words) > 1; words = words[2:] {
		o.links = append(o.links, link{words[0], words[1]})
	}
	o.mountLevel = Level(d.byte())
	o.landlock, o.landlockLevel = d.ruleset(), Level(d.byte())
	if d.bad || len(d.b) != 0 {
		return nil, errTruncated
	}
	return o, nil
}

func (d *decoder) numbers() []int {
	var list []int
	for range d.length(1) {
		list = append(list, int(d.uvarint()))
	}
	return list
}

func (d *decoder) filter() []unix.SockFilter {
	const size = 8
	filter := make([]unix.SockFilter, d.length(size))
	for i := range filter {
		raw := d.take(size)
		if raw == nil {
			break
		}
		filter[i] = unix.SockFilter{
			Code: binary.LittleEndian.Uint16(raw), Jt: raw[2], Jf: raw[3], K: binary.LittleEndian.Uint32(raw[4:]),
		}
	}
	return filter
}

type decoder struct {
	b   []byte
	bad bool
}

// take returns the next n bytes, nil if there are fewer.
func (d *decoder) take(n int) []byte {
	if d.bad || n > len(d.b) {
		d.bad = true
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) byte() byte {
	if raw := d.take(1); raw != nil {
		return raw[0]
	}
	return 0
}

func (d *decoder) bool() bool { return d.byte() == 1 }

// length reads a count of things that take at least size bytes each, so that a garbled one cannot ask for much memory.
func (d *decoder) length(size int) int {
	v, n := binary.Uvarint(d.b)
	if d.bad || n <= 0 || v > uint64(len(d.b)-n)/uint64(size) {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return int(v)
}

func (d *decoder) string() string { return string(d.take(d.length(1))) }

func (d *decoder) strings() []string {
	list := make([]string, d.length(1))
	for i := range list {
		list[i] = d.string()
	}
	return list
}

// paths reads a list that is nil if there are none.
func (d *decoder) paths() []string {
	if list := d.strings(); len(list) > 0 {
		return list
	}
	return nil
}
