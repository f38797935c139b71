package event

import (
	"encoding/json"
	"time"
)

// Hardening is the first event of a run: what was set up around the command before it ran.
type Hardening struct {
	Time       time.Time
	Primitives []Primitive
}

// Primitive is one means of hardening and what came of it.
type Primitive struct {
	Name   string // as in a policy: "no_new_privs"
	Level  string // how much it is wanted: "off", "preferred", "required"
	Status string // "applied", "skipped", "failed"
	Errno  string // why it failed: "EPERM"; empty if no call said so
	Reason string // in words: why it was skipped or failed, or how much was applied; may be empty
}

// AppendJSON implements Event.
func (h *Hardening) AppendJSON(b []byte) []byte {
	b = appendHead(b, "hardening", h.Time)
	b = append(b, `,"primitives":[`...)
	for i := range h.Primitives {
		p := &h.Primitives[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"name":`...)
		b = appendString(b, p.Name)
		b = appendField(b, "level", p.Level)
		b = appendField(b, "status", p.Status)
		b = appendOptional(b, "errno", p.Errno)
		b = appendOptional(b, "reason", p.Reason)
		b = append(b, '}')
	}
	return append(b, ']', '}')
}

func (o *object) hardening() *Hardening {
	h := &Hardening{Time: o.time("time")}
	var list []map[string]json.RawMessage
	o.get("primitives", &list)
	for _, fields := range list {
		p := object{fields: fields, err: o.err}
		h.Primitives = append(h.Primitives, Primitive{Name: p.text("name"), Level: p.text("level"),
			Status: p.text("status"), Errno: p.text("errno"), Reason: p.text("reason")})
		o.err = p.err
	}
	return h
}
