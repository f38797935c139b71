package policy

import "strings"

// Rules of [exec] are shell words. A word is turned into the pattern it stands for: what was quoted is escaped, and the
// rest is left as it is.

// word is one word of a rule as a pattern; at holds the offset in the rule of each of its bytes and of its end.
type word struct {
	text string
	at   []int
}

// splitWords splits a rule as a shell would: at blanks, with '...', "..." and `\`.
func splitWords(rule string) ([]word, *problem) {
	var words []word
	for i := 0; i < len(rule); {
		if isBlank(rule[i]) {
			i++
			continue
		}
		w, end, p := readWord(rule, i)
		if p != nil {
			return nil, p
		}
		words = append(words, w)
		i = end
	}
	return words, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

// readWord reads the word at rule[i] and returns the offset behind it.
func readWord(rule string, i int) (word, int, *problem) {
	var text strings.Builder
	var at []int
	put := func(c byte, from int, quoted bool) {
		if quoted && strings.IndexByte("*?[]\\${~", c) >= 0 {
			text.WriteByte('\\')
			at = append(at, from)
		}
		text.WriteByte(c)
		at = append(at, from)
	}
	for ; i < len(rule) && !isBlank(rule[i]); i++ {
		switch c := rule[i]; c {
		case '\'', '"':
			open := i
			for i++; ; i++ {
				if i >= len(rule) {
					return word{}, 0, &problem{open, len(rule) - open, "the quote is not closed", ""}
				}
				if rule[i] == c {
					break
				}
				if c == '"' && rule[i] == '\\' && i+1 < len(rule) {
					i++
					put(rule[i], i-1, true)
					continue
				}
				// A variable in double quotes is one, as in a shell; a wildcard is not.
				put(rule[i], i, c == '\'' || rule[i] != '$' && rule[i] != '{')
			}
		case '\\':
			put(c, i, false)
			if i+1 < len(rule) {
				i++
				put(rule[i], i, false)
			}
		default:
			put(c, i, false)
		}
	}
	return word{text.String(), append(at, i)}, i, nil
}

// program is a parsed rule of [exec]: a path pattern or a bare name.
type program struct {
	path *pattern
	name component // compLiteral, compGlob or compStar; used if path is nil
}

// parseProgram parses a rule of [exec].
func parseProgram(rule string, v *vars, relative bool) (*program, *problem) {
	words, p := splitWords(rule)
	switch {
	case p != nil:
		return nil, p
	case len(words) == 0:
		return nil, &problem{0, len(rule), "the rule is empty", `write a program's name, "dd", or path, "/usr/bin/dd"`}
	case len(words) > 1:
		from := words[1].at[0]
		return nil, &problem{from, len(rule) - from, "rules on arguments are not enforced in this version",
			"name the program alone"}
	}
	w := words[0]
	prog := &program{}
	if rooted(w.text) || strings.Contains(w.text, "/") || w.text == "." || w.text == ".." {
		prog.path, p = parsePattern(w.text, v, relative)
		if p == nil && prog.path.stdio {
			p = &problem{0, len(w.text), "$STDIO is no program", ""}
		}
	} else {
		prog.name, p = parseName(w.text, v)
	}
	if p != nil {
		end := min(p.off+max(p.width, 1), len(w.text))
		p.off, p.width = w.at[min(p.off, len(w.text))], w.at[end]-w.at[min(p.off, len(w.text))]
	}
	return prog, p
}

// parseName parses a bare name: one component.
func parseName(text string, v *vars) (component, *problem) {
	l := &lexer{text: text, vars: v}
	if p := l.rest(); p != nil {
		return component{}, p
	}
	for _, t := range l.tokens {
		if t.kind == slash {
			return component{}, &problem{t.at, 1, "a name holds no slash", "start a path with `/` or a variable"}
		}
	}
	c, p := newComponent(l.tokens)
	if p == nil && c.is("") {
		p = &problem{0, len(text), "the rule is empty", ""}
	}
	return c, p
}
