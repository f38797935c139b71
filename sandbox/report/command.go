package report

import "strings"

// maxCommand is how long a suggested command may get, in bytes, before the arguments of the program are left out.
const maxCommand = 400

// command is sydbox's command line with more flags.
func (t *Terminal) command(flags []string) string {
	words := append([]string{"sydbox", "run"}, t.o.Flags...)
	words = append(append(words, flags...), "--")
	line := shellJoin(words)
	if all := line + " " + shellJoin(t.o.Command); len(all) <= maxCommand || len(t.o.Command) < 2 {
		return all
	}
	return strings.Join([]string{line, ShellQuote(t.o.Command[0]), "…"}, " ")
}
