package ask

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"sydbox/access"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/policy/program"
	"sydbox/record/trail"
)

// demand is something that a policy must allow for a recorded build to go as it went.
type demand struct {
	op   access.Op // one operation
	path string
	// moved: the path was renamed or linked, or is the new name of what was. What may not be done to it under the one
	// name may not be done under the other, or the move is refused (EXDEV).
	moved  bool
	kind   string
	member bool // in /proc/PID of a process of the tree
	stdio  bool // open as standard input, output or error from the start
	// exclusive: it was made by a call that fails if the name is there, for reading and writing: mkstemp(3).
	exclusive bool
	address   string // of connect and bind
	host      string
	own       bool // the tree had bound it
	failed    bool // the system itself forbade it, or nobody was reached
	muted     bool // the profile denies it without a report
	exec      *trail.Exec
	id        *program.Identity
	as        string
	by        *trail.Proc // who was the first
	at        int64
	count     int
}

// demands are all that was demanded, each once, and the pairs of names of what was moved.
type demands struct {
	list  []*demand
	moves []move
	known map[demandKey]*demand
	pids  map[int]bool
	stdio map[string]access.Op
	// bound are the ports and names that the tree has bound by then. anyPort: one was chosen by the kernel, and which is
	// told by nothing (of TCP, listening tells it).
	bound   map[string]bool
	anyPort bool
	hosts   map[string][]netip.Addr
}

type move struct {
	from, to  string
	directory bool
}

type demandKey struct {
	op            access.Op
	path, address string
	own, failed   bool
	as            string // of programs: by which name, or with which arguments
}

// demandsOf collects what a recording demands. With looking, what only reads and looks is in it too.
func demandsOf(t *trail.Trail, looking bool, identify Identify) *demands {
	d := &demands{
		known: make(map[demandKey]*demand), pids: make(map[int]bool), stdio: make(map[string]access.Op),
		bound: make(map[string]bool), hosts: make(map[string][]netip.Addr),
	}
	for _, p := range t.Procs {
		d.pids[p.PID] = true
	}
	d.given(t)
	seen := make(map[move]bool)
	for i := range t.Uses {
		u := &t.Uses[i]
		if u.Injected || foreseen[u.Errno] {
			continue
		}
		path, to := trail.Ops(&u.Used)
		if u.Op == event.OpRename {
			to |= access.Delete // of what had the new name
		}
		if !looking {
			path, to = path&^(access.Read|access.Stat), to&^(access.Read|access.Stat)
		}
		d.use(u, path, u.Path)
		d.use(u, to, u.To)
		m := move{u.Path, u.To, u.Kind == "dir"}
		if (u.Op == event.OpRename || u.Op == event.OpLink) && u.Errno == "" && !seen[m] {
			seen[m] = true
			d.moves = append(d.moves, m)
		}
	}
	d.list = slices.DeleteFunc(d.list, func(n *demand) bool { // what was allowed once is allowed
		return n.failed && d.known[demandKey{op: n.op, path: n.path}] != nil
	})
	for i := range t.Reaches {
		d.reach(&t.Reaches[i])
	}
	for _, x := range allExecs(t) {
		d.program(x, looking, identify)
	}
	return d
}

// given notes what the command had as standard input, output and error.
func (d *demands) given(t *trail.Trail) {
	root := t.Root()
	if root == nil || len(root.Execs) == 0 {
		return
	}
	for i, std := range root.Execs[0].Stdio {
		if std == "" {
			continue
		}
		ops := access.Read | access.Write
		switch std[0] {
		case '<':
			ops = access.Read
		case '>', '+':
			ops = access.Write
		case '=':
		default: // older recordings do not say: input is read, the others are written
			if ops = access.Write; i == 0 {
				ops = access.Read
			}
		}
		d.stdio[strings.TrimLeft(std, "<>+=")] |= ops
	}
}

// foreseen are the errors that a call gets before any rule is asked: what cannot happen is not reported. With any other
// error a denial would be, and the program would be told EACCES instead.
var foreseen = map[string]bool{
	"ENOENT": true, "EEXIST": true, "ENOTDIR": true, "EISDIR": true, "ELOOP": true, "EINVAL": true, "ENOTEMPTY": true,
	"EBUSY": true, "EADDRINUSE": true, "ENAMETOOLONG": true, "EBADF": true, "EFAULT": true,
}

// forbidden are the errors by which the system itself forbids something: a rule that forbids it too, without a report,
// changes nothing.
var forbidden = map[string]bool{"EACCES": true, "EPERM": true, "EROFS": true}

// use takes in operations on a path.
func (d *demands) use(u *trail.Use, ops access.Op, path string) {
	if !strings.HasPrefix(path, "/") {
		return // a pipe, or something without a name
	}
	for op := range ops.Ops() {
		n := d.add(demand{
			op: op, path: path, by: u.Proc, at: u.At, kind: u.Kind, failed: forbidden[u.Errno],
		}, max(u.Count, 1))
		n.moved = n.moved || u.Op == event.OpRename || u.Op == event.OpLink
		n.exclusive = n.exclusive || strings.Contains(u.Flags, "O_EXCL") && strings.Contains(u.Flags, "O_RDWR")
		n.member, n.stdio = d.isMember(path), d.stdio[path]&op != 0 && !device(path)
	}
}

// device says whether a path is a device that programs open by its name, whatever their standard input and output are.
func device(path string) bool {
	switch path {
	case "/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx":
		return true
	}
	return false
}

func (d *demands) add(n demand, count int) *demand {
	key := demandKey{n.op, n.path, n.address, n.own, n.failed, n.as}
	known := d.known[key]
	if known == nil {
		known = &n
		d.known[key] = known
		d.list = append(d.list, known)
	}
	known.count += count
	return known
}

// isMember says whether a path lies in /proc/PID of a process that was recorded.
func (d *demands) isMember(path string) bool {
	rest, ok := strings.CutPrefix(path, "/proc/")
	number, _, _ := strings.Cut(rest, "/")
	pid, err := strconv.Atoi(number)
	return ok && err == nil && d.pids[pid]
}

// program takes in what a process became: a script if it runs one, for whoever may run that may run its interpreter.
// Rules that allow are told apart by the name a program is called by, others by all its words (words).
func (d *demands) program(x *trail.Exec, words bool, identify Identify) {
	n := demand{op: access.Exec, path: x.Path, by: x.Proc, at: x.At, exec: x}
	if x.Script != "" {
		n.path = x.Script
	}
	if len(x.Argv) > 0 {
		n.as = x.Argv[0]
	}
	if len(x.Names) > 0 {
		n.as += "\x00" + x.Names[0] // by an applet's name, or only by its first argument
	}
	if words {
		n.as = strings.Join(x.Argv, "\x00")
	}
	known := d.add(n, 1)
	if known.id != nil {
		return
	}
	if identify != nil {
		known.id = identify(&x.Executed)
	}
	if known.id == nil {
		known.id = identityOf(&x.Executed)
	}
}

// query asks a policy about a demand. ok is false for what rules do not judge one by one.
func (n *demand) query() (q policy.Query, ok bool) {
	q = policy.Query{Op: n.op, Path: []byte(n.path), Member: n.member, Stdio: n.stdio}
	if n.address == "" {
		return q, true
	}
	a, path, err := access.ParseAddress(n.address)
	if err != nil {
		return q, false
	}
	q.Path, q.Addr, q.Owner = path, &a, owned(n.own)
	if n.host != "" {
		q.Hosts = []string{n.host}
	}
	return q, true
}

// owned answers whether the tree holds an address.
type owned bool

// Owns implements policy.Owner.
func (o owned) Owns(*access.Address) bool { return bool(o) }

// decide is what a policy says to a demand.
func (n *demand) decide(p *policy.Policy) policy.Decision {
	if n.op == access.Exec {
		d := p.DecideExec(n.id)
		return d.Decision
	}
	if family, ok := strings.CutPrefix(n.address, "family:"); ok {
		if number, known := access.FamilyByName(family); known {
			return p.Family(number)
		}
	}
	q, ok := n.query()
	if !ok {
		return policy.Decision{Action: policy.Allow, Rule: new(policy.Rule)}
	}
	return p.Decide(&q)
}
