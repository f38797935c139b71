package ask

import (
	"strings"

	"sydbox/policy"
	"sydbox/policy/program"
)

// programs makes the grants for programs: those of the source by its directory, all others by name.
func (g *gatherer) programs(list []*demand) (grants []*grant) {
	for _, n := range list {
		x := &grant{section: "exec", action: "allow"}
		name := actsAs(n.id)
		if name == "" {
			name = n.path
		}
		at, whole := g.top(name)
		container := containerOf(n.id)
		switch {
		case container != nil:
			x.rule = firstWord(literalPattern(string(container.Text))) + " " + firstWord(string(container.Args[0])) + " " + anyWords
		case !strings.HasPrefix(name, "/"):
			x.rule = policy.ExecRule(name)
		case isOrIn(name, g.pwd) && g.pwd != "/":
			x.rule = "$PWD " + anyWords
		case whole:
			x.rule = firstWord(strings.Join(g.parts(at, false), "/")) + " " + anyWords
		default:
			x.rule = firstWord(literalPattern(name)) + " " + anyWords
		}
		grants = add(grants, x, n)
	}
	return grants
}

// containerOf is the name of a multi-call binary whose first argument is the applet; nil if it was run by an applet's name.
// A rule on the applet would not do for a shell: that runs others without an exec.
func containerOf(id *program.Identity) *program.Name {
	for i := range id.Names {
		if n := &id.Names[i]; n.How == program.Container && len(n.Args) > 0 {
			return n
		}
	}
	return nil
}

// anyWords stand for whatever arguments a program has.
const anyWords = "..."

// firstWord is a pattern as the first word of a rule of [exec].
func firstWord(pattern string) string {
	return strings.NewReplacer(" ", `\ `, "\t", "\\\t", "\n", "\\\n", "'", `\'`, `"`, `\"`).Replace(pattern)
}
