package pkgdb

import (
	"bytes"
	"strings"
)

// eachStanza calls f with the fields of every paragraph of a control file (deb822(5)): names in lower case, values with
// their further lines. line is where the paragraph begins. It returns the number of the first line that is none of a
// control file; 0 if all are.
func eachStanza(text []byte, keep func(name string) bool, f func(fields map[string]string, line int)) (bad int) {
	fields := make(map[string]string)
	name, start, n := "", 1, 0
	flush := func() {
		if len(fields) > 0 {
			f(fields, start)
			fields = make(map[string]string)
		}
		name = ""
	}
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		text, n = rest, n+1
		line = bytes.TrimSuffix(line, []byte("\r"))
		switch {
		case len(bytes.TrimSpace(line)) == 0:
			flush()
			start = n + 1
		case line[0] == '#':
		case line[0] == ' ' || line[0] == '\t':
			if name != "" {
				fields[name] += "\n" + strings.TrimSpace(string(line))
			}
		default:
			before, after, ok := bytes.Cut(line, []byte(":"))
			if !ok {
				if bad == 0 {
					bad = n
				}
				name = ""
				continue
			}
			if name = strings.ToLower(string(before)); !keep(name) {
				name = ""
				continue
			}
			fields[name] = strings.TrimSpace(string(after))
		}
	}
	flush()
	return bad
}
