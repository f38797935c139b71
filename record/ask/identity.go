package ask

import (
	"sydbox/event"
	"sydbox/policy/program"
)

// Identify says what a recorded program is called, of which its file tells most. It returns nil if it cannot: the file
// may be gone.
type Identify func(x *event.Executed) *program.Identity

// identityOf is what the recording itself tells: the file, the names that it was called by, the script that it runs.
func identityOf(x *event.Executed) *program.Identity {
	var args [][]byte
	for i, word := range x.Argv {
		if i > 0 {
			args = append(args, []byte(word))
		}
	}
	id := new(program.Identity)
	name := func(text string, how program.How, runs bool) {
		if text != "" {
			id.Names = append(id.Names, program.Name{Text: []byte(text), Args: args, How: how, Runs: runs})
		}
	}
	name(x.Script, program.Script, true)
	for i, applet := range x.Names {
		name(applet, program.Applet, i == 0 && x.Script == "")
	}
	name(x.Typed, program.Typed, false)
	name(x.Path, program.Canonical, len(x.Names) == 0 && x.Script == "")
	return id
}

// actsAs is the name of what finally runs, by which a rule may allow it: a script by its path, a program by its file,
// or by the name that it acts on.
func actsAs(id *program.Identity) (name string) {
	for i := range id.Names {
		n := &id.Names[i]
		switch {
		case !n.Runs || n.Unsure || n.How == program.InProcess:
		case n.How == program.Script:
			return string(n.Text)
		case name == "" || n.How == program.Canonical:
			name = string(n.Text)
		}
	}
	return name
}
