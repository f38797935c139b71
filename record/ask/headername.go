package ask

import (
	"path"
	"slices"
	"strings"

	"sydbox/record/trail"
)

// includeDirs are the directories that a compiler was told to look for headers in, the longest first.
func includeDirs(x *trail.Exec) (dirs []string) {
	if x == nil {
		return nil
	}
	for i, arg := range x.Argv {
		for _, flag := range []string{"-I", "-isystem", "-iquote", "-idirafter", "-include-path"} {
			dir, ok := strings.CutPrefix(arg, flag)
			if !ok {
				continue
			}
			if dir == "" && i+1 < len(x.Argv) {
				dir = x.Argv[i+1]
			}
			if !path.IsAbs(dir) {
				dir = path.Join(x.Dir, dir)
			}
			dirs = append(dirs, path.Clean(dir))
		}
	}
	slices.SortFunc(dirs, func(a, b string) int { return len(b) - len(a) })
	return dirs
}

// headerName is a header as a source includes it: "sys/types.h" of "/usr/include/x86_64-linux-gnu/sys/types.h". What is
// in no directory that is known to be one for headers is known by its base alone.
func headerName(file string, dirs []string) string {
	for _, dir := range dirs {
		if under(file, dir) {
			return strings.TrimPrefix(file[len(dir):], "/")
		}
	}
	parts := strings.Split(file, "/")
	for i := len(parts) - 2; i > 0; i-- {
		if parts[i] != "include" && parts[i] != "include-fixed" {
			continue
		}
		rest := parts[i+1:]
		if len(rest) > 1 && isTriplet(rest[0]) {
			rest = rest[1:]
		}
		if len(rest) > 2 && rest[0] == "c++" {
			rest = rest[2:]
			if len(rest) > 1 && (isTriplet(rest[0]) || rest[0] == "backward") {
				rest = rest[1:]
			}
		}
		return strings.Join(rest, "/")
	}
	return base(file)
}

// isTriplet says that a name is that of a machine: "x86_64-linux-gnu".
func isTriplet(name string) bool { return strings.Contains(name, "-linux-") }
