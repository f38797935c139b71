package ask

import (
	"strings"

	"sydbox/policy"
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
		switch {
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

// anyWords stand for whatever arguments a program has.
const anyWords = "..."

// firstWord is a pattern as the first word of a rule of [exec].
func firstWord(pattern string) string {
	return strings.NewReplacer(" ", `\ `, "\t", "\\\t", "\n", "\\\n", "'", `\'`, `"`, `\"`).Replace(pattern)
}
