package launch

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"sydbox/tracer/landlock"
)

// A Ruleset travels in the order as numbers: what is handled, what is scoped, and each rule.

func appendRuleset(b []byte, r *landlock.Ruleset) []byte {
	b = appendBool(b, r != nil)
	if r == nil {
		return b
	}
	b = binary.AppendUvarint(b, uint64(r.Handled))
	b = binary.AppendUvarint(b, uint64(r.Scoped))
	b = binary.AppendUvarint(b, uint64(len(r.Rules)))
	for i := range r.Rules {
		rule := &r.Rules[i]
		b = appendString(b, rule.Path)
		b = binary.AppendUvarint(b, uint64(rule.FD))
		b = binary.AppendUvarint(b, uint64(rule.Access))
	}
	b = binary.AppendUvarint(b, uint64(r.HandledNet))
	b = binary.AppendUvarint(b, uint64(len(r.Ports)))
	for _, rule := range r.Ports {
		b = binary.LittleEndian.AppendUint16(b, rule.Port)
		b = binary.AppendUvarint(b, uint64(rule.Net))
	}
	return b
}

func (d *decoder) ruleset() *landlock.Ruleset {
	if !d.bool() {
		return nil
	}
	r := &landlock.Ruleset{Handled: landlock.Access(d.uvarint()), Scoped: landlock.Scope(d.uvarint())}
	const least = 3 // a rule's three fields take a byte each
	if n := d.length(least); n > 0 {
		r.Rules = make([]landlock.Rule, n)
	}
	for i := range r.Rules {
		r.Rules[i] = landlock.Rule{Path: d.string(), FD: int(d.uvarint()), Access: landlock.Access(d.uvarint())}
	}
	r.HandledNet = landlock.Net(d.uvarint())
	const leastOfPort = 3 // two bytes and at least one
	if n := d.length(leastOfPort); n > 0 {
		r.Ports = make([]landlock.PortRule, n)
	}
	for i := range r.Ports {
		r.Ports[i] = landlock.PortRule{Port: d.uint16(), Net: landlock.Net(d.uvarint())}
	}
	return r
}

func (d *decoder) uint16() uint16 {
	if raw := d.take(2); raw != nil {
		return binary.LittleEndian.Uint16(raw)
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if d.bad || n <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func landlockHint(err error) string {
	switch err {
	case unix.EPERM:
		return `without CAP_SYS_ADMIN Landlock needs no_new_privs: leave it on, or say [harden] landlock = "preferred"`
	case unix.E2BIG:
		return `there are sixteen Landlock domains around this one already: say [harden] landlock = "preferred"`
	}
	return `to start without it, say [harden] landlock = "preferred"`
}
