package ask

import (
	"path"
	"strings"

	"sydbox/event"
	"sydbox/record/trail"
)

// touch is one use of one path, as far as it matters for races.
type touch struct {
	proc   *trail.Proc
	at     int64
	sort   touchSort
	append bool // opened to append
	op     string
}

// touchSort is what a touch does to the content.
type touchSort uint8

const (
	touchRead touchSort = iota
	touchMiss           // wanted to read what was not there
	touchWrite
	touchDelete
	touchOther
)

// touches are those of every path that somebody changed, in order of time.
func touches(t *trail.Trail) map[string][]touch {
	changed := make(map[string][]touch)
	for i := range t.Uses {
		eachTouch(&t.Uses[i], func(name string, sort touchSort) {
			if (sort == touchWrite || sort == touchDelete) && !private(name) {
				changed[name] = nil
			}
		})
	}
	add := func(name string, to touch) {
		list, ok := changed[name]
		if !ok {
			return
		}
		if n := len(list); n > 0 && list[n-1].proc == to.proc && list[n-1].sort == to.sort {
			return // the same again
		}
		changed[name] = append(list, to)
	}
	execs := programs(t)
	for i := range t.Uses {
		u := &t.Uses[i]
		for len(execs) > 0 && execs[0].At <= u.At {
			addExec(execs[0], add)
			execs = execs[1:]
		}
		eachTouch(u, func(name string, sort touchSort) {
			if sort != touchOther {
				add(name, touch{u.Proc, u.At, sort, strings.Contains(u.Flags, "O_APPEND"), u.Op})
			}
		})
	}
	for _, x := range execs {
		addExec(x, add)
	}
	return changed
}

// addExec takes in that a program was read to be run.
func addExec(x *trail.Exec, add func(string, touch)) {
	to := touch{proc: x.Proc, at: x.At, sort: touchRead, op: event.OpExec}
	add(x.Path, to)
	if x.Script != "" {
		add(x.Script, to)
	}
}

// eachTouch says what a use does to which path.
func eachTouch(u *trail.Use, f func(string, touchSort)) {
	switch u.Kind {
	case "fifo", "socket", "device":
		return
	}
	dir := isDir(u)
	if u.Errno != "" {
		if u.Errno == "ENOENT" && (u.Op == event.OpRead || u.Op == event.OpExec) {
			f(u.Path, touchMiss)
		}
		return
	}
	switch u.Op {
	case event.OpRead:
		if !dir {
			f(u.Path, touchRead)
		}
	case event.OpWrite, event.OpMake, event.OpSymlink:
		if !dir && !strings.HasPrefix(u.Call, "mknod") {
			f(u.Path, touchWrite)
		}
	case event.OpDelete:
		if !dir {
			f(u.Path, touchDelete)
		}
	case event.OpRename:
		if !dir {
			f(u.Path, touchDelete)
			f(u.To, touchWrite)
		}
	case event.OpLink:
		f(u.Path, touchRead)
		f(u.To, touchWrite)
	}
}

// isDir says whether what was used, or was to be made, is a directory.
func isDir(u *trail.Use) bool {
	return u.Kind == "dir" || strings.HasPrefix(u.Call, "mkdir") || u.Call == "rmdir" ||
		strings.Contains(u.Flags, "AT_REMOVEDIR")
}

// cacheDirs are directories whose users guard themselves.
var cacheDirs = []string{"/.cache/", "/.ccache/", "/ccache/", "/__pycache__/", "/.sccache/", "/.npm/", "/go-build/",
	"/go/telemetry/"}

// private says of a path that it is nobody's product: devices, locks, caches that guard themselves, and what configure
// tries things with.
func private(name string) bool {
	for _, dir := range []string{"/dev/", "/proc/", "/sys/"} {
		if strings.HasPrefix(name, dir) {
			return true
		}
	}
	for _, part := range cacheDirs {
		if strings.Contains(name, part) {
			return true
		}
	}
	base := path.Base(name)
	lower := strings.ToLower(base)
	for _, end := range []string{".lock", ".lck", ".pid", ".pyc", ".gcda", ".gcno"} {
		if strings.HasSuffix(lower, end) {
			return true
		}
	}
	return lower == "lock" || strings.HasPrefix(lower, "lock.") || strings.HasPrefix(lower, ".lock") ||
		strings.HasPrefix(base, "conftest") || strings.HasPrefix(base, "confdefs") || base == "config.log"
}

// programs are all programs that were executed, in order of time.
func programs(t *trail.Trail) (list []*trail.Exec) {
	for _, p := range t.Procs {
		list = append(list, p.Execs...)
	}
	sortByTime(list, func(x *trail.Exec) int64 { return x.At })
	return list
}
