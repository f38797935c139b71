package policy

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// MountList is a list of [harden] of what is mounted over in the command's own mount namespace.
type MountList uint8

// The lists.
const (
	MountReadOnly MountList = iota // nothing there or below can be changed
	MountHide                      // something empty is in its place
	MountRoot                      // nothing else is there
	mountLists
)

var mountKeys = [mountLists]string{"read_only", "hide", "root"}

func (m MountList) String() string { return mountKeys[m] }

// mountEntry is a path of such a list.
type mountEntry struct {
	text string
	path string // text with its variables replaced; empty if one that is not set leaves it out
	place
}

// mountSettings are those of a document, or of a policy.
type mountSettings struct {
	level setting[string]
	lists [mountLists][]mountEntry
}

// below adds what a farther layer says: lists add up.
func (m *mountSettings) below(far *mountSettings) {
	fill(&m.level, &far.level)
	for l := range mountLists {
		m.lists[l] = append(m.lists[l], far.lists[l]...)
	}
}

// finish makes the paths of what is written: variables are replaced, and dots are taken away by the letter.
func (m *mountSettings) finish(v *vars) *Error {
	for l := range mountLists {
		for i := range m.lists[l] {
			e := &m.lists[l][i]
			if err := e.expand(v, MountList(l)); err != nil {
				return err
			}
		}
	}
	return nil
}

// escaped is a character that is meant as it is.
var escaped = regexp.MustCompile(`(?s)\\.`)

func (e *mountEntry) expand(v *vars, list MountList) *Error {
	fail := func(msg, hint string) *Error { return e.failIn(e.text, &problem{0, len(e.text), msg, hint}) }
	if strings.ContainsAny(escaped.ReplaceAllString(e.text, ""), "*?[") {
		return fail(list.String()+" names paths, and no patterns", `write \ before a character that is meant as it is`)
	}
	got, p := v.word(e.text)
	switch {
	case p != nil:
		p.off, p.width = 0, len(e.text)
		return e.failIn(e.text, p)
	case got.missing != "":
		return nil
	case !strings.HasPrefix(got.text, "/"):
		return fail("the path does not begin with a slash", `write "$PWD/`+e.text+`" for one in the working directory`)
	case strings.IndexByte(got.text, 0) >= 0:
		return fail("a path has no NUL in it", "")
	}
	e.path = path.Clean(got.text)
	if e.path == "/" && list != MountReadOnly {
		return fail("it is the root directory itself", "")
	}
	return nil
}

// paths are what a list comes to, each once.
func (m *mountSettings) paths(l MountList) (list []string) {
	for _, e := range m.lists[l] {
		if e.path != "" && !slices.Contains(list, e.path) {
			list = append(list, e.path)
		}
	}
	return list
}

// mounts reads a list.
func (d *decoder) mounts(key string, v any, l MountList) {
	d.strings(key, v, func(text string, p place) {
		m := &d.doc.settings.harden.mounts
		m.lists[l] = append(m.lists[l], mountEntry{text: text, place: p})
	})
}

// mounts writes what is mounted over.
func (s *show) mounts(m *mountSettings) {
	for l := range mountLists {
		for _, e := range m.lists[l] {
			if e.path != "" {
				s.line(fmt.Sprintf("%s = [%q]", l, e.path), fromPlace(e.place))
			}
		}
	}
	if m.level.set() {
		s.line(fmt.Sprintf("mounts = %q", m.level.value), fromPlace(m.level.place))
	}
}
