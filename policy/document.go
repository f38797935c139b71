package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// document is one policy file as it is written: nothing in it is resolved or weighed yet. It never changes.
type document struct {
	src     *source
	extends []extension
	// bare: extends is there, so `build` is not added.
	bare     bool
	rules    []entry
	defaults []entry // Action is the default
	errnos   []errnoEntry
	lifted   []liftEntry
	settings settings
}

// extension is a policy that a document extends, as named there.
type extension struct {
	name  string
	place place
}

// entry is a rule or a default with its place.
type entry struct {
	section Section
	action  Action
	text    string
	place   place
}

type errnoEntry struct {
	section Section
	name    string
	place   place
}

// liftEntry is a refusal that is lifted.
type liftEntry struct {
	name  string
	place place
}

// decoder reads a document. It keeps the first error.
type decoder struct {
	doc  *document
	keys map[string]keyPlace
	err  *Error
}

// parseDocument reads a policy file.
func parseDocument(src *source) (*document, *Error) {
	d := &decoder{doc: &document{src: src}}
	if err := checkText(src); err != nil {
		return nil, err
	}
	var tree map[string]any
	if _, err := toml.Decode(src.text, &tree); err != nil {
		return nil, d.syntax(err)
	}
	d.keys = scan(src.text)
	d.top(tree)
	return d.doc, d.err
}

// checkText finds bytes that no TOML file may hold, which the library reports at the wrong place.
func checkText(src *source) *Error {
	for i := 0; i < len(src.text); {
		r, size := utf8.DecodeRuneInString(src.text[i:])
		here := place{src, span{i, i + size}}
		switch {
		case r == utf8.RuneError && size == 1:
			return here.fail("not valid TOML: a policy file must be UTF-8",
				"write `?` for each byte of a file name that is not UTF-8")
		case r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f:
			return here.fail("not valid TOML: a control character",
				fmt.Sprintf(`in a string write "\u%04x"`, r))
		}
		i += size
	}
	return nil
}

// syntax maps an error of the TOML library.
func (d *decoder) syntax(err error) *Error {
	var parse toml.ParseError
	p := place{d.doc.src, span{0, 1}}
	msg := err.Error()
	if errors.As(err, &parse) {
		p.span = span{parse.Position.Start, parse.Position.Start + max(parse.Position.Len, 1)}
		msg = strings.TrimSuffix(parse.Message, ".")
	}
	e := p.fail("not valid TOML: "+printable(msg), "")
	e.Err = err
	return e
}

// at returns the place of a key; value that of its value.
func (d *decoder) at(key string) place { return place{d.doc.src, d.keys[key].key} }

func (d *decoder) value(key string) place {
	if k := d.keys[key]; k.value != (span{}) {
		return place{d.doc.src, k.value}
	}
	return d.at(key)
}

// elem returns the place of an array's element.
func (d *decoder) elem(key string, i int) place {
	if k := d.keys[key]; i < len(k.elems) {
		return place{d.doc.src, k.elems[i]}
	}
	return d.value(key)
}

func (d *decoder) fail(p place, hint, format string, args ...any) {
	if d.err == nil {
		d.err = p.fail(fmt.Sprintf(format, args...), hint)
	}
}

// ordered lists a table's keys as they stand in the file.
func (d *decoder) ordered(table map[string]any, prefix string) []string {
	names := make([]string, 0, len(table))
	for name := range table {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if n := d.keys[prefix+a].key.off - d.keys[prefix+b].key.off; n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	return names
}

var topKeys = append([]string{"version", "extends", "syscalls", "harden", "env", "run"}, sectionNames[:]...)

func (d *decoder) top(tree map[string]any) {
	for _, name := range d.ordered(tree, "") {
		v := tree[name]
		section, isSection := SectionByName(name)
		switch {
		case isSection:
			d.section(section, d.table(name, v))
		case name == "version":
			if n, ok := v.(int64); !ok || n != 1 {
				d.fail(d.value(name), "this sydbox reads version 1", "%s is not a version that is known", d.raw(name))
			}
		case name == "extends":
			d.doc.bare = true
			d.strings(name, v, func(text string, p place) {
				d.doc.extends = append(d.doc.extends, extension{text, p})
			})
		case name == "syscalls":
			d.syscalls(d.table(name, v))
		case name == "harden":
			d.harden(d.table(name, v))
		case name == "env":
			d.env(d.table(name, v))
		case name == "run":
			d.run(d.table(name, v))
		default:
			what := "key"
			if _, isTable := v.(map[string]any); isTable {
				what = "section"
			}
			d.fail(d.at(name), didYouMean(name, topKeys), "unknown %s %q", what, name)
		}
	}
}

// raw is a value as it is written.
func (d *decoder) raw(key string) string {
	p := d.value(key)
	return printable(p.src.text[p.off:p.end])
}

// table returns v if it is a table.
func (d *decoder) table(name string, v any) map[string]any {
	t, ok := v.(map[string]any)
	if !ok {
		d.fail(d.value(name), "write ["+name+"] on a line of its own", "%q must be a table, not %s", name, typeName(v))
	}
	return t
}

// strings calls f for each string of an array.
func (d *decoder) strings(key string, v any, f func(text string, p place)) {
	name := key[strings.LastIndex(key, keySep)+1:]
	list, ok := v.([]any)
	if !ok {
		hint := ""
		if s, isString := v.(string); isString {
			hint = fmt.Sprintf("write %s = [%q]", name, s)
		}
		d.fail(d.value(key), hint, "%q must be an array of strings, not %s", name, typeName(v))
		return
	}
	for i, item := range list {
		text, ok := item.(string)
		if !ok {
			d.fail(d.elem(key, i), "", "%q must hold strings, not %s", name, typeName(item))
			return
		}
		f(text, d.elem(key, i))
	}
}

// text returns v if it is a string.
func (d *decoder) text(key string, v any) (string, bool) {
	s, ok := v.(string)
	if !ok {
		d.fail(d.value(key), "", "%q must be a string, not %s", key[strings.LastIndex(key, keySep)+1:], typeName(v))
	}
	return s, ok
}

var sectionKeys = append([]string{"default", "errno"}, actionNames[:]...)

func (d *decoder) section(s Section, table map[string]any) {
	prefix := s.String() + keySep
	for _, name := range d.ordered(table, prefix) {
		key, v := prefix+name, table[name]
		action, isAction := ActionByName(name)
		switch {
		case isAction:
			d.strings(key, v, func(text string, p place) {
				d.doc.rules = append(d.doc.rules, entry{s, action, text, p})
			})
		case name == "default":
			if text, ok := d.text(key, v); ok {
				action, known := ActionByName(text)
				if !known {
					d.fail(d.value(key), choose(text, actionNames[:]), "%q is not an action", text)
				}
				d.doc.defaults = append(d.doc.defaults, entry{s, action, "default", d.at(key)})
			}
		case name == "errno":
			if text, ok := d.text(key, v); ok {
				if errnoByName()[text] == 0 {
					d.fail(d.value(key), didYouMean(text, errnoNames()), "%q is not the name of an error", text)
				}
				d.doc.errnos = append(d.doc.errnos, errnoEntry{s, text, d.at(key)})
			}
		default:
			d.fail(d.at(key), didYouMean(name, sectionKeys), "unknown key %q in [%s]", name, s)
		}
	}
}

// choose is the hint that goes with a word that is none of a few.
func choose(got string, known []string) string {
	if hint := didYouMean(got, known); hint != "" {
		return hint
	}
	return "write one of " + strings.Join(known, ", ")
}

func typeName(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case int64:
		return "an integer"
	case float64:
		return "a float"
	case bool:
		return "a boolean"
	case time.Time:
		return "a date or time"
	case map[string]any:
		return "a table"
	case []any:
		return "an array"
	case []map[string]any:
		return "an array of tables"
	}
	return fmt.Sprintf("a %T", v)
}
