package policy

import (
	"fmt"
	"strings"
)

// componentKind is how a component of a pattern matches.
type componentKind uint8

const (
	compLiteral componentKind = iota // this text
	compGlob                         // a component with wildcards
	compStar                         // `*`: any one component
	compDeep                         // `**`: any number of components, none too
	compTree                         // the PID of a process of the tree, in /proc
)

// component is a part of a pattern between slashes.
type component struct {
	kind componentKind
	text string // compLiteral
	glob *glob  // compGlob
	at   int    // its offset in the pattern's text
}

// pattern is a parsed pattern: what it matches is a whole path, and all below that unless it ends in `/.`.
type pattern struct {
	comps []component
	// stdio: it is $STDIO, and has no components.
	stdio bool
	// self: it ended in `/.` and matches nothing below.
	self bool
	// leftOut names the variable that is unset, where the policy says that the rule then does not count.
	leftOut string
}

// parsePattern parses a pattern. With relative it may start without a slash: it is then joined to the working directory,
// and may begin with `..`, which is exact because a working directory has no symbolic links in it.
func parsePattern(text string, v *vars, relative bool) (*pattern, *problem) {
	l := &lexer{text: text, vars: v}
	p := &pattern{}
	name, rest, isReserved := reserved(text)
	// Not on the command line, where a shell's user may type `dir/.` for the directory and what is in it.
	p.self = !relative && strings.HasSuffix(text, "/.")
	relative = relative && !rooted(text)
	switch {
	case isReserved && name == stdioVar:
		if rest != "" {
			return nil, &problem{len(text) - len(rest), len(rest), "nothing can follow $STDIO", ""}
		}
		return &pattern{stdio: true}, nil
	case isReserved:
		if rest != "" && rest[0] != '/' {
			return nil, &problem{len(text) - len(rest), len(rest), "only a slash can follow $TREE",
				`write "$TREE" or "$TREE/fd"`}
		}
		p.comps = []component{{kind: compLiteral, text: "proc"}, {kind: compTree}}
		l.i = len(text) - len(rest)
	case relative && text != "":
		p.comps = literalComponents(v.cwd)
	default:
		if pr := l.start(); pr != nil {
			return nil, pr
		}
	}
	if pr := l.rest(); pr != nil {
		return nil, pr
	}
	if l.missing != "" {
		return &pattern{leftOut: l.missing}, nil
	}
	if pr := p.build(l.tokens, relative); pr != nil {
		return nil, pr
	}
	if len(p.comps) > 1 && p.comps[0].is("proc") && (p.comps[1].is("self") || p.comps[1].is("thread-self")) {
		return nil, &problem{0, len(text), "/proc/" + p.comps[1].text + " is another directory for every process",
			`write "$TREE" for the /proc/PID of all processes in the sandbox`}
	}
	return p, nil
}

// reserved takes $TREE or $STDIO off the beginning of text.
func reserved(text string) (name, rest string, ok bool) {
	if !strings.HasPrefix(text, "$") {
		return "", "", false
	}
	ref, p := parseReference(text, 0)
	if p != nil || ref.hasWord || ref.name != treeVar && ref.name != stdioVar {
		return "", "", false
	}
	return ref.name, text[ref.end:], true
}

// rooted says that text starts as a pattern of a file must.
func rooted(text string) bool {
	return text != "" && strings.IndexByte("/$~", text[0]) >= 0 || text == "**" || strings.HasPrefix(text, "**/")
}

// literalComponents splits a path. Nothing in it is a wildcard.
func literalComponents(path string) []component {
	var comps []component
	for part := range strings.SplitSeq(path, "/") {
		if part != "" && part != "." {
			comps = append(comps, component{kind: compLiteral, text: part})
		}
	}
	return comps
}

// build appends the components that the tokens spell.
func (p *pattern) build(tokens []token, relative bool) *problem {
	typed := 0 // components that stay below the working directory
	for len(tokens) > 0 {
		n := 0
		for n < len(tokens) && tokens[n].kind != slash {
			n++
		}
		part := tokens[:n]
		tokens = tokens[min(n+1, len(tokens)):]
		c, pr := newComponent(part)
		switch {
		case pr != nil:
			return pr
		case c.is("") || c.is("."):
		case c.is(".."):
			if !relative || typed > 0 {
				return &problem{c.at, part[n-1].at + 1 - c.at, "`..` cannot be part of a pattern",
					"write the path that it leads to"}
			}
			p.comps = p.comps[:max(len(p.comps)-1, 0)]
		default:
			typed++
			if c.kind != compDeep || len(p.comps) == 0 || p.comps[len(p.comps)-1].kind != compDeep {
				p.comps = append(p.comps, c)
			}
		}
	}
	// What a pattern matches includes all below, so a `**` at the end says nothing.
	if p.self {
		return nil
	}
	if n := len(p.comps); n > 0 && p.comps[n-1].kind == compDeep {
		p.comps = p.comps[:n-1]
	}
	return nil
}

func newComponent(part []token) (component, *problem) {
	if len(part) == 0 {
		return component{}, nil
	}
	c := component{at: part[0].at}
	wild := false
	for i, t := range part {
		wild = wild || t.kind != literal
		if t.kind == star && i > 0 && part[i-1].kind == star && len(part) != 2 {
			return c, &problem{part[i-1].at, 2, "`**` must stand alone between slashes",
				"write `*` for any text within a component, `**/` for any directories"}
		}
	}
	switch {
	case !wild:
		c.text = literalText(part)
	case len(part) == 1 && part[0].kind == star:
		c.kind = compStar
	case len(part) == 2 && part[0].kind == star && part[1].kind == star:
		c.kind = compDeep
	default:
		c.kind, c.glob = compGlob, newGlob(part)
	}
	return c, nil
}

// is says that the component is this literal text; the empty text is a component that is not there.
func (c *component) is(text string) bool { return c.kind == compLiteral && c.text == text }

// literals is how many components the pattern starts with that have no wildcard.
func (p *pattern) literals() int {
	n := 0
	for n < len(p.comps) && p.comps[n].kind == compLiteral {
		n++
	}
	return n
}

// String is the pattern with its variables expanded, for people.
func (p *pattern) String() string {
	switch {
	case p.stdio:
		return "what was open as 0, 1 or 2 at the start"
	case len(p.comps) == 0 && p.self:
		return "/."
	case len(p.comps) == 0:
		return "/"
	}
	var b strings.Builder
	for i, c := range p.comps {
		if i > 0 || c.kind != compDeep {
			b.WriteByte('/')
		}
		b.WriteString(c.String())
	}
	if p.self {
		b.WriteString("/.")
	}
	return b.String()
}

// String spells the glob as a pattern.
func (g *glob) String() string {
	var b strings.Builder
	for _, t := range g.tokens {
		switch t.kind {
		case literal:
			b.WriteString(escape(string([]byte{t.b})))
		case any1:
			b.WriteByte('?')
		case star:
			b.WriteByte('*')
		case class:
			b.WriteString(t.set.String())
		}
	}
	return b.String()
}

// String spells the set as a class.
func (b *byteSet) String() string {
	set, negated := *b, ""
	if b.has(0) {
		set.invert()
		negated = "!"
	}
	var text strings.Builder
	for c := 1; c < 256; c++ {
		end := c
		for end < 255 && set.has(byte(c)) && set.has(byte(end+1)) {
			end++
		}
		if set.has(byte(c)) {
			text.WriteString(classByte(byte(c)))
			if end > c {
				fmt.Fprintf(&text, "-%s", classByte(byte(end)))
			}
		}
		c = end
	}
	return "[" + negated + text.String() + "]"
}

func classByte(c byte) string {
	if strings.IndexByte(`!^-[]\`, c) >= 0 {
		return `\` + string(c)
	}
	return string([]byte{c})
}

// Escape returns a pattern that matches path and nothing else (and all below it).
func Escape(path string) string {
	escaped := escape(path)
	if strings.HasPrefix(path, "~") {
		return `\` + escaped
	}
	return escaped
}

func escape(s string) string {
	if !strings.ContainsAny(s, "*?[\\${") {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte("*?[\\${", s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
