package sandbox

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/policy"
	"sydbox/policy/program"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Most execs are of programs that were executed before, by the same names, and most that fail look for a name in the
// same directories of $PATH. Where a name leads need not be found out each time if nobody in the tree can change the
// way: no rule lets it create or remove any name on it, no link on it is a magic one, and nothing can be mounted or
// reached around the rules. What outsiders do is seen: the file at its end is identified each time.
//
// A way that is known is only ever used to let the kernel go on. Whatever else would come out is found out as if it
// were not known.

// way is where an absolute path leads.
type way struct {
	typed []byte
	file  knownFile
	links [][]byte // the canonical paths of links in the last component
	// last is what the program was when it was last allowed, with argv as its words; nil if that hung on other files.
	last *program.Identity
	argv [][]byte
}

// maxWays is how many names are remembered before all are forgotten.
const maxWays = 4096

// ways are the names whose way nobody in the tree can change. It belongs to the tracer's thread.
type ways struct {
	box *box
	// off: the rules can be reached around.
	off bool
	// home: all tasks have the root that the tracer has. It is so from the start until the first chroot(2): that stops where
	// execs are judged, and the other ways to another root are refused.
	home bool
	// known are the ways to programs; nil where a name was found to be no such way.
	known map[string]*way
	// dirs says which directories can be asked what is not in them.
	dirs map[string]bool
	path [access.PathMax + 1]byte
	stat unix.Statx_t
}

func newWays(b *box) *ways {
	return &ways{box: b, off: b.mode != Enforce || !b.pin || b.policy.Lifts(), known: make(map[string]*way),
		dirs: make(map[string]bool)}
}

var (
	callExecve = syscalls.ByName("execve")
)

// begin finds out where the tree starts.
func (w *ways) begin(t *tracer.Task) { w.home = !w.off && w.ask(t) }

// leave notes that a task is about to have another root.
func (w *ways) leave() { w.home = false }

// serves says whether the names of a call are the tracer's, by which ways are found.
func (w *ways) serves(inv *syscalls.Invocation) bool {
	return !w.off && inv.Call == callExecve && !w.box.res.Rebased()
}

// atHome says whether a task has the tracer's root.
func (w *ways) atHome(t *tracer.Task) bool { return w.home || w.ask(t) }

func (w *ways) ask(t *tracer.Task) bool {
	w.box.res.Task(t.TID, t.Process.TGID)
	return w.box.res.AtHome()
}

// exec is the first look at an exec by a known way. done is false where the whole look has to be taken.
//
// The tracer looks with its own rights: what the task may not search or execute the kernel says when it goes on.
func (w *ways) exec(t *tracer.Task, inv *syscalls.Invocation) (done bool) {
	b := w.box
	if !w.serves(inv) {
		return false
	}
	n, errno := t.ReadString(inv.Pointer(0), w.path[:access.PathMax])
	if errno != 0 || n == 0 || w.path[0] != '/' {
		return false
	}
	typed := w.path[:n]
	known := w.known[string(typed)]
	if known == nil && !w.dirs[string(typed[:bytes.LastIndexByte(typed, '/')])] {
		return false
	}
	if b.ownRights() != 0 {
		return false
	}
	if !w.atHome(t) {
		return false
	}
	w.path[n] = 0
	if known == nil {
		return w.statPath(unix.AT_SYMLINK_NOFOLLOW) == unix.ENOENT
	}
	if w.statPath(0) != 0 || w.stat.Mode&unix.S_IFMT != unix.S_IFREG || idOfStatx(&w.stat) != known.file.id {
		delete(w.known, string(typed)) // an outsider has put another there
		return false
	}
	return w.judge(t, inv, known)
}

// judge says whether a program whose file is known may be executed without a word.
func (w *ways) judge(t *tracer.Task, inv *syscalls.Invocation, known *way) bool {
	j := w.box.execs
	if !j.view.knows(known.file.id) {
		return false
	}
	j.args.t = t
	argv, errno := j.args.read(inv, inv.Pointer(1))
	if errno != 0 {
		return false
	}
	if known.last != nil && slices.EqualFunc(argv, known.argv, bytes.Equal) {
		j.pending[t.TID] = known.last
		return true
	}
	x := &program.Exec{Typed: known.typed, File: &known.file, Hops: known.links, Argv: argv,
		Provisional: !ablated(protectSecondLook)}
	v := &lazyView{view: j.view, box: w.box, task: t}
	id := j.cache.Identify(x, v, j.originals())
	if w.box.ownRights() != 0 {
		return false
	}
	if d := j.policy.DecideExec(id); d.Action != policy.Allow {
		return false
	}
	j.pending[t.TID] = id
	if known.last = nil; !v.turned {
		known.last, known.argv = id, argv
	}
	return true
}

// lazyView is the view of a task that nobody has turned to yet: most programs need none.
type lazyView struct {
	view
	box    *box
	task   *tracer.Task
	turned bool
	errno  syscall.Errno
}

func (v *lazyView) turn() error {
	if !v.turned {
		v.turned, v.errno = true, v.box.turnTo(v.task)
	}
	if v.errno != 0 {
		return v.errno
	}
	return nil
}

// Open implements program.View.
func (v *lazyView) Open(unsafePath []byte) (program.File, [][]byte, error) {
	if err := v.turn(); err != nil {
		return nil, nil, err
	}
	return v.view.Open(unsafePath)
}

// Readlink implements program.View.
func (v *lazyView) Readlink(unsafePath []byte) ([]byte, error) {
	if err := v.turn(); err != nil {
		return nil, err
	}
	return v.view.Readlink(unsafePath)
}

// Glance implements program.Glancer.
func (v *lazyView) Glance(unsafePath []byte) (program.ID, []byte, bool) {
	if !v.turned {
		v.box.res.Task(v.task.TID, v.task.Process.TGID)
	}
	return v.view.Glance(unsafePath)
}

// Rooted implements program.Glancer: a way is known only to a task whose root is the tracer's.
func (v *lazyView) Rooted() bool { return !v.turned || v.view.Rooted() }

// learn remembers where a name has led, if nobody in the tree can change that.
func (w *ways) learn(inv *syscalls.Invocation, typed []byte, f program.File, links [][]byte) {
	if !w.serves(inv) || len(typed) == 0 || typed[0] != '/' {
		return
	}
	if _, asked := w.known[string(typed)]; asked {
		return
	}
	if len(w.known) >= maxWays {
		clear(w.known)
	}
	var known *way
	end, ok := w.follow(string(typed))
	if s, is := f.(program.Steady); ok && end == string(f.Path()) && (!is || s.Steady()) {
		known = &way{typed: bytes.Clone(typed), file: knownFile{f.ID(), bytes.Clone(f.Path())}, links: links}
	}
	w.known[string(typed)] = known
}

// learnMissing remembers the directory in which a name was not found, if nobody in the tree can change where it is.
func (w *ways) learnMissing(inv *syscalls.Invocation, typed []byte) {
	if !w.serves(inv) || len(typed) == 0 || typed[0] != '/' {
		return
	}
	dir := string(typed[:bytes.LastIndexByte(typed, '/')])
	if _, asked := w.dirs[dir]; asked {
		return
	}
	if len(w.dirs) >= maxWays {
		clear(w.dirs)
	}
	_, w.dirs[dir] = w.follow(dir)
}

// maxLinks is how many links the kernel follows (MAXSYMLINKS).
const maxLinks = 40

// follow walks an absolute path of the tracer's root as the kernel would and returns where it ends. ok is false if
// somebody in the tree could change the way, or if that cannot be told.
func (w *ways) follow(name string) (end string, ok bool) {
	rest := strings.Split(name, "/")
	for at, links := "/", 0; ; {
		for len(rest) > 0 && (rest[0] == "" || rest[0] == ".") {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return at, true
		}
		component := rest[0]
		rest = rest[1:]
		if component == ".." {
			at = path.Dir(at) // at has no links
			continue
		}
		next := path.Join(at, component)
		var st unix.Stat_t
		if !w.fixed(next) || unix.Lstat(next, &st) != nil {
			return "", false
		}
		if st.Mode&unix.S_IFMT != unix.S_IFLNK {
			at = next
			continue
		}
		var fs unix.Statfs_t
		if unix.Statfs(at, &fs) != nil || fs.Type == unix.PROC_SUPER_MAGIC {
			return "", false // a link of procfs may be a magic one, or mean the task itself
		}
		text := make([]byte, access.PathMax)
		n, err := unix.Readlink(next, text)
		if links++; err != nil || n == 0 || n == len(text) || links > maxLinks {
			return "", false
		}
		if text[0] == '/' {
			at = "/"
		}
		rest = append(strings.Split(string(text[:n]), "/"), rest...)
	}
}

// fixed says whether rules keep the tree from making and removing a name.
func (w *ways) fixed(name string) bool {
	for _, op := range [...]access.Op{access.Create, access.Delete} {
		if d := w.box.policy.Decide(&policy.Query{Op: op, Path: []byte(name)}); !d.Denied() {
			return false
		}
	}
	return true
}

// statPath identifies what the path in w.path leads to, for the tracer.
func (w *ways) statPath(flags int) syscall.Errno {
	at := unix.AT_FDCWD
	_, _, errno := unix.Syscall6(unix.SYS_STATX, uintptr(at), uintptr(unsafe.Pointer(&w.path[0])), uintptr(flags), idMask,
		uintptr(unsafe.Pointer(&w.stat)), 0)
	return errno
}
