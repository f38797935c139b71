package sandbox

import (
	"golang.org/x/sys/unix"

	"sydbox/deputy"
	"sydbox/syscalls"
	"sydbox/tracer"
)

var callRestrictSelf = syscalls.ByName("landlock_restrict_self")

// domain is a Landlock domain that a process of the tree put itself into. What the tracer does for it is done under
// the same rulesets, else asking the tracer would be the way out of it.
//
// A domain is a thread's; it is kept here for the whole process, because a thread's exec leaves no trace of which
// thread it was. Other threads of such a process may then do less than they could, which no known program minds: those
// that use Landlock restrict all their threads, or have one.
type domain struct {
	parent  *domain
	ruleset int // a descriptor of this process
	hand    *deputy.Hand
	users   int  // processes, and domains below
	count   *int // of living hands
}

// domains has the domain of each process that is in one, by TGID. Nearly always it is empty.
type domains struct {
	of map[int]*domain
	// wanted are rulesets of calls that have not returned yet, by TID.
	wanted map[int]int
	hands  int // that live
}

// restrict notes what a task restricts itself with. The call itself is the kernel's.
func (s *domains) restrict(t *tracer.Task, inv *syscalls.Invocation) tracer.Action {
	s.forget(t.TID)
	if inv.Int(0) == noRuleset {
		return tracer.Action{}
	}
	ruleset, errno := descriptorOf(t, inv.Int(0))
	switch errno {
	case 0:
	case unix.EBADF:
		ruleset = unknownRuleset // the kernel will say the same, unless another thread opens one now
	default:
		// Without the ruleset the tracer would act outside of the domain. Programs go on without one.
		return tracer.Deny(unix.ENOSYS)
	}
	if s.wanted == nil {
		s.wanted = make(map[int]int)
	}
	s.wanted[t.TID] = ruleset
	return tracer.Action{Exit: true}
}

// restricted is told how the call ended.
func (s *domains) restricted(t *tracer.Task, result int64, o deputy.Options) {
	ruleset, ok := s.wanted[t.TID]
	delete(s.wanted, t.TID)
	if !ok {
		return
	}
	tgid := t.Process.TGID
	outer := s.of[tgid]
	if result != 0 || outer != nil && ruleset != unknownRuleset && sameFile(outer.ruleset, ruleset) {
		closeRuleset(ruleset) // failed, or another thread of the same process that does what the first did
		return
	}
	d := &domain{parent: outer, ruleset: ruleset, users: 1}
	// It keeps the outer one's count: what was the process's is now the inner domain's.
	if s.hands < maxHands && d.known() {
		if hand, err := deputy.NewHand(o, d.rulesets()); err == nil {
			d.hand, d.count = hand, &s.hands
			s.hands++
		}
	}
	if s.of == nil {
		s.of = make(map[int]*domain)
	}
	s.of[tgid] = d
}

// noRuleset, with LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF (Linux 6.15), changes what is told of domains to come and
// restricts nothing; without it the kernel says EBADF.
const noRuleset = -1

// unknownRuleset stands for one that could not be had. Nobody can act in a domain made of it.
const unknownRuleset = -1

func closeRuleset(fd int) {
	if fd != unknownRuleset {
		unix.Close(fd)
	}
}

// known says whether all rulesets of a domain are.
func (d *domain) known() bool {
	for ; d != nil; d = d.parent {
		if d.ruleset == unknownRuleset {
			return false
		}
	}
	return true
}

// rulesets lists those of a domain, the outermost first.
func (d *domain) rulesets() []int {
	if d == nil {
		return nil
	}
	return append(d.parent.rulesets(), d.ruleset)
}

// born gives a child its parent's domain.
func (s *domains) born(parent, child *tracer.Task) {
	if len(s.of) == 0 || parent == nil || parent.Process == child.Process {
		return
	}
	if d := s.of[parent.Process.TGID]; d != nil {
		d.users++
		s.of[child.Process.TGID] = d
	}
}

// died takes leave of a task.
func (s *domains) died(t *tracer.Task) {
	s.forget(t.TID)
	if t.Process.Tasks > 0 {
		return
	}
	d := s.of[t.Process.TGID]
	delete(s.of, t.Process.TGID)
	for ; d != nil; d = d.parent {
		if d.users--; d.users > 0 {
			return
		}
		d.close()
	}
}

func (s *domains) forget(tid int) {
	if ruleset, ok := s.wanted[tid]; ok {
		closeRuleset(ruleset)
		delete(s.wanted, tid)
	}
}

// close ends all, when the run is over.
func (s *domains) close() {
	for tid := range s.wanted {
		s.forget(tid)
	}
	closed := make(map[*domain]bool)
	for _, d := range s.of {
		for ; d != nil && !closed[d]; d = d.parent {
			closed[d] = true
			d.close()
		}
	}
	s.of = nil
}

func (d *domain) close() {
	closeRuleset(d.ruleset)
	if d.hand != nil {
		d.hand.Close()
		*d.count--
	}
}
