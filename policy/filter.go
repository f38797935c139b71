package policy

import (
	"slices"
	"syscall"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/syscalls"
)

// unknownAnswer is for numbers that no table has: one that is not known here may be a new way to a file. It is what
// x32 gets too, as from a kernel without it: a process would gain nothing but numbers that differ. foreignAnswer is
// for calls of an ABI that this machine should not have: no program that means well makes one.
var (
	unknownAnswer = failWith(syscall.ENOSYS)
	foreignAnswer = syscalls.Verdict{Kind: syscalls.Kill}
	stopAnswer    = syscalls.Verdict{Kind: syscalls.Trace}
)

func failWith(errno syscall.Errno) syscalls.Verdict {
	return syscalls.Verdict{Kind: syscalls.Fail, Errno: uint16(errno)}
}

// Filter tells what the prefilter does with each call of the given ABIs, the native one first: calls that [harden]
// deny_calls names and refusals that are not lifted come first, then stops for operations that a rule could deny, and what is left
// runs freely.
func (p *Policy) Filter(abis []*arch.ABI, opt FilterOptions) *syscalls.Filter {
	f := &syscalls.Filter{Foreign: foreignAnswer}
	for _, abi := range abis {
		table := syscalls.ABIFilter{ABI: abi, Unknown: unknownAnswer}
		if served(abi) {
			all := syscalls.All(abi)
			table.Rows = make([]syscalls.Row, 0, len(all))
			for _, e := range all {
				table.Rows = append(table.Rows, p.row(abi, e, opt))
			}
		}
		f.ABIs = append(f.ABIs, table)
	}
	return f
}

// served says whether calls of the ABI run at all. Those of x32 do not: they answer as on a kernel without it.
func served(abi *arch.ABI) bool { return abi.NumberBit == 0 }

// Traces says whether the call of that name can stop under this policy, in any ABI of this machine.
func (p *Policy) Traces(name string) bool {
	for _, abi := range arch.Native() {
		nr, ok := syscalls.Number(abi, name)
		if !ok || !served(abi) {
			continue
		}
		row := p.row(abi, syscalls.Entry{Nr: nr, Call: syscalls.ByName(name)}, FilterOptions{})
		if row.Else.Kind == syscalls.Trace {
			return true
		}
		for _, c := range row.Clauses {
			if c.Verdict.Kind == syscalls.Trace {
				return true
			}
		}
	}
	return false
}

// row is what happens to one call.
func (p *Policy) row(abi *arch.ABI, e syscalls.Entry, opt FilterOptions) syscalls.Row {
	row := syscalls.Row{Nr: e.Nr, Name: e.Call.Name}
	if !opt.FreeCalls && p.denyRow(abi, &row, e.Call) {
		return row
	}
	if makesSockets(e.Call) {
		row.Clauses = familyClauses(p.families.denied)
	}
	conditions := p.conditionsOf(abi, e.Call)
	for i := range conditions {
		c := &conditions[i]
		if !p.stands(c) || c.signal && opt.SignalsScoped {
			continue
		}
		verdict := failWith(c.error())
		if c.stop {
			verdict = stopAnswer
		}
		if len(c.tests) == 0 {
			row.Else, row.Why = verdict, c.refusal
			return row
		}
		addClause(&row, syscalls.Clause{Tests: syscalls.InWords(abi, c.tests), Verdict: verdict, Why: c.refusal})
	}
	if makesSockets(e.Call) {
		row.Clauses = append(row.Clauses, familyClauses(p.families.warned)...)
	}
	demands := access.Demands(abi, e.Call)
	for _, d := range demands {
		if ops := p.policedOps(e.Call, d.Ops); ops != 0 && len(d.When) == 0 {
			// The demands with tests make no difference but to people: they add what they are for.
			row.Else = stopAnswer
			row.Why = p.policedOps(e.Call, union(demands)).String()
			return row
		}
	}
	for _, d := range demands {
		if ops := p.policedOps(e.Call, d.Ops); ops != 0 {
			addClause(&row, syscalls.Clause{Tests: syscalls.InWords(abi, d.When), Verdict: stopAnswer, Why: ops.String()})
		}
	}
	if Moves(e.Call.Name) && p.judgedByName() != 0 {
		row.Else, row.Why = stopAnswer, "a move out of a rule's reach" // see Launders
	}
	if restrictsItself(e.Call.Name) && p.polices != 0 {
		// What is done for a task must not be more than it has left itself.
		row.Else, row.Why = stopAnswer, "a domain that calls done for the task must respect"
	}
	if e.Call.Name == "chroot" && p.Polices(access.Exec) {
		row.Else, row.Why = stopAnswer, "a root in which names of programs lead elsewhere"
	}
	if e.Call.Name == "prctl" && p.WatchesApplets() {
		addClause(&row, syscalls.Clause{Tests: syscalls.InWords(abi, announces), Verdict: stopAnswer, Why: access.Exec.String()})
	}
	return row
}

// restrictsItself says whether a call enters a Landlock domain or changes what one is made of.
func restrictsItself(name string) bool {
	return name == "landlock_restrict_self" || name == "landlock_add_rule"
}

// announces: a BusyBox names its process as the applet that it will run without an exec (prctl(2), PR_SET_NAME). The
// kernel reads the option as an int.
var announces = []syscalls.Test{{Arg: 0, Mask: int32Mask, Value: prSetName}}

const prSetName = 15

// policedOps returns those of ops that a rule, or the refusal of outsiders, could deny: files of theirs are below /proc.
func (p *Policy) policedOps(call *syscalls.Call, ops access.Op) (policed access.Op) {
	for op := range ops.Ops() {
		if p.Polices(op) || op == access.Write && contents(call) && !p.Lifted(outsiders) || dissolves(call, op) && p.Polices(access.Bind) {
			policed |= op
		}
	}
	return policed
}

// dissolves says whether a call can take back what its socket was bound to: connect to AF_UNSPEC does, and with it goes what
// keeps a socket that `local` allows from hearing others.
func dissolves(call *syscalls.Call, op access.Op) bool {
	return op == access.Connect && (call.Name == "connect" || call.Name == "socketcall")
}

func union(demands []access.Demand) (ops access.Op) {
	for _, d := range demands {
		ops |= d.Ops
	}
	return ops
}

// addClause appends a clause, or widens the last one.
func addClause(row *syscalls.Row, c syscalls.Clause) {
	if n := len(row.Clauses); n > 0 && widen(&row.Clauses[n-1], &c) {
		return
	}
	row.Clauses = append(row.Clauses, c)
}

// widen makes c of two clauses with the same answer whose tests are the same but for one that asks whether any of some
// bits is set: any bit of both together is one test.
func widen(c, other *syscalls.Clause) bool {
	why, ok := joinWhy(c.Why, other.Why)
	if !ok || c.Verdict != other.Verdict || len(c.Tests) != len(other.Tests) {
		return false
	}
	differs := -1
	for i := range c.Tests {
		a, b := c.Tests[i], other.Tests[i]
		switch {
		case a == b:
		case differs < 0 && anyBit(a) && anyBit(b) && a.Arg == b.Arg:
			differs = i
		default:
			return false
		}
	}
	c.Why = why
	if differs >= 0 {
		c.Tests = slices.Clone(c.Tests) // those of a condition are shared
		c.Tests[differs].Mask |= other.Tests[differs].Mask
	}
	return true
}

// anyBit says that the test holds if any of some bits is set.
func anyBit(t syscalls.Test) bool { return t.Not && t.Value == 0 }

// joinWhy joins sets of operations; other reasons join only with themselves.
func joinWhy(a, b string) (string, bool) {
	if a == b {
		return a, true
	}
	opsA, errA := access.ParseOp(a)
	opsB, errB := access.ParseOp(b)
	return (opsA | opsB).String(), errA == nil && errB == nil
}
