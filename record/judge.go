package record

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/deputy"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/record/trail"
	"sydbox/sandbox"
	"sydbox/tracer"
)

// A recording can be compared with a policy: each line then says which rule would have denied what it tells of. What fails
// by itself is not marked, as the sandbox does not report it either. What a policy refuses whatever its rules say (mount,
// ptrace: [syscalls]) is not compared.

// judge is a policy that a recording is compared with.
type judge struct {
	policy *policy.Policy
	// stdio are the files that were open as 0 to 2 at the start, with what they were open for ($STDIO).
	stdio map[string]access.Op
	// sockets tells whose an address is; made when the first one is judged, on the tracer's thread.
	sockets *sandbox.Sockets
	texts   map[*policy.Rule]string
	query   policy.Query
	path    []byte
}

func newJudge(p *policy.Policy, std [3]*os.File) *judge {
	j := &judge{policy: p, stdio: make(map[string]access.Op), texts: make(map[*policy.Rule]string)}
	for _, f := range std {
		if f == nil {
			continue
		}
		path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
		flags, err2 := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
		if err != nil || err2 != nil || !strings.HasPrefix(path, "/") {
			continue
		}
		j.stdio[path] |= [...]access.Op{access.Read, access.Write, access.Read | access.Write, 0}[flags&unix.O_ACCMODE]
	}
	return j
}

// close gives back what it holds.
func (j *judge) close() {
	if j != nil && j.sockets != nil {
		_ = j.sockets.Close() // nothing was written
		j.sockets = nil
	}
}

// verdict is what is said of a decision: the rule that denies, "" if none does.
func (j *judge) verdict(d *policy.Decision) string {
	if !d.Denied() || d.Rule == nil {
		return ""
	}
	text, known := j.texts[d.Rule]
	if !known {
		text = ruleText(d.Rule)
		j.texts[d.Rule] = text
	}
	return text
}

// ruleText spells a rule with its place: "home.toml:3 [write] deny /usr", "build:7 [write] default".
func ruleText(r *policy.Rule) string {
	place := r.Source
	if r.Line > 0 {
		place = fmt.Sprintf("%s:%d", r.Source, r.Line)
	}
	if r.Default {
		return fmt.Sprintf("%s [%s] default", place, r.Section)
	}
	return fmt.Sprintf("%s [%s] %s %s", place, r.Section, r.Action, r.Text)
}

// used says which rule would have denied a use; "" if none would.
func (j *judge) used(r *recorder, u *event.Used) string {
	if u.Errno != "" || u.Injected {
		return ""
	}
	path, to := trail.Ops(u)
	if denied := j.ops(r, path, u.Path); denied != "" {
		return denied
	}
	if denied := j.ops(r, to, u.To); denied != "" {
		return denied
	}
	return j.moves(u)
}

// outOfReach is said of a move that no rule denies, but that would take what is moved out of the reach of one: it fails
// with EXDEV, and mv(1) copies.
const outOfReach = "a move out of a rule's reach"

// moves judges a rename or link as a move, and a symbolic link as a name for what is elsewhere.
func (j *judge) moves(u *event.Used) string {
	path, to := []byte(u.Path), []byte(u.To)
	switch {
	case len(path) == 0 || path[0] != '/':
	case u.Op == event.OpSymlink && j.policy.Plants(path):
		return outOfReach
	case u.Op != event.OpRename && u.Op != event.OpLink || len(to) == 0 || to[0] != '/':
	case u.Kind == "link" && j.policy.Plants(to) && !j.policy.Plants(path),
		j.policy.Launders(path, to, u.Kind == "dir"),
		strings.Contains(u.Flags, "RENAME_EXCHANGE") && j.policy.Launders(to, path, u.Kind == "dir"):
		return outOfReach
	}
	return ""
}

// ops judges operations on a path.
func (j *judge) ops(r *recorder, ops access.Op, path string) string {
	if !j.policy.Polices(ops) || !strings.HasPrefix(path, "/") {
		return "" // pipes, sockets and what else has no name is free to who holds it
	}
	j.path = append(j.path[:0], path...)
	ops &^= j.stdio[path]
	for op := range ops.Ops() {
		j.query = policy.Query{Op: op, Path: j.path, Member: r.ownProc(path)}
		d := j.policy.Decide(&j.query)
		if denied := j.verdict(&d); denied != "" {
			return denied
		}
	}
	return ""
}

// ownProc says whether a path lies in /proc/PID of a process of the tree.
func (r *recorder) ownProc(path string) bool {
	rest, is := strings.CutPrefix(path, "/proc/")
	if !is {
		return false
	}
	number, _, _ := strings.Cut(rest, "/")
	pid, err := strconv.Atoi(number)
	if err != nil {
		return false
	}
	return r.living(pid) != nil || r.living(threadGroup(pid)) != nil
}

// socket judges a call on an address, which is about to be made on s.
func (j *judge) socket(t *tracer.Task, s *deputy.Socket, a *access.Access, object int, host string) (denied string) {
	if !j.policy.PolicesNetwork() {
		return ""
	}
	if j.sockets == nil {
		sockets, err := sandbox.NewSockets()
		if err != nil {
			return ""
		}
		j.sockets = sockets
	}
	asking, file := s, (*access.Object)(nil)
	if s.FD < 0 {
		asking = nil
	}
	if a.Addr.Path() {
		file = &a.Object
	}
	j.sockets.Ask(t.TID, asking, object, file)
	if a.Natural == 0 && a.Object.Errno == 0 {
		denied = j.address(a, host)
	}
	if denied != "" && a.Op&access.Connect != 0 && j.sockets.Nobody(&a.Addr) {
		denied = "" // it fails without a rule as well
	}
	if asking != nil {
		j.sockets.Add(asking)
	}
	return denied
}

// address judges the operations on an address.
func (j *judge) address(a *access.Access, host string) string {
	for op := range a.Op.Ops() {
		j.query = policy.Query{Op: op, Path: a.Object.Path}
		if op&(access.Connect|access.Bind) != 0 {
			j.query.Addr, j.query.Owner = &a.Addr, j.sockets
			if host != "" {
				j.query.Hosts = []string{host}
			}
		}
		d := j.policy.Decide(&j.query)
		if denied := j.verdict(&d); denied != "" {
			return denied
		}
	}
	return ""
}
