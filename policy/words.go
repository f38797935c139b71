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

// command is a parsed rule of [exec]: a program, as a path pattern or a bare name, and the words behind it.
type command struct {
	path *pattern
	name component // compLiteral, compGlob or compStar; used if path is nil
	// words are literal. A final rest stands for any further words.
	words []string
	// leftOut names the variable that is unset, where the policy says that the rule then does not count.
	leftOut string
}

// rest as the last word of a rule stands for any further words.
const rest = "..."

// parseCommand parses a rule of [exec].
func parseCommand(rule string, v *vars, relative bool) (*command, *problem) {
	words, p := splitWords(rule)
	switch {
	case p != nil:
		return nil, p
	case len(words) == 0:
		return nil, &problem{0, len(rule), "the rule is empty", `write a program's name, "dd", or path, "/usr/bin/dd"`}
	}
	c := &command{}
	w := words[0]
	switch {
	case w.text == rest:
		return nil, w.problem(0, len(w.text), "`...` stands for words behind a program", "write `*` for any program")
	case rooted(w.text) || strings.Contains(w.text, "/") || w.text == "." || w.text == "..":
		c.path, p = parsePattern(w.text, v, relative)
		if p == nil && c.path.stdio {
			p = &problem{0, len(w.text), "$STDIO is no program", ""}
		}
	default:
		c.name, p = parseName(w.text, v)
	}
	if p != nil {
		return nil, w.place(p)
	}
	for i, w := range words[1:] {
		text, leftOut, p := w.literal(v)
		switch {
		case p != nil:
			return nil, w.place(p)
		case text == rest && i+2 < len(words):
			return nil, w.problem(0, len(w.text), "`...` can only be the last word", "")
		}
		c.words = append(c.words, text)
		c.leftOut += leftOut
	}
	return c, nil
}

// place maps a problem in the word to the rule.
func (w *word) place(p *problem) *problem { return w.problem(p.off, max(p.width, 1), p.msg, p.hint) }

// problem is one with some bytes of the word's text.
func (w *word) problem(off, width int, msg, hint string) *problem {
	from, end := w.at[min(off, len(w.text))], w.at[min(off+width, len(w.text))]
	return &problem{from, end - from, msg, hint}
}

// literal is what the word stands for, if it is one behind a program: variables have their value, and nothing is a
// wildcard.
func (w *word) literal(v *vars) (text, leftOut string, p *problem) {
	l := &lexer{text: w.text, vars: v}
	var b strings.Builder
	if w.text == "~" || strings.HasPrefix(w.text, "~/") {
		home, p := v.tilde(w.text)
		if p != nil {
			return "", "", p
		}
		b.WriteString(home)
		l.i = 1
	}
	if p := l.rest(); p != nil {
		return "", "", p
	}
	for _, t := range l.tokens {
		if t.kind != literal && t.kind != slash {
			return "", "", &problem{t.at, 1, "the words behind a program have no wildcards",
				"end the rule with `...` for any further words, or quote the character"}
		}
		b.WriteByte(t.b)
	}
	return b.String(), l.missing, nil
}

// plain says that the rule asks for no words behind its program: it has none, or just "...".
func (r *rule) plain() bool { return r.wordCount() == 0 }

// open says that the rule ends in "...".
func (r *rule) open() bool { return len(r.words) > 0 && r.words[len(r.words)-1] == rest }

// wordCount is how many words the rule has behind its program, without "...".
func (r *rule) wordCount() int32 {
	if r.open() {
		return int32(len(r.words)) - 1
	}
	return int32(len(r.words))
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

// ExecRule returns the rule of [exec] for the program at a path with any arguments.
func ExecRule(path string) string {
	pattern := Escape(path)
	if strings.ContainsAny(pattern, " \t\n'\"") {
		var b strings.Builder
		for i := range len(pattern) {
			if strings.IndexByte(" \t\n'\"", pattern[i]) >= 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(pattern[i])
		}
		pattern = b.String()
	}
	return pattern + " " + rest
}
