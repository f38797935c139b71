package show

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"reflect"
	"unicode/utf8"
)

// Bytes is a string that a tracee chose. In JSON it is a string, or where it is not UTF-8 an object {"b64": "..."}.
type Bytes string

// MarshalJSON implements json.Marshaler.
func (b Bytes) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(b)) {
		return json.Marshal(string(b))
	}
	return json.Marshal(map[string]string{"b64": base64.StdEncoding.EncodeToString([]byte(b))})
}

// JSON writes an answer for programs, indented. Whatever a terminal might obey is escaped. Lists in what answer points to
// are written as [] if they are nil.
func JSON(w io.Writer, answer any) error {
	fillLists(reflect.ValueOf(answer))
	text, err := json.MarshalIndent(answer, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(escape(text), '\n'))
	return err
}

// escape writes every character of a JSON text that is not printable ASCII or plainly printable as \u.
func escape(text []byte) []byte {
	const hex = "0123456789abcdef"
	out := make([]byte, 0, len(text))
	unit := func(u rune) { out = append(out, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15]) }
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == '\n' || r >= 0x20 && r != 0x7f && (r < 0x80 || Q(string(r)) == string(r)):
			out = append(out, text[i:i+size]...)
		case r > 0xffff:
			r -= 0x10000
			unit(0xd800 + r>>10)
			unit(0xdc00 + r&0x3ff)
		default:
			unit(r)
		}
		i += size
	}
	return out
}

// Strings makes Bytes of a list.
func Strings(list []string) []Bytes {
	out := make([]Bytes, len(list))
	for i, s := range list {
		out[i] = Bytes(s)
	}
	return out
}
