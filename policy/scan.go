package policy

import "strings"

// The TOML library decodes values but does not say where they stood. This scanner finds the places again. It reads
// only text that the library has accepted, so it knows the shape of TOML and not its rules; whatever it is given, it ends,
// and every place lies in the text.

// keyPlace says where a key and its value stand.
type keyPlace struct {
	key   span
	value span   // zero for a table
	elems []span // of an array
}

// keySep joins the parts of a key: no TOML key can hold it unescaped, and ours hold none at all.
const keySep = "\x00"

// scanner walks over a text. keys has the first place of every key by its parts, joined with keySep.
type scanner struct {
	text string
	at   int
	keys map[string]keyPlace
}

// scan finds the keys of a document.
func scan(text string) map[string]keyPlace {
	s := &scanner{text: text, keys: make(map[string]keyPlace)}
	table := ""
	for s.space(); s.at < len(s.text); s.space() {
		if s.text[s.at] == '[' {
			table = s.header()
		} else {
			s.pair(table)
		}
	}
	return s.keys
}

// peek is the present byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// space skips blanks, newlines and comments.
func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		case '#':
			n := strings.IndexByte(s.text[s.at:], '\n')
			if n < 0 {
				n = len(s.text) - s.at
			}
			s.at += n
		default:
			return
		}
	}
}

// header reads [a.b] or [[a.b]] and returns the table's key.
func (s *scanner) header() string {
	for s.peek() == '[' {
		s.at++
	}
	key := s.key("")
	s.space()
	for s.peek() == ']' {
		s.at++
	}
	return key
}

// pair reads key = value; table is the key of the table it is in.
func (s *scanner) pair(table string) {
	start := s.at
	key := s.key(table)
	s.space()
	if s.peek() == '=' {
		s.at++
		s.space()
	}
	place := s.keys[key]
	if from := s.at; place.value == (span{}) {
		place.elems = s.value(key)
		place.value = span{from, s.at}
		s.keys[key] = place
	} else {
		s.value(key)
	}
	if s.at == start { // not TOML
		s.at++
	}
}

// key reads a key, dotted or not, below table, and notes each of its parts.
func (s *scanner) key(table string) string {
	for {
		s.space()
		from := s.at
		var part string
		switch c := s.peek(); c {
		case '"', '\'':
			s.quoted()
			part = unquoteKey(s.text[from:s.at])
		default:
			for s.at < len(s.text) && !strings.ContainsRune(".=]}#\"' \t\r\n", rune(s.text[s.at])) {
				s.at++
			}
			part = s.text[from:s.at]
		}
		if table != "" {
			table += keySep
		}
		table += part
		if _, known := s.keys[table]; !known {
			s.keys[table] = keyPlace{key: span{from, s.at}}
		}
		s.space()
		if s.peek() != '.' {
			return table
		}
		s.at++
	}
}

// value reads a value and returns the places of an array's elements. Inline tables note their keys below key.
func (s *scanner) value(key string) (elems []span) {
	switch s.peek() {
	case '"', '\'':
		s.quoted()
	case '[':
		s.at++
		for s.list(']') {
			from := s.at
			s.value(key)
			if s.at == from { // not TOML
				s.at++
			}
			elems = append(elems, span{from, s.at})
		}
	case '{':
		s.at++
		for s.list('}') {
			s.pair(key)
		}
	default:
		from := s.at
		for s.at < len(s.text) && !strings.ContainsRune(",]}#\n", rune(s.text[s.at])) {
			s.at++
		}
		s.at = from + len(strings.TrimRight(s.text[from:s.at], " \t\r"))
	}
	return elems
}

// list goes to the next element of a bracketed list; at its end it skips the bracket and returns false.
func (s *scanner) list(end byte) bool {
	for s.space(); s.peek() == ','; s.space() {
		s.at++
	}
	if s.at >= len(s.text) {
		return false
	}
	if s.text[s.at] == end {
		s.at++
		return false
	}
	return true
}

// quoted skips a string of any of the four kinds.
func (s *scanner) quoted() {
	quote := s.text[s.at : s.at+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(s.text[s.at:], triple) {
		quote = triple
	}
	s.at += len(quote)
	for s.at < len(s.text) {
		switch {
		case quote[0] == '"' && s.text[s.at] == '\\':
			s.at = min(s.at+2, len(s.text))
		case strings.HasPrefix(s.text[s.at:], quote):
			s.at += len(quote)
			// Up to two quotes may stand directly before the closing three.
			for len(quote) == 3 && s.peek() == quote[0] {
				s.at++
			}
			return
		case len(quote) == 1 && s.text[s.at] == '\n': // not TOML
			return
		default:
			s.at++
		}
	}
}

// unquoteKey returns a quoted key's text. Escapes are left alone: a key of ours needs none, and others only need a
// place to be unknown at.
func unquoteKey(quoted string) string {
	return strings.Trim(quoted, quoted[:1])
}
