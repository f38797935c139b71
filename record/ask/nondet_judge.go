package ask

import (
	"bytes"
	"io"
	"path"
	"slices"
	"strings"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// judge sorts what was found: what a file has only because an input of the build has it is no proof, and what it has
// from another product is told with that.
func (a *NondetAnswer) judge(t *trail.Trail, files Files, made []*product, found map[string][]*Proof) {
	caches := cachesOf(t)
	ours := make(map[string]bool, len(made))
	for _, p := range made {
		ours[p.path] = true
	}
	for _, p := range made {
		for _, hit := range found[p.path] {
			reads := readBy(t, p.proc)
			for _, name := range reads {
				other := found[name]
				if i := slices.IndexFunc(other, func(o *Proof) bool { return o.What == hit.What }); i >= 0 && name != p.path {
					hit.From = show.Bytes(name)
					break
				}
			}
			if hit.From == "" && hit.What != "build path" && inInput(files, reads, ours, string(hit.Text)) {
				continue
			}
			if hit.What != "build path" {
				hit.Argument = onCommandLine(p.proc, string(hit.Text))
			}
			if caches.have(p.path) || isKept(p.path) {
				a.Own = append(a.Own, hit)
			} else {
				a.Proved = append(a.Proved, hit)
			}
		}
	}
}

// readBy are the files that a process, or those that it started, read.
func readBy(t *trail.Trail, p *trail.Proc) (names []string) {
	seen := make(map[string]bool)
	var add func(p *trail.Proc)
	add = func(p *trail.Proc) {
		for _, i := range p.Uses {
			if u := &t.Uses[i]; u.Op == event.OpRead && u.Errno == "" && u.Kind == "" && !seen[u.Path] {
				seen[u.Path] = true
				names = append(names, u.Path)
			}
		}
		for _, c := range p.Children {
			add(c)
		}
	}
	add(p)
	return names
}

// Bounds of looking for a text in inputs.
const (
	inputFiles = 300
	inputBytes = 4 << 20
)

// inInput says whether a text comes from a file that is no product of the build.
func inInput(files Files, reads []string, ours map[string]bool, text string) bool {
	n := 0
	for _, name := range reads {
		if ours[name] || ofSystem(name) {
			continue
		}
		if n++; n > inputFiles {
			break
		}
		f, _, err := files.Open(name)
		if err != nil {
			continue
		}
		content, err := io.ReadAll(io.LimitReader(f, inputBytes))
		f.Close()
		if err == nil && bytes.Contains(content, []byte(text)) {
			return true
		}
	}
	return false
}

// ofSystem says of a path that it belongs to the system's programs and libraries.
func ofSystem(name string) bool {
	for _, dir := range []string{"/usr/", "/etc/", "/lib/", "/lib64/", "/bin/", "/proc/", "/sys/", "/dev/"} {
		if strings.HasPrefix(name, dir) {
			return true
		}
	}
	return false
}

// onCommandLine is the process, or the topmost of those that it comes from, that had a text in an argument.
func onCommandLine(p *trail.Proc, text string) (found *Actor) {
	if len(text) < 6 {
		return nil
	}
	for ; p != nil; p = p.Parent {
		for _, x := range p.Execs {
			if slices.ContainsFunc(x.Argv, func(w string) bool { return strings.Contains(w, text) }) {
				found = actor(p, x.At)
			}
		}
	}
	return found
}

// keptNames are files that builds keep for themselves; those that end in the second list too.
var (
	keptNames = []string{"config.log", "config.status", "config.cache", "libtool", "Makefile", "GNUmakefile",
		"CMakeCache.txt", "build.ninja", ".ninja_log", ".ninja_deps", "compile_commands.json",
		"confdefs.h", "stamp-h1", "stamp-h"}
	keptEnds = []string{".log", ".trs", ".d", ".Po", ".Plo", ".Tpo", ".la", ".lai", ".cmake", ".make", ".dep", ".dirstamp",
		".substvars", ".debhelper"}
	keptDirs = []string{"/CMakeFiles/", "/.deps/", "/meson-private/", "/meson-logs/", "/meson-info/", "/.git/",
		"/autom4te.cache/"}
)

// isKept says of a file that a build keeps it for itself. Such files are of one build by nature, and are not shipped.
func isKept(name string) bool {
	return slices.Contains(keptNames, path.Base(name)) ||
		slices.ContainsFunc(keptEnds, func(end string) bool { return strings.HasSuffix(name, end) }) ||
		slices.ContainsFunc(keptDirs, func(dir string) bool { return strings.Contains(name, dir) })
}

// notes says what could not be looked at.
func (a *NondetAnswer) notes(t *trail.Trail) {
	if a.Changed > 0 {
		a.Notes = append(a.Notes, count(a.Changed, "file")+" changed after the recording and could not be looked into")
	}
	if a.Searched == 0 {
		a.Notes = append(a.Notes, "nothing of what was made is still there to look into")
	}
	a.Notes = append(a.Notes, "the clock is read without a system call (vdso(7)): who asks for the time is only seen "+
		"by what is in the files, and what is compressed there is not looked into")
	if t.Cut != nil {
		a.Notes = append(a.Notes, "the recording is incomplete: "+t.Cut.Error())
	}
}
