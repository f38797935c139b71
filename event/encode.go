package event

import (
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"
)

// Event is anything that can be a line: *Hardening, *Denial or *Summary of a log, the others of a recording.
type Event interface {
	// AppendJSON appends the event to b as one JSON object without a newline in or after it.
	AppendJSON(b []byte) []byte
}

// timeLayout is RFC 3339 with all nine digits, so that lines sort as text. Times are written in UTC.
const timeLayout = "2006-01-02T15:04:05.000000000Z"

// AppendJSON implements Event. Empty optional fields are left out.
func (d *Denial) AppendJSON(b []byte) []byte {
	b = appendHead(b, "denial", d.Time)
	b = appendField(b, "action", d.Action)
	b = appendField(b, "op", d.Op)
	b = appendOptional(b, "errno", d.Errno)
	b = appendOptional(b, "call", d.Call)
	b = appendOptional(b, "flags", d.Flags)
	b = appendOptional(b, "typed", d.Typed)
	b = appendOptional(b, "path", d.Path)
	b = appendOptional(b, "address", d.Address)
	b = appendOptional(b, "protocol", d.Protocol)
	b = appendOptional(b, "host", d.Host)
	if d.Target.PID != 0 {
		b = append(b, `,"target":{"pid":`...)
		b = strconv.AppendInt(b, int64(d.Target.PID), 10)
		b = appendOptional(b, "name", d.Target.Name)
		b = append(b, '}')
	}
	b = appendOptional(b, "dir", d.Dir)
	b = appendInt(b, "pid", d.PID)
	b = appendInt(b, "tid", d.TID)
	if len(d.Chain) > 0 {
		b = append(b, `,"chain":[`...)
		for i, p := range d.Chain {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"pid":`...)
			b = strconv.AppendInt(b, int64(p.PID), 10)
			b = appendField(b, "name", p.Name)
			b = append(b, '}')
		}
		b = append(b, ']')
	}
	if d.Rule != (Rule{}) {
		b = append(b, `,"rule":{"line":`...)
		b = strconv.AppendInt(b, int64(d.Rule.Line), 10)
		b = appendInt(b, "column", d.Rule.Column)
		b = appendField(b, "section", d.Rule.Section)
		b = appendField(b, "action", d.Rule.Action)
		b = appendField(b, "text", d.Rule.Text)
		b = appendField(b, "source", d.Rule.Source)
		b = append(b, '}')
	}
	b = appendOptional(b, "why", d.Why)
	b = appendOptional(b, "natural", d.Natural)
	return append(b, '}')
}

// AppendJSON implements Event.
func (s *Summary) AppendJSON(b []byte) []byte {
	b = appendHead(b, "summary", s.Time)
	b = appendInt(b, "denials", s.Denials)
	b = appendInt(b, "exit", s.Exit)
	b = appendOptional(b, "signal", s.Signal)
	b = appendOptional(b, "pinning", s.Pinning)
	b = appendOptional(b, "wall", s.Wall)
	b = appendOptional(b, "network", s.Network)
	if s.Cut != 0 {
		b = strconv.AppendUint(appendName(b, "cut", ""), s.Cut, 10)
	}
	if len(s.Command) > 0 {
		b = appendStrings(b, "command", s.Command)
	}
	b = appendOptional(b, "dir", s.Dir)
	return append(b, '}')
}

func appendHead(b []byte, kind string, t time.Time) []byte {
	b = append(b, `{"v":`...)
	b = strconv.AppendInt(b, Version, 10)
	b = append(b, `,"type":"`...)
	b = append(b, kind...)
	b = append(b, `","time":"`...)
	b = t.UTC().AppendFormat(b, timeLayout)
	return append(b, '"')
}

func appendInt(b []byte, name string, n int) []byte {
	b = appendName(b, name, "")
	return strconv.AppendInt(b, int64(n), 10)
}

func appendOptional(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	return appendField(b, name, s)
}

// appendField writes a string, and its bytes in base64 under name_b64 if they are not UTF-8: JSON has no bytes.
func appendField(b []byte, name, s string) []byte {
	b = appendName(b, name, "")
	b = appendString(b, s)
	if !utf8.ValidString(s) {
		b = appendName(b, name, "_b64")
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, []byte(s))
		b = append(b, '"')
	}
	return b
}

// appendStrings writes a list; the twin in base64 is there, whole, if any of its strings is not UTF-8.
func appendStrings(b []byte, name string, list []string) []byte {
	valid := true
	b = appendName(b, name, "")
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
		valid = valid && utf8.ValidString(s)
	}
	b = append(b, ']')
	if valid {
		return b
	}
	b = appendName(b, name, "_b64")
	for i, s := range list {
		b = append(b, "[,"[min(i, 1)], '"')
		b = base64.StdEncoding.AppendEncode(b, []byte(s))
		b = append(b, '"')
	}
	return append(b, ']')
}

func appendName(b []byte, name, suffix string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, suffix...)
	return append(b, '"', ':')
}

// appendString writes a JSON string. Whatever Quote would escape is escaped here too, so a log can be shown with
// cat(1). Bytes that are not UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\t':
			b = append(b, '\\', 't')
		case printable(r):
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			r -= 0x10000
			b = appendUnit(b, 0xd800+r>>10)
			b = appendUnit(b, 0xdc00+r&0x3ff)
		default:
			b = appendUnit(b, r)
		}
		i += size
	}
	return append(b, '"')
}

// appendUnit writes one UTF-16 code unit as JSON escapes it.
func appendUnit(b []byte, u rune) []byte {
	return append(b, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15])
}
