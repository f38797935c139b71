package policy

import (
	"fmt"
	"slices"
	"strings"
)

// lexer turns a pattern's text into tokens. i is where it is.
type lexer struct {
	text    string
	vars    *vars
	i       int
	tokens  []token
	missing string // the variable that leaves the rule out
}

// rootedHint says what to write instead of a relative path, with the scheme of an address or none before it.
func rootedHint(scheme, text string) string {
	if slices.Contains(strings.Split(text, "/"), "..") {
		return "write the path that it leads to, from `/` on"
	}
	return fmt.Sprintf("write %q for that name below the working directory, %q for it anywhere",
		scheme+"$PWD/"+text, scheme+"**/"+text)
}

// start reads what a pattern must start with.
func (l *lexer) start() *problem {
	if l.text == "" {
		return &problem{0, 0, "the pattern is empty", ""}
	}
	if !rooted(l.text) {
		first, _, _ := strings.Cut(l.text, "/")
		return &problem{0, max(len(first), 1), "a pattern must start with `/`, `**/`, `~` or a variable",
			rootedHint("", l.text)}
	}
	switch l.text[0] {
	case '~':
		home, p := l.vars.tilde(l.text)
		if p != nil {
			return p
		}
		l.i = 1
		return l.root("~", home, 1)
	case '$':
		e, end, p := l.vars.expand(l.text, 0)
		if p != nil {
			return p
		}
		l.missing, l.i = e.missing, end
		if e.missing == "" {
			return l.root(l.text[:end], e.text, end)
		}
	}
	return nil
}

// root takes in the value that a pattern starts with.
func (l *lexer) root(spelling, value string, width int) *problem {
	if !strings.HasPrefix(value, "/") {
		return &problem{0, width, fmt.Sprintf("`%s` is %q: a pattern can only start with an absolute path", spelling,
			value), ""}
	}
	for part := range strings.SplitSeq(value, "/") {
		if part == ".." {
			return &problem{0, width, fmt.Sprintf("`%s` is %q: `..` cannot be part of a pattern", spelling, value),
				"set it to the path that it leads to"}
		}
	}
	l.value(value, 0)
	return nil
}

// value takes in the value of a variable: literally.
func (l *lexer) value(value string, at int) {
	for i := range len(value) {
		l.put(value[i], at)
	}
}

// put adds a literal byte.
func (l *lexer) put(c byte, at int) {
	kind := literal
	if c == '/' {
		kind = slash
	}
	l.tokens = append(l.tokens, token{kind: kind, b: c, at: at})
}

// rest reads to the end.
func (l *lexer) rest() *problem {
	for l.i < len(l.text) {
		at := l.i
		c := l.text[at]
		l.i++
		switch c {
		case 0:
			return &problem{at, 1, "a path cannot hold a NUL byte", ""}
		case '*':
			l.tokens = append(l.tokens, token{kind: star, at: at})
		case '?':
			l.tokens = append(l.tokens, token{kind: any1, at: at})
		case '[':
			if p := l.class(at); p != nil {
				return p
			}
		case '\\':
			if l.i == len(l.text) || l.text[l.i] == 0 {
				return &problem{at, 1, "nothing follows the `\\`", "write `\\\\` for a backslash in a file name"}
			}
			l.put(l.text[l.i], at)
			l.i++
		case '$':
			e, end, p := l.vars.expand(l.text, at)
			if p != nil {
				return p
			}
			if e.missing != "" {
				l.missing = e.missing
			}
			l.value(e.text, at)
			l.i = end
		case '{':
			part, _, _ := strings.Cut(l.text[at:], "/")
			if body, _, closed := strings.Cut(part, "}"); closed && strings.Contains(body, ",") {
				return &problem{at, len(body) + 1, "a pattern has no `{...,...}`",
					"write a rule for each, or `\\{` for a brace in a file name"}
			}
			l.put(c, at)
		default:
			l.put(c, at)
		}
	}
	return nil
}

// class reads a class whose bracket is at at.
func (l *lexer) class(at int) *problem {
	set := &byteSet{}
	negated := false
	fail := func(msg, hint string) *problem {
		return &problem{at, max(min(l.i, len(l.text))-at, 1), msg, hint}
	}
	if strings.HasPrefix(l.text[l.i:], "!") {
		negated = true
		l.i++
	} else if strings.HasPrefix(l.text[l.i:], "^") {
		l.i++
		return fail("a class is negated with `!`", "write [!...], or [\\^...] for a `^` in the class")
	}
	for first := true; ; first = false {
		if strings.HasPrefix(l.text[l.i:], "]") && !first {
			l.i++
			break
		}
		low, ok := l.classByte()
		if !ok {
			return fail("the class `[` is not closed", "add the `]`, or write `\\[` for a bracket in a file name")
		}
		if low == '[' && strings.IndexByte(":.=", l.peek()) >= 0 {
			return fail("named classes such as [:alpha:] are not known", "write ranges, as in [a-zA-Z]")
		}
		high := low
		if l.peek() == '-' && l.i+1 < len(l.text) && l.text[l.i+1] != ']' {
			l.i++
			if high, ok = l.classByte(); !ok {
				return fail("the class `[` is not closed", "add the `]`, or write `\\[` for a bracket in a file name")
			}
		}
		switch {
		case low > high:
			return fail(fmt.Sprintf("the range from %q to %q is empty", low, high), "write the smaller character first")
		case low >= 0x80 || high >= 0x80:
			return fail("a class can only hold ASCII characters: a class matches one byte",
				"write `*` for characters that have several")
		}
		for c := int(low); c <= int(high); c++ {
			set.add(byte(c))
		}
	}
	if negated {
		set.invert()
	}
	l.tokens = append(l.tokens, token{kind: class, set: set, at: at})
	return nil
}

func (l *lexer) peek() byte {
	if l.i < len(l.text) {
		return l.text[l.i]
	}
	return 0
}

// classByte reads one character of a class; false at the component's end.
func (l *lexer) classByte() (byte, bool) {
	if l.peek() == '\\' {
		l.i++
	}
	c := l.peek()
	if c == 0 || c == '/' {
		return 0, false
	}
	l.i++
	return c, true
}
