package sandbox

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/policy/program"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// An exec is looked at twice. The first look, at the seccomp-stop, can answer with a clean errno, but what it saw may be
// changed before the kernel looks. The second, at PTRACE_EVENT_EXEC, sees what the kernel has loaded, when nobody
// can change it any more; all that is left to do then is to kill.

// execJudge is what the looks at execs need.
type execJudge struct {
	policy *policy.Policy
	view   view
	cache  *program.Cache
	args   argReader
	// pending has what the first look saw, by task, until the exec ends one way or the other.
	pending map[int]*program.Identity
	// command is what the command itself was taken for before it was started.
	command *program.Identity
	loading loading
	ways    *ways
}

func newExecJudge(b *box) *execJudge {
	j := &execJudge{policy: b.policy, cache: program.NewCache(time.Now), pending: make(map[int]*program.Identity),
		ways: newWays(b)}
	j.view = view{res: b.res, writable: b.writable, permits: b.permits,
		knows: func(id program.ID) bool { return j.cache.Knows(id, j.originals()) }}
	return j
}

// originals are what a copy of a denied program is told by.
func (j *execJudge) originals() *program.Originals {
	if ablated(protectCopies) {
		return nil
	}
	return j.policy.Originals()
}

// image is what a process runs, as far as calls other than exec are judged by it. It is kept in tracer.Process.Data.
type image struct {
	busybox bool // announces the applets that it runs without an exec
	// judged are the names that the exec was judged by: an applet takes its own name too, and that is nothing new.
	judged map[string]bool
}

// plain is what most processes run.
var plain = &image{}

// newImage notes what a process that was judged as id has to be asked about later.
func newImage(id *program.Identity) *image {
	if id.Family&program.BusyBox == 0 {
		return plain
	}
	im := &image{busybox: true, judged: make(map[string]bool)}
	for i := range id.Names {
		if n := &id.Names[i]; n.How == program.Applet {
			im.judged[cutName(n.Base())] = true
		}
	}
	return im
}

// cutName is what a process keeps of a name.
func cutName(name []byte) string { return string(name[:min(len(name), commLen)]) }

// known is the first look where the name is one whose way nobody in the tree can change. It says whether the kernel may
// go on without another.
func (j *execJudge) known(t *tracer.Task, inv *syscalls.Invocation) bool {
	delete(j.pending, t.TID)
	return j.ways.exec(t, inv)
}

// exec is the first look at any other exec. access.Describe has filled b.acc.
func (b *box) exec(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	j := b.execs
	a := &b.acc.List[0]
	if a.Object.Refuse != 0 {
		v := b.judge()
		return b.carryOut(t, inv, &v)
	}
	if a.Natural != 0 {
		// The kernel will say so itself. If something appears there meanwhile, the second look sees it.
		if a.Natural == unix.ENOENT {
			j.ways.learnMissing(inv, a.Name.UnsafePath)
		}
		return tracer.Action{}
	}
	id, errno := j.foresee(t, inv, a)
	if errno != 0 {
		return tracer.Deny(errno)
	}
	d := j.policy.DecideExec(id)
	if d.Action == policy.Allow {
		j.pending[t.TID] = id
		return tracer.Action{}
	}
	v := verdictOf(&d)
	action := b.carryOut(t, inv, &v)
	if action.Kind == tracer.Continue {
		j.pending[t.TID] = id // warned: once is enough
	}
	return action
}

// foresee says what the kernel would make of the call now.
func (j *execJudge) foresee(t *tracer.Task, inv *syscalls.Invocation, a *access.Access) (*program.Identity, syscall.Errno) {
	j.args.t = t
	e := execArgsOf(inv, a)
	argv, errno := j.args.read(inv, e.argv)
	if errno == unix.EPERM {
		errno = unix.EACCES
	}
	if errno != 0 {
		return nil, errno
	}
	f, links, err := j.view.found(callSlot, &a.Object)
	if err != nil {
		errno, ok := err.(syscall.Errno)
		if !ok {
			errno = unix.EACCES
		}
		return nil, errno
	}
	defer f.Close()
	j.ways.learn(inv, e.typed, f, links)
	x := &program.Exec{Typed: e.typed, File: f, Hops: links, Argv: argv, Provisional: !ablated(protectSecondLook)}
	return j.cache.Identify(x, j.view, j.originals()), 0
}

// Exec is the second look. Nothing of the new image has run, no other thread shares its memory, and all links have been
// followed. The target's own start had its first look before anything was started (judgeLaunch).
func (b *box) Exec(t *tracer.Task, launch bool) tracer.Action {
	if launch {
		if b.err == nil { // isInside may have failed
			b.err = b.beginCarrying(t)
		}
		if b.err != nil {
			return tracer.Action{Kind: tracer.KillTree}
		}
	}
	if b.execs == nil || ablated(protectSecondLook) {
		return tracer.Action{}
	}
	j := b.execs
	foreseen := j.pending[t.TID]
	if launch {
		foreseen = j.command
		j.ways.begin(t)
	}
	delete(j.pending, t.TID)
	if foreseen != nil && b.confirmed(t, foreseen) {
		t.Process.Data = newImage(foreseen)
		return tracer.Action{}
	}
	id, fulfilled, err := b.lookAgain(t, foreseen)
	if err != nil {
		if gone(t.TID) {
			return tracer.Action{} // killed meanwhile
		}
		id = &program.Identity{Unknown: "what the kernel loaded cannot be looked at: " + err.Error()}
	}
	t.Process.Data = newImage(id)
	if fulfilled {
		return tracer.Action{}
	}
	d := j.policy.DecideExec(id)
	if !d.Denied() || b.mode == WarnOnly {
		return tracer.Action{} // what is worth a warning the first look has told
	}
	v := verdictOf(&d)
	v.why = joinWhy(v.why, whySecondLook)
	b.acc.N = 0
	b.reportLoaded(t, id, &v)
	if d.Action == policy.KillTree {
		return tracer.Action{Kind: tracer.KillTree}
	}
	return tracer.Action{Kind: tracer.KillProcess}
}

const whySecondLook = "seen after the kernel had loaded it, so the process was killed"

// setName judges prctl(PR_SET_NAME): a BusyBox shell that runs an applet without an exec first takes its name.
func (b *box) setName(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	im, _ := t.Process.Data.(*image)
	if im == nil || !im.busybox || inv.Int(0) != unix.PR_SET_NAME {
		return tracer.Action{}
	}
	var buf [256]byte
	n, errno := t.ReadString(inv.Pointer(1), buf[:])
	if errno != 0 && errno != unix.ENAMETOOLONG {
		return tracer.Deny(unix.EFAULT)
	}
	if errno != 0 {
		n = len(buf)
	}
	if im.judged[cutName(buf[:n])] {
		return tracer.Action{}
	}
	d := b.policy.DecideApplet(buf[:n])
	if d.Action == policy.Allow {
		return tracer.Action{}
	}
	v := verdictOf(&d)
	// What the report names as typed is the applet.
	b.acc.N, b.acc.List[0] = 1, access.Access{Op: access.Exec, Name: access.Name{UnsafePath: buf[:n]}}
	action := b.carryOut(t, inv, &v)
	if action.Kind == tracer.Return {
		// prctl's result is not looked at, and what follows is the applet: the process ends as a shell says that a
		// command could not be executed.
		return tracer.Action{Kind: tracer.Exit, Value: cannotExecute}
	}
	return action
}

// cannotExecute is the status of a command that was found and could not be executed.
const cannotExecute = 126

// verdictOf puts what the policy says of a program into words.
func verdictOf(d *policy.ExecDecision) verdict {
	v := verdict{decision: d.Decision, op: access.Exec, why: joinWhy(d.Why, d.Hint)}
	if d.Name != nil && d.Name.How != program.Typed && d.Name.How != program.Canonical {
		v.why = joinWhy(v.why, becomes(d.Name))
	}
	return v
}

// becomes says under which name a rule knows the program.
func becomes(n *program.Name) string {
	text := event.Quote(string(n.Text)) + ": " + n.How.String()
	if n.Detail != "" {
		text += " (" + event.Quote(n.Detail) + ")"
	}
	return "it would be " + text
}

func joinWhy(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// writable says whether a rule lets the tree write what is at a path. It is asked of programs: only what nobody in the
// tree can write is still what it was when it was looked at.
func (b *box) writable(path []byte) bool {
	if d := b.policy.Decide(&policy.Query{Op: access.Write, Path: path}); d.Denied() && b.mode == Enforce {
		return false
	}
	return b.permits(path)
}

// permits says whether file permissions let the tree write what is at a path. They hold for the whole tree where it cannot
// gain rights: it is not root's, and has no_new_privs.
func (b *box) permits(path []byte) bool {
	uid := os.Geteuid()
	if uid == 0 || !b.unprivileged {
		return true
	}
	var st unix.Stat_t
	name := string(path)
	if unix.Lstat(name, &st) != nil || st.Uid == uint32(uid) {
		return true // its owner can make it writable
	}
	return unix.Faccessat(unix.AT_FDCWD, name, unix.W_OK, unix.AT_EACCESS) == nil
}

// gone says that a task is no more, or only its wait status is. Anything that keeps the tracer from telling is no
// death.
func gone(tid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/stat")
	if err != nil {
		return errors.Is(err, os.ErrNotExist) || errors.Is(err, unix.ESRCH)
	}
	// The state follows the name, which is in parentheses and may hold any byte (proc(5)).
	_, rest, _ := bytes.Cut(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" "))
	return len(rest) > 0 && (rest[0] == 'Z' || rest[0] == 'X')
}
