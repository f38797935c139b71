package sandbox

import (
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/policy/program"
	"sydbox/tracer"
)

// The second look. Most execs are what the first look foresaw, and that is told by a few entries of /proc (confirmed); for
// the others, and wherever those do not tell, the program is opened and identified again (loaded).

// loading is what the second look reads into.
type loading struct {
	proc   procfs
	mapped mappings
	path   [unix.PathMax]byte
	said   program.Loaded
}

// confirmed says whether the kernel loaded just what was foreseen. Until the task goes on nobody can change what it is
// asked about: what /proc/PID/exe leads to, what is mapped, and the argument strings on a stack that no other thread can
// reach. The file's content is another matter: only one that nobody in the tree can write is confirmed by its identity.
func (b *box) confirmed(t *tracer.Task, foreseen *program.Identity) bool {
	j := b.execs
	if b.ownRights() != 0 {
		return false
	}
	return j.ways.atHome(t) && j.loading.read(t.TID) == 0 && foreseen.Confirmed(&j.loading.said)
}

// read reads what the kernel says of a loaded program. It is asked of the tracer's own procfs: in a root of its own a
// program could have put something else in the place of /proc/self/exe.
func (l *loading) read(tid int) (errno syscall.Errno) {
	if l.said.ID, errno = l.proc.identify(tid, "exe"); errno != 0 {
		return errno
	}
	if l.said.Path, errno = l.proc.readlink(tid, "exe", l.path[:]); errno != 0 {
		return errno
	}
	if l.said.Cmdline, errno = l.proc.read(tid, "cmdline"); errno != 0 {
		return errno
	}
	l.mapped.tid, l.said.Mapped = tid, &l.mapped
	if len(l.said.Path) == len(l.path) || len(l.said.Cmdline) == len(l.proc.text) {
		return unix.E2BIG // cut off
	}
	return 0
}

// lookAgain is loaded, with the rights that the task has by now.
func (b *box) lookAgain(t *tracer.Task, foreseen *program.Identity) (*program.Identity, bool, error) {
	if errno := b.turnTo(t); errno != 0 {
		return nil, false, errno
	}
	return b.execs.loaded(t, foreseen)
}

// loaded says what the kernel has loaded. fulfilled: it is just what was foreseen.
func (j *execJudge) loaded(t *tracer.Task, foreseen *program.Identity) (id *program.Identity, fulfilled bool, err error) {
	f, err := j.view.image(t.TID)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	argv, err := loadedArgv(t.TID)
	if err != nil {
		return nil, false, err
	}
	maps, err := os.ReadFile("/proc/" + strconv.Itoa(t.TID) + "/maps")
	if err != nil {
		return nil, false, err
	}
	x := &program.Exec{File: f, Argv: argv, Loaded: true, Maps: maps}
	if foreseen != nil && foreseen.Fulfilled(x, j.view) {
		return foreseen, true, nil
	}
	if x.Typed = loadedName(t); x.Typed == nil {
		x.Typed = f.Path()
	}
	return j.cache.Identify(x, j.view, j.originals()), false, nil
}
