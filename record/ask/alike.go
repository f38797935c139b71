package ask

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sydbox/event"
	"sydbox/record/trail"
)

// alike writes the texts of a recording so that those of two recordings are equal if they mean the same: without the
// directory that it was made in, numbers of processes, and what is made up for temporary names.
type alike struct {
	base  string            // the directory that only this recording has
	temps map[string]string // names that were made up, of both recordings, and what stands for each
	pids  map[string]bool   // numbers of processes that stand in texts, of both
	known map[string]string
}

// newAlikes prepares for comparing two recordings.
func newAlikes(a, b *trail.Trail) (x, y *alike) {
	baseA, baseB := bases(a.Head.Dir, b.Head.Dir)
	x = &alike{base: baseA, temps: make(map[string]string), pids: make(map[string]bool), known: make(map[string]string)}
	y = &alike{base: baseB, temps: x.temps, pids: x.pids, known: make(map[string]string)}
	tempNames(a, x.temps, x.pids)
	tempNames(b, x.temps, x.pids)
	return x, y
}

// bases are two directories without the names at the end that they have in common.
func bases(a, b string) (string, string) {
	if a == b {
		return "", ""
	}
	for path.Base(a) == path.Base(b) && path.Dir(a) != "/" && path.Dir(b) != "/" {
		a, b = path.Dir(a), path.Dir(b)
	}
	if a == "/" || b == "/" {
		return "", ""
	}
	return a, b
}

// tempNames finds names that were made up, and what stands for each. A name was made up if it was made as what must not
// exist yet and did not last, or if it stands directly in a directory for such names. Numbers of processes are found in
// names and arguments. What is found in one recording holds for both: a text that is no such number in the other, by
// chance, must not differ for it.
func tempNames(t *trail.Trail, names map[string]string, pids map[string]bool) {
	dirs := []string{"/tmp", "/var/tmp", "/dev/shm"}
	for _, v := range t.Head.Env {
		if dir, ok := strings.CutPrefix(v, "TMPDIR="); ok && strings.HasPrefix(dir, "/") {
			dirs = append(dirs, path.Clean(dir))
		}
	}
	gone := make(map[string]bool)
	for i := range t.Uses {
		u := &t.Uses[i]
		if u.Errno != "" || u.Op != event.OpDelete && u.Op != event.OpRename {
			continue
		}
		gone[u.Path] = true
		from, to := path.Base(u.Path), path.Base(u.To)
		if end, ok := strings.CutPrefix(from, to); ok && u.Op == event.OpRename && madeUp.MatchString(end) {
			names[from] = to + madeUp.ReplaceAllString(end, "*") // written beside what it then replaced
		}
	}
	for i := range t.Uses {
		u := &t.Uses[i]
		name := u.Path
		switch {
		case u.Errno != "":
			continue
		case u.Op == event.OpRename || u.Op == event.OpLink:
			name = u.To
		case u.Op != event.OpMake && u.Op != event.OpSymlink:
			continue
		}
		base := path.Base(name)
		unique := u.Op == event.OpSymlink || isDir(u) || strings.Contains(u.Flags, "O_EXCL")
		switch {
		case slices.Contains(dirs, path.Dir(name)), unique && gone[name]:
			names[base] = madeUp.ReplaceAllString(fewX.ReplaceAllString(base, ".*"), "*")
		default:
			numbers(base, u.Proc, pids)
		}
	}
	for _, p := range t.Procs {
		for _, x := range p.Execs {
			for _, w := range x.Argv[min(1, len(x.Argv)):] {
				numbers(w, p, pids)
			}
		}
	}
}

// madeUp is what can be random in a name: mkstemp(3) has at least six letters, and they may follow others directly.
var madeUp = regexp.MustCompile(`[A-Za-z0-9_]{6,}|[0-9]{2,}`)

// fewX is the end that mktemp(1) makes up where it is given as few X as it takes: those of gnulib's tests have four.
var fewX = regexp.MustCompile(`\.[A-Za-z0-9]{3,}$`)

var digits = regexp.MustCompile(`[0-9]{2,}`)

// numbers finds those in a text that are the number of a process, or of one that started it.
func numbers(s string, p *trail.Proc, found map[string]bool) {
	for _, number := range digits.FindAllString(s, -1) {
		n, err := strconv.Atoi(number)
		for q := p; q != nil && err == nil; q = q.Parent {
			if q.PID == n {
				found[number] = true
			}
		}
	}
}

// varying is what means nothing in any text: make's own descriptors, numbers of processes, CMake's names of targets and
// of files that it writes (cmGeneratedFileStream), which are renamed or, if nothing is new in them, removed.
var varying = regexp.MustCompile(
	`(--jobserver-(?:auth|fds)=)[^ ]*|(/proc/)[0-9]+|(cmTC_)[0-9a-f]+|(GMfifo)[0-9]+|(\.tmp)[0-9a-f]{5}\b`)

// text is a text without what only this recording has.
func (a *alike) text(s string) string {
	if known, ok := a.known[s]; ok {
		return known
	}
	out := s
	if a.base != "" && strings.Contains(out, a.base) {
		out = a.withoutBase(out)
	}
	if strings.ContainsAny(out, "0123456789") || strings.Contains(out, ".tmp") {
		out = varying.ReplaceAllString(out, "$1$2$3$4$5*")
	}
	out = a.withoutTemps(out)
	if len(a.pids) > 0 {
		out = digits.ReplaceAllStringFunc(out, func(number string) string {
			if a.pids[number] {
				return "*"
			}
			return number
		})
	}
	a.known[s] = out
	return out
}

// isNameByte says whether a byte goes on a name rather than ending it.
func isNameByte(c byte) bool { return !strings.ContainsRune("/ :=,;\"'`()<>|&\n\t\x00{}[]", rune(c)) }

// withoutBase writes "." for the directory, where it is a whole one.
func (a *alike) withoutBase(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, a.base)
		if i < 0 {
			return b.String() + s
		}
		end := i + len(a.base)
		b.WriteString(s[:i])
		if end < len(s) && isNameByte(s[end]) {
			b.WriteString(a.base)
		} else {
			b.WriteString("\x00.")
		}
		s = s[end:]
	}
}

// withoutTemps writes what stands for each name that was made up.
func (a *alike) withoutTemps(s string) string {
	if len(a.temps) == 0 {
		return s
	}
	var b strings.Builder
	changed := false
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && isNameByte(s[j]) {
			j++
		}
		if j == i {
			j++
		}
		word := s[i:j]
		if plain, ok := a.temps[word]; ok {
			word, changed = plain, true
		}
		b.WriteString(word)
		i = j
	}
	if !changed {
		return s
	}
	return b.String()
}
