package event

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrUnknown is wrapped by Parse for a line of a type or schema version that this program does not know. A reader that
// only wants denials skips such lines.
var ErrUnknown = errors.New("unknown event")

// Parse reads one line of a log. Fields it does not know are ignored, as the schema may gain fields within a version.
func Parse(line []byte) (Event, error) {
	var o object
	if err := json.Unmarshal(line, &o.fields); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	if v := o.integer("v"); o.err == nil && v != Version {
		return nil, fmt.Errorf("event: schema version %d, this program reads %d: %w", v, Version, ErrUnknown)
	}
	kind := o.text("type")
	var e Event
	switch {
	case o.err != nil:
	case kind == "denial":
		e = o.denial()
	case kind == "summary":
		e = o.summary()
	case kind == "hardening":
		e = o.hardening()
	case kind == "recording":
		e = o.recording()
	case kind == "used", kind == "born", kind == "exec", kind == "net", kind == "name", kind == "signal", kind == "said",
		kind == "hint", kind == "end", kind == "finish":
		return parseLine(line)
	default:
		return nil, fmt.Errorf("event: type %q: %w", kind, ErrUnknown)
	}
	if o.err != nil {
		return nil, fmt.Errorf("event: %w", o.err)
	}
	return e, nil
}

// object reads fields by name and keeps the first error.
type object struct {
	fields map[string]json.RawMessage
	err    error
}

func (o *object) denial() *Denial {
	d := &Denial{
		Time: o.time("time"), Action: o.text("action"), Op: o.text("op"), Errno: o.text("errno"), Call: o.text("call"),
		Flags: o.text("flags"), Typed: o.text("typed"), Path: o.text("path"), Dir: o.text("dir"), PID: o.integer("pid"),
		TID: o.integer("tid"), Why: o.text("why"), Natural: o.text("natural"), Address: o.text("address"),
		Protocol: o.text("protocol"), Host: o.text("host"),
	}
	var chain []map[string]json.RawMessage
	o.get("chain", &chain)
	for _, fields := range chain {
		p := object{fields: fields, err: o.err}
		d.Chain = append(d.Chain, Process{PID: p.integer("pid"), Name: p.text("name")})
		o.err = p.err
	}
	target := object{err: o.err}
	o.get("target", &target.fields)
	d.Target = Process{PID: target.integer("pid"), Name: target.text("name")}
	if o.err == nil {
		o.err = target.err
	}
	rule := object{}
	o.get("rule", &rule.fields)
	d.Rule = Rule{Section: rule.text("section"), Action: rule.text("action"), Text: rule.text("text"),
		Source: rule.text("source"), Line: rule.integer("line"), Column: rule.integer("column")}
	if o.err == nil {
		o.err = rule.err
	}
	return d
}

func (o *object) summary() *Summary {
	s := &Summary{
		Time: o.time("time"), Command: o.texts("command"), Dir: o.text("dir"), Denials: o.integer("denials"),
		Exit: o.integer("exit"), Signal: o.text("signal"), Pinning: o.text("pinning"), Wall: o.text("wall"),
		Network: o.text("network"),
	}
	o.get("cut", &s.Cut)
	return s
}

// get decodes a field into to, which stays as it is if there is no such field.
func (o *object) get(name string, to any) {
	raw, ok := o.fields[name]
	if !ok || o.err != nil {
		return
	}
	if err := json.Unmarshal(raw, to); err != nil {
		o.err = fmt.Errorf("field %s: %w", name, err)
	}
}

func (o *object) integer(name string) (n int) {
	o.get(name, &n)
	return n
}

// text prefers the bytes of the base64 twin.
func (o *object) text(name string) (s string) {
	if raw := []byte(nil); o.fields[name+"_b64"] != nil {
		o.get(name+"_b64", &raw)
		return string(raw)
	}
	o.get(name, &s)
	return s
}

func (o *object) texts(name string) (list []string) {
	if o.fields[name+"_b64"] == nil {
		o.get(name, &list)
		return list
	}
	var twins []string
	o.get(name+"_b64", &twins)
	for _, twin := range twins {
		raw, err := base64.StdEncoding.DecodeString(twin)
		if err != nil && o.err == nil {
			o.err = fmt.Errorf("field %s_b64: %w", name, err)
		}
		list = append(list, string(raw))
	}
	return list
}

func (o *object) time(name string) (t time.Time) {
	o.get(name, &t)
	return t
}
