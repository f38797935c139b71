package ask

import "sydbox/policy/program"

// identityOf is what rules of [exec] judge of a recorded program: its file, the names it was called by, and the script
// that it runs. What only its content tells (a copy of another program) is not recorded.
func identityOf(n *demand) *program.Identity {
	x := n.exec
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
	if n.path == x.Script {
		name(x.Script, program.Script, true)
		return id
	}
	for i, applet := range x.Names {
		name(applet, program.Applet, i == 0)
	}
	name(x.Typed, program.Typed, len(x.Names) == 0)
	name(x.Path, program.Canonical, len(x.Names) == 0 || x.Typed == "")
	return id
}
