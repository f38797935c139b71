package record

import (
	"hash/maphash"
	"strings"
)

// environment is what a program was given. Equal ones are one: most programs have what their parent had.
type environment struct {
	hash uint64
	text string // NUL-terminated "NAME=value"
	list []string
	// had are its variables whole, and named by their names: made when it is first compared with another.
	had, named map[string]struct{}
}

func newEnvironment(text string, hash uint64) *environment {
	e := &environment{hash: hash, text: text}
	if text != "" {
		e.list = strings.Split(strings.TrimSuffix(text, "\x00"), "\x00")
	}
	return e
}

// environments are those that programs have had. When there are too many of them it begins anew.
type environments map[uint64]*environment

const environmentsMax = 1024

// of returns the environment of that text.
func (list environments) of(text []byte) *environment {
	hash := maphash.Bytes(seed, text)
	if e := list[hash]; e != nil {
		return e
	}
	if len(list) >= environmentsMax {
		clear(list)
	}
	e := newEnvironment(string(text), hash)
	list[hash] = e
	return e
}

// first is the environment that the recording's first line has.
func (list environments) first(env []string) *environment {
	var text []byte
	for _, v := range env {
		text = append(append(text, v...), 0)
	}
	return list.of(text)
}

// against returns the changes since an earlier one.
func (e *environment) against(before *environment) (set, unset []string) {
	if e == before || before == nil {
		return nil, nil
	}
	e.index()
	before.index()
	for _, v := range e.list {
		if _, same := before.had[v]; !same {
			set = append(set, v)
		}
	}
	for _, v := range before.list {
		if name := nameOf(v); !has(e.named, name) {
			unset = append(unset, name)
		}
	}
	return set, unset
}

func (e *environment) index() {
	if e.had != nil {
		return
	}
	e.had, e.named = make(map[string]struct{}, len(e.list)), make(map[string]struct{}, len(e.list))
	for _, v := range e.list {
		e.had[v] = struct{}{}
		e.named[nameOf(v)] = struct{}{}
	}
}

func nameOf(variable string) string {
	name, _, _ := strings.Cut(variable, "=")
	return name
}

func has(set map[string]struct{}, name string) bool {
	_, ok := set[name]
	return ok
}
