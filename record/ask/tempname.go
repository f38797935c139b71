package ask

import (
	"regexp"
	"strconv"
	"strings"

	"sydbox/policy"
)

// families are names that well-known programs make up, with the part that is another each time.
var families = []*regexp.Regexp{
	regexp.MustCompile(`^cc([A-Za-z0-9]{6})(?:\..*)?$`),      // gcc
	regexp.MustCompile(`^st([A-Za-z0-9]{6})$`),               // strip, ranlib
	regexp.MustCompile(`^tmp\.([A-Za-z0-9]{6,})$`),           // mktemp(1)
	regexp.MustCompile(`^tmp([a-z0-9_]{8})(?:[.-].*)?$`),     // Python's tempfile
	regexp.MustCompile(`^sed([A-Za-z0-9]{6})$`),              // sed -i
	regexp.MustCompile(`^sh-thd\.([A-Za-z0-9]{6})$`),         // here documents of bash
	regexp.MustCompile(`^sort([A-Za-z0-9]{6})$`),             // sort
	regexp.MustCompile(`^(?:rustc|\.tmp)([A-Za-z0-9]{6,})$`), // rustc, the crate tempfile
}

var (
	// mkstemp is the end of a name that mkstemp(3) made up, with perhaps an extension behind it.
	mkstemp = regexp.MustCompile(`([A-Za-z0-9]{6})(?:\.[A-Za-z0-9_]{1,8})?$`)
	uuid    = regexp.MustCompile(`[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}`)
	hashRun = regexp.MustCompile(`[0-9a-f]{16,}|[0-9a-z]{26,}`)
	number  = regexp.MustCompile(`[0-9]{2,}`)
)

// longNumber is from how many digits on a number is no version and no size, but a time, or chance.
const longNumber = 6

// general returns the pattern of a component of a path: what may be another the next time (the number of a process,
// what mkstemp made up, a hash) becomes a wildcard. exclusive says that it was made as mkstemp(3) does.
func general(name string, pids map[int]bool, exclusive bool) string {
	wild := make([]byte, len(name)) // '?' or '*' for each byte that is replaced
	mark := func(from, to int, with byte) {
		for i := from; i < to; i++ {
			if wild[i] == 0 {
				wild[i] = with
			}
		}
	}
	known := false
	for _, family := range families {
		if m := family.FindStringSubmatchIndex(name); m != nil {
			mark(m[2], m[3], '?')
			known = true
		}
	}
	if m := mkstemp.FindStringSubmatchIndex(name); m != nil && exclusive && !known {
		mark(m[2], m[3], '?')
	}
	for _, m := range uuid.FindAllStringIndex(name, -1) {
		mark(m[0], m[1], '*')
	}
	for _, m := range hashRun.FindAllStringIndex(name, -1) {
		if text := name[m[0]:m[1]]; strings.ContainsAny(text, "0123456789") && strings.Trim(text, "0123456789") != "" {
			mark(m[0], m[1], '*')
		}
	}
	for _, m := range number.FindAllStringIndex(name, -1) {
		n, err := strconv.Atoi(name[m[0]:m[1]])
		if m[1]-m[0] >= longNumber || err == nil && pids[n] && m[1]-m[0] > 2 {
			mark(m[0], m[1], '*')
		}
	}
	return withWild(name, wild)
}

// chance says whether a name ends as mkdtemp(3) makes one up: in six letters and digits that are no word.
func chance(name string) bool {
	m := mkstemp.FindStringSubmatch(name)
	if m == nil {
		return false
	}
	const lower, upper, digits = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
	sorts := 0
	for _, sort := range []string{lower, upper, digits} {
		if strings.ContainsAny(m[1], sort) {
			sorts++
		}
	}
	return sorts == 3 || sorts == 2 && strings.ContainsAny(m[1], upper)
}

// withWild is a name as a pattern, with the marked bytes replaced.
func withWild(name string, wild []byte) string {
	var b strings.Builder
	for i := 0; i < len(name); {
		if wild[i] != 0 {
			if wild[i] == '?' || !strings.HasSuffix(b.String(), "*") {
				b.WriteByte(wild[i])
			}
			i++
			continue
		}
		end := i
		for end < len(name) && wild[end] == 0 {
			end++
		}
		b.WriteString(literalPattern(name[i:end]))
		i = end
	}
	return b.String()
}

// literalPattern is a text as a pattern that a policy can hold: a byte that is not UTF-8 becomes `?`, and so does a NUL
// in an abstract name.
func literalPattern(s string) string {
	if before, after, ok := strings.Cut(s, "\x00"); ok {
		return literalPattern(before) + "?" + literalPattern(after)
	}
	if strings.ToValidUTF8(s, "") == s {
		return policy.Escape(s)
	}
	var b strings.Builder
	for len(s) > 0 {
		valid := len(s)
		for i, r := range s {
			if r == '\uFFFD' && !strings.HasPrefix(s[i:], "\uFFFD") {
				valid = i
				break
			}
		}
		b.WriteString(policy.Escape(s[:valid]))
		if s = s[valid:]; s != "" {
			b.WriteByte('?')
			s = s[1:]
		}
	}
	return b.String()
}
