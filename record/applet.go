package record

import (
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/event"
	"sydbox/pathres"
	"sydbox/policy/program"
	"sydbox/sandbox"
	"sydbox/tracer"
)

// applets knows by which names exec rules know programs: those of multi-call binaries and of what a loader loads. Most
// programs are neither: that is found out once for each file, and then costs one stat(2) for each exec.
type applets struct {
	res   *pathres.Resolver
	view  *sandbox.TaskPrograms
	cache *program.Cache
	plain map[program.ID]bool
}

// plainMost bounds the files that are remembered; a build of hours makes that many test programs.
const plainMost = 1 << 14

func newApplets(res *pathres.Resolver) *applets {
	return &applets{
		res: res, view: sandbox.ProgramsOf(res), cache: program.NewCache(time.Now), plain: make(map[program.ID]bool),
	}
}

// names returns the names of what a task has become, besides that of its file.
func (a *applets) names(t *tracer.Task, x *event.Executed) []string {
	file, ok := imageID(t.TID)
	if !ok || a.plain[file] {
		return nil
	}
	id := a.identify(t, x, nil)
	if id == nil {
		return nil
	}
	list := calledBy(id, x)
	if len(list) == 0 && id.Family == 0 && id.Unknown == "" {
		if len(a.plain) >= plainMost {
			clear(a.plain)
		}
		a.plain[file] = true
	}
	return list
}

// identify says what a task has become; nil if that cannot be told.
func (a *applets) identify(t *tracer.Task, x *event.Executed, originals *program.Originals) *program.Identity {
	a.res.Task(t.TID, t.Process.TGID)
	f, err := a.view.Image(t.TID)
	if err != nil {
		return nil
	}
	defer f.Close()
	loaded := &program.Exec{File: f, Loaded: true, Typed: []byte(x.Typed)}
	if x.Typed == "" {
		loaded.Typed = []byte(x.Path)
		if x.Script != "" {
			loaded.Typed = []byte(x.Script)
		}
	}
	for _, word := range x.Argv {
		loaded.Argv = append(loaded.Argv, []byte(word))
	}
	return a.cache.Identify(loaded, a.view, originals)
}

// calledBy lists the names of a program, what surely runs first. The words of git follow it: `git push` is what a rule
// says.
func calledBy(id *program.Identity, x *event.Executed) []string {
	var sure, rest []string
	for i := range id.Names {
		n := &id.Names[i]
		name := string(n.Base())
		switch {
		case n.How != program.Applet && n.How != program.Loader || name == "":
			continue
		case id.Family&program.Git != 0 && name == "git":
			if name = gitName(n.Args); name == "git" {
				continue
			}
		case n.Unsure && id.Family == 0:
			continue // a name that only a rule that denies goes by
		}
		if n.Runs {
			sure = append(sure, name)
		} else {
			rest = append(rest, name)
		}
	}
	base := string((&program.Name{Text: []byte(x.Path)}).Base())
	seen := map[string]bool{base: true}
	return slices.DeleteFunc(slices.Concat(sure, rest), func(name string) bool {
		again := seen[name]
		seen[name] = true
		return again
	})
}

// gitName is git with its subcommand: the first word that is no option, nor belongs to one.
func gitName(args [][]byte) string {
	for i := 0; i < len(args); i++ {
		switch word := string(args[i]); {
		case word == "-C" || word == "-c" || word == "--git-dir" || word == "--work-tree" || word == "--namespace" ||
			word == "--exec-path" || word == "--super-prefix" || word == "--config-env":
			i++
		case word == "" || word[0] == '-':
		default:
			return "git " + word
		}
	}
	return "git"
}

// imageID identifies the file that a task executes.
func imageID(tid int) (id program.ID, ok bool) {
	var st unix.Stat_t
	if unix.Stat("/proc/"+strconv.Itoa(tid)+"/exe", &st) != nil {
		return id, false
	}
	return program.ID{Dev: uint64(st.Dev), Ino: st.Ino, Size: st.Size,
		Mtime: unix.TimespecToNsec(st.Mtim), Ctime: unix.TimespecToNsec(st.Ctim)}, true
}
