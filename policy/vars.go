package policy

import (
	"fmt"
	"strings"
)

// vars are the variables that a pattern may name. Their values are literal text: a `*` in $PWD is no wildcard.
type vars struct {
	getenv    func(string) string
	cwd, home string
}

// Names that stand for no text. They may only start a pattern.
const (
	treeVar  = "TREE"  // the /proc/PID of a process of the tree
	stdioVar = "STDIO" // what was open as descriptor 0, 1 or 2 at the start
)

// lookup returns a variable's value, "" if it is unset.
func (v *vars) lookup(name string) string {
	switch {
	case name == "PWD":
		return v.cwd
	case name == "HOME" && v.home != "":
		return v.home
	case v.getenv == nil:
		return ""
	}
	return v.getenv(name)
}

// reference is a parsed `$NAME`, `${NAME}` or `${NAME:-WORD}`.
type reference struct {
	name    string
	word    string // what stands for an unset or empty variable
	hasWord bool
	end     int // behind it
}

// parseReference reads the reference that starts at s[i], a dollar sign.
func parseReference(s string, i int) (reference, *problem) {
	braced := strings.HasPrefix(s[i+1:], "{")
	from := i + 1
	if braced {
		from++
	}
	end := from
	for end < len(s) && isName(s[end], end > from) {
		end++
	}
	ref := reference{name: s[from:end], end: end}
	switch {
	case end == from:
		return ref, &problem{i, max(end-i, 1), "a `$` must be followed by the name of a variable",
			"write `\\$` for a dollar sign in a file name"}
	case !braced:
		return ref, nil
	case strings.HasPrefix(s[end:], "}"):
		ref.end++
		return ref, nil
	case !strings.HasPrefix(s[end:], ":-"):
		return ref, &problem{i, end - i, fmt.Sprintf("`${%s` is not closed", ref.name),
			"write ${NAME}, or ${NAME:-WORD} to use WORD where NAME is not set"}
	}
	close := matchingBrace(s, end+2)
	if close < 0 {
		return ref, &problem{i, len(s) - i, fmt.Sprintf("`${%s:-` is not closed", ref.name), "add the missing `}`"}
	}
	ref.word, ref.hasWord, ref.end = s[end+2:close], true, close+1
	return ref, nil
}

func isName(c byte, inside bool) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || inside && c >= '0' && c <= '9'
}

// matchingBrace finds the brace that closes the word starting at s[i]; -1 if there is none.
func matchingBrace(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return -1
}

// expansion is the text that a reference stands for. With missing set it stands for nothing: the variable of that name is
// unset and the policy says, with an empty word, that the rule is then left out.
type expansion struct {
	text    string
	missing string
}

// expand returns what the reference at s[i] stands for and the offset behind it.
func (v *vars) expand(s string, i int) (expansion, int, *problem) {
	ref, p := parseReference(s, i)
	if p != nil {
		return expansion{}, 0, p
	}
	here := func(msg, hint string) *problem { return &problem{i, ref.end - i, msg, hint} }
	if ref.name == treeVar || ref.name == stdioVar {
		return expansion{}, 0, here(fmt.Sprintf("$%s can only start a pattern", ref.name), "")
	}
	value := v.lookup(ref.name)
	switch {
	case strings.IndexByte(value, 0) >= 0:
		return expansion{}, 0, here(fmt.Sprintf("$%s holds a NUL byte", ref.name), "")
	case value != "":
		return expansion{text: value}, ref.end, nil
	case !ref.hasWord && ref.name == "PWD":
		return expansion{}, 0, here("$PWD: the working directory has no path: it was deleted, or lies outside of this root",
			"go to a directory that exists, or use -C DIR")
	case !ref.hasWord:
		return expansion{}, 0, here(fmt.Sprintf("$%s is not set or empty", ref.name), fmt.Sprintf(
			"write ${%s:-/some/path} for a default, or ${%[1]s:-} to leave the rule out where it is not set", ref.name))
	case ref.word == "":
		return expansion{missing: ref.name}, ref.end, nil
	}
	word, p := v.word(ref.word)
	if p != nil {
		p.off, p.width = i, ref.end-i
	}
	return word, ref.end, p
}

// word expands the WORD of ${NAME:-WORD}: a leading `~`, further references, and `\` before any character.
func (v *vars) word(s string) (expansion, *problem) {
	var b strings.Builder
	i := 0
	if s == "~" || strings.HasPrefix(s, "~/") {
		home, p := v.tilde(s)
		if p != nil {
			return expansion{}, p
		}
		b.WriteString(home)
		i = 1
	}
	for i < len(s) {
		switch c := s[i]; {
		case c == '$':
			e, end, p := v.expand(s, i)
			if p != nil || e.missing != "" {
				return e, p
			}
			b.WriteString(e.text)
			i = end
		case c == '\\' && i+1 < len(s):
			b.WriteByte(s[i+1])
			i += 2
		default:
			b.WriteByte(c)
			i++
		}
	}
	return expansion{text: b.String()}, nil
}

// tilde returns the home directory for a pattern that starts with `~`.
func (v *vars) tilde(s string) (string, *problem) {
	if name, _, _ := strings.Cut(s[1:], "/"); name != "" {
		return "", &problem{0, 1 + len(name), fmt.Sprintf("%q is no directory that can be looked up", "~"+name),
			"write `~/...` for your own home, the whole path for another's, `\\~` for a file name"}
	}
	home := v.lookup("HOME")
	if home == "" {
		return "", &problem{0, 1, "`~` stands for $HOME, which is not set or empty",
			"write ${HOME:-}/... to leave the rule out where there is no home"}
	}
	return home, nil
}
