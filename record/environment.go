package record

import "strings"

// environment is what a program was given: "NAME=value" each.
type environment struct {
	list  []string
	names map[string]string
}

func newEnvironment(list []string) *environment {
	e := &environment{list: list, names: make(map[string]string, len(list))}
	for _, v := range list {
		name, value, _ := strings.Cut(v, "=")
		e.names[name] = value
	}
	return e
}

// firstEnv is the environment that the recording's first line has.
func (r *recorder) firstEnv() *environment { return newEnvironment(r.cmd.Env) }

func readEnvironment(pid int) *environment { return newEnvironment(readList(entry(pid, "environ"))) }

// against returns the changes since an earlier one.
func (e *environment) against(before *environment) (set, unset []string) {
	if before == nil {
		return e.list, nil
	}
	for _, v := range e.list {
		name, value, _ := strings.Cut(v, "=")
		if had, ok := before.names[name]; !ok || had != value {
			set = append(set, v)
		}
	}
	for _, v := range before.list {
		name, _, _ := strings.Cut(v, "=")
		if _, ok := e.names[name]; !ok {
			unset = append(unset, name)
		}
	}
	return set, unset
}
