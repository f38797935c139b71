package ask

import (
	"regexp"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// Interpreters that list the directories of their modules ask for no file that is not there: what they miss they only
// say. So does node where no directory node_modules is.

// toldModules find the module in the words of Python and node.
var toldModules = []*regexp.Regexp{
	regexp.MustCompile(`(?m)^(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)`),
	regexp.MustCompile(`(?m)(?:^|: )Cannot find (?:module|package) '([^'\n]+)'`),
}

// toldBy lists the modules that a process said it had not found, each once.
func toldBy(p *trail.Proc) (list []string) {
	known := make(map[string]bool)
	for _, words := range toldModules {
		for _, found := range words.FindAllStringSubmatch(p.Said+p.Lost, -1) {
			if name := found[1]; !known[name] {
				known[name] = true
				list = append(list, name)
			}
		}
	}
	return list
}

// addTold adds what only words tell of.
func (a *MissingAnswer) addTold(t *trail.Trail, options MissingOptions) {
	type key struct{ name, program string }
	known := make(map[key]*MissingName)
	for _, m := range a.Names {
		known[key{string(m.Name), string(m.Program)}] = m
	}
	for _, p := range t.Procs {
		program := p.Name()
		if options.Below != nil && !within(p, options.Below) || options.Program != "" && !glob(options.Program, program) {
			continue
		}
		for _, name := range toldBy(p) {
			k := key{name, program}
			m := known[k]
			if m == nil {
				m = &MissingName{Kind: seekModule, Name: show.Bytes(name), Program: show.Bytes(program), At: p.Died,
					First: processAt(p, 1<<62), procs: make(map[int]bool)}
				known[k] = m
				a.Names = append(a.Names, m)
			}
			if !m.procs[p.ID] {
				m.procs[p.ID] = true
				m.Processes++
			}
		}
	}
}
