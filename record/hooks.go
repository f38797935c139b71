package record

import (
	"os"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Where the recorder calls out to what else is recorded than files: addresses and names, what is written to descriptor 2,
// signals, hints, names of programs, a policy's opinion, errors made up, and breakpoints. All are called on the tracer's
// thread at a stop of the task.

// cmdExtras are the fields of Cmd that belong to them.
type cmdExtras struct {
	// Policy, if not nil, is what the recording is compared with: lines say which rule would deny. Policies are the names
	// of what it was loaded from.
	Policy   *policy.Policy
	Policies []string
	// Injections are errors that are made up.
	Injections []*Injection
	// Breaks are conditions at which OnBreak is called, on a goroutine of its own, while the tree stands still. It says
	// whether the run goes on; if not it ends as by Interrupt.
	Breaks  []*Break
	OnBreak func(*Stopped) (goOn bool)
}

// recorderExtras are their state of a run.
type recorderExtras struct {
	names    names
	applets  *applets
	against  *judge
	injected injections
	breaks   [breakFailure + 1][]*Break
	failed   bool   // a failure was stopped at
	givenUp  bool   // at a breakpoint
	pidSpace string // the recorder's PID namespace
	unheard  bool   // the command's own standard error is /dev/null: then that is as good as any
}

// processExtras are their state of a process.
type processExtras struct {
	// program is the last it became, its own or that of who made it.
	program *event.Executed
	said    *said
	talks   []*conversation
	reaches map[int][]*reach // by task
	sending map[int]sending  // by task
	sent    []string         // addresses of messages
	hinted  uint8
	// diverted: its descriptor 1 is for a while what 2 is.
	diverted bool
}

// extraRow says which calls stop for them: a row without clauses and with Else Allow means none of that call's.
func extraRow(abi *arch.ABI, e syscalls.Entry) (row syscalls.Row) {
	call := e.Call
	if netOps[call.Name] != "" || call.Name == "socketcall" {
		netRow(&row, call)
	}
	if call == callWrite || call == callWritev {
		row.Clauses = append(row.Clauses, syscalls.Clause{
			Tests: []syscalls.Test{{Arg: 0, Mask: 1<<32 - 1, Value: 2}}, Verdict: stop,
		})
	}
	if call == callDup2 || call == callDup3 {
		row.Clauses = append(row.Clauses, divertClause)
	}
	if _, sends := signalArg[call]; sends {
		signalRow(&row, call)
	}
	if _, hints := hintOf[call]; hints {
		hintRow(&row, abi, call)
	}
	for i := range row.Clauses {
		row.Clauses[i].Tests = syscalls.InWords(abi, row.Clauses[i].Tests)
	}
	return row
}

// looks has how each call that stops for them is looked at.
var looks = func() map[*syscalls.Call]func(*recorder, *tracer.Task, *process, *syscalls.Invocation) tracer.Action {
	m := map[*syscalls.Call]func(*recorder, *tracer.Task, *process, *syscalls.Invocation) tracer.Action{
		callWrite: (*recorder).says, callWritev: (*recorder).says,
		callDup2: (*recorder).diverts, callDup3: (*recorder).diverts,
	}
	for call := range hintOf {
		m[call] = (*recorder).hints
	}
	for call := range signalArg {
		m[call] = (*recorder).kills
	}
	for name := range netOps {
		m[syscalls.ByName(name)] = (*recorder).onSocket
	}
	m[syscalls.ByName("socketcall")] = (*recorder).onSocket
	delete(m, nil) // of a call that no port has
	return m
}()

// begin is called before the command starts.
func (r *recorder) begin(c *Cmd) error {
	r.names.readHosts(hostsFile())
	r.applets = newApplets(r.slow)
	r.injected = c.Injections
	r.unheard = c.Stderr == nil || isNull(unix.Getpid(), int(c.Stderr.Fd()))
	r.sortBreaks()
	if c.Policy != nil {
		r.against = newJudge(c.Policy, [3]*os.File{c.Stdin, c.Stdout, c.Stderr})
	}
	return nil
}

// closeExtras gives back what they hold.
func (r *recorder) closeExtras() { r.against.close() }

// called is told of a call that extraRow lets stop or that acts on a socket, at its entry. mine says that it is not to be
// looked at as a call on files; exit asks for returned.
func (r *recorder) called(t *tracer.Task, p *process, inv *syscalls.Invocation) (action tracer.Action, mine bool) {
	if look := looks[inv.Call]; look != nil {
		return look(r, t, p, inv), true
	}
	r.joined(t, p)
	return action, false
}

// joined is told of a thread that is new, or makes a call that stops: what it says to a name service is looked at too.
func (r *recorder) joined(t *tracer.Task, p *process) {
	if len(p.talks) > 0 {
		t.Follow(followedCalls)
	}
}

// returned is told of the result of a call that called asked the exit of.
func (r *recorder) returned(t *tracer.Task, p *process, inv *syscalls.Invocation, result int64) {
	r.reached(t, p, result)
	r.sent(t, p, result)
	if len(p.talks) > 0 {
		r.received(t, p, inv, result)
	}
}

// followed is told of a call of a task that is followed (tracer.Task.Follow).
func (r *recorder) followed(t *tracer.Task, p *process, inv *syscalls.Invocation) tracer.Action {
	r.saysOnward(t, p, inv)
	if len(p.talks) == 0 && !p.diverted {
		t.Unfollow()
	}
	action := r.talks(t, p, inv)
	if action.Exit {
		r.wait(t, inv).hooked = true
	}
	return action
}

// namesOf returns the names by which exec rules know what t has become, besides the base of x.Path. It is told of each
// program before it is emitted.
func (r *recorder) namesOf(t *tracer.Task, p *process, x *event.Executed) []string {
	r.hangUpAll(p)
	p.hinted, p.diverted = 0, false
	if r.against == nil || !r.against.policy.Polices(access.Exec) {
		return r.applets.names(t, x)
	}
	id := r.applets.identify(t, x, r.against.policy.Originals())
	if id == nil {
		return nil
	}
	d := r.against.policy.DecideExec(id)
	x.Denied = r.against.verdict(&d.Decision)
	return calledBy(id, x)
}

// judge sets u.Denied.
func (r *recorder) judge(p *process, u *event.Used) {
	if r.against != nil {
		u.Denied = r.against.used(r, u)
	}
}

// injects says whether any call may have to fail: then inject is asked about each, before it runs. u has everything but the
// result.
func (r *recorder) injects() bool { return len(r.injected) > 0 }

func (r *recorder) inject(p *process, u *event.Used) unix.Errno { return r.injected.of(u) }

// executed, used and ended are told of what was just emitted. They may wait: the tree stands still meanwhile, except what
// is not stopped.
func (r *recorder) executed(t *tracer.Task, p *process, x *event.Executed) {
	p.program = &event.Executed{Path: x.Path, Typed: x.Typed, Script: x.Script, Names: x.Names, Argv: x.Argv}
	r.breakAtExec(t, p, x)
}

func (r *recorder) used(t *tracer.Task, p *process, u *event.Used) {
	if len(r.breaks[breakOpen])+len(r.breaks[breakWrite]) > 0 {
		r.breakAtUse(t, p, u)
	}
}

func (r *recorder) ended(p *process, e *event.Ended) {}

// leaving is told of a process at its end, when it still has its memory and its entry in /proc.
func (r *recorder) leaving(t *tracer.Task, p *process, status unix.WaitStatus) {
	if len(r.breaks[breakExit])+len(r.breaks[breakFailure]) > 0 {
		r.breakAtEnd(t, p, status)
	}
}

// ending is called before the end of a process is emitted, and for what lives on at the end of a recording.
func (r *recorder) ending(p *process) {
	r.hangUpAll(p)
	r.tellSaid(p)
}
