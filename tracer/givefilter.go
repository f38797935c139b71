package tracer

import (
	"cmp"
	"slices"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// giveNumber is the call number that asks for what the tracer has opened, the letters "SY". No kernel has it in any ABI:
// the highest numbers are below 600 above their base, and the bases are 0, 4000, 5000, 6000 (MIPS), 0xf0000 (arm's own
// calls) and x32's bit. It has 16 bits because s390 keeps no more. A kernel that had it could not run it: the filter's
// answer to it is Notify.
const giveNumber = 0x5359

// giveMark is in argument 5 of those calls (marked) where the number must stay what it is. It is no address in
// any ABI, whole or cut to 32 bits.
const giveMark = 0x5359_4442_4f58_2d47

const low32 = 1<<32 - 1

// markedArg is the argument that takes giveMark.
const markedArg = 5

// marked lists the calls that can be answered under their own number: those that return a descriptor for a name, and
// those of sockets. None has an argument 5 but sendto, where it is the length of an address, and none is so long.
var marked = []string{
	"open", "openat", "openat2", "creat", "socketcall", "connect", "bind", "listen", "sendto", "sendmsg", "sendmmsg",
}

// WithGive returns a copy of f that lets a Handler answer with Give: the private number, and the private mark on calls
// that open, wait for the tracer's listener (Plan.Listener). Without one both are ENOSYS and nothing else changes.
//
// It also makes a task stop that installs a filter of its own (seccomp, prctl), because such a filter sees the private
// number too, and one that makes a process that shares its descriptors or may (clone, clone3: SharesFiles). The Handler
// is asked about those calls as about any other. Only ABIs whose calls run at all are touched.
func WithGive(f *syscalls.Filter) *syscalls.Filter {
	g := &syscalls.Filter{Foreign: f.Foreign, ABIs: slices.Clone(f.ABIs)}
	for i := range g.ABIs {
		if table := &g.ABIs[i]; len(table.Rows) > 0 {
			table.Rows = withGive(table.ABI, table.Rows)
		}
	}
	return g
}

func withGive(abi *arch.ABI, rows []syscalls.Row) []syscalls.Row {
	const why = "what the tracer answers"
	notify := syscalls.Verdict{Kind: syscalls.Notify}
	rows = slices.Clone(rows)
	for i := range rows {
		row := &rows[i]
		switch {
		case slices.Contains(marked, row.Name) && stopsAtAll(row):
			c := syscalls.Clause{Tests: []syscalls.Test{markTest(abi)}, Verdict: notify, Why: why}
			row.Clauses = append([]syscalls.Clause{c}, row.Clauses...)
		case row.Else.Kind == syscalls.Allow && (row.Name == "seccomp" || row.Name == "prctl"):
			c := syscalls.Clause{Tests: []syscalls.Test{filterTest(row.Name)}, Why: "a filter of the task's own"}
			c.Verdict.Kind = syscalls.Trace
			row.Clauses = append(slices.Clip(row.Clauses), c)
		case row.Else.Kind == syscalls.Allow && row.Name == "clone":
			c := syscalls.Clause{Tests: []syscalls.Test{sharerTest(abi)}, Why: "a process that shares descriptors"}
			c.Verdict.Kind = syscalls.Trace
			row.Clauses = append(slices.Clip(row.Clauses), c)
		case row.Else.Kind == syscalls.Allow && row.Name == "clone3":
			row.Else.Kind, row.Why = syscalls.Trace, "a process that may share descriptors"
		}
	}
	nr := giveNumber | abi.NumberBit
	at, _ := slices.BinarySearchFunc(rows, nr, func(r syscalls.Row, nr uint32) int { return cmp.Compare(r.Nr, nr) })
	return slices.Insert(rows, at, syscalls.Row{Nr: nr, Name: "give", Else: notify, Why: why})
}

func stopsAtAll(row *syscalls.Row) bool {
	return row.Else.Kind == syscalls.Trace ||
		slices.ContainsFunc(row.Clauses, func(c syscalls.Clause) bool { return c.Verdict.Kind == syscalls.Trace })
}

func markTest(abi *arch.ABI) syscalls.Test {
	t := syscalls.Test{Arg: markedArg, Mask: ^uint64(0), Value: giveMark}
	if abi.WordSize == 4 {
		t.Mask, t.Value = low32, giveMark&low32
	}
	return t
}

// filterTest holds for the call of that name if it installs a filter: seccomp(2), prctl(2) PR_SET_SECCOMP. The kernel
// reads both first arguments as 32 bits.
func filterTest(name string) syscalls.Test {
	operation := uint64(unix.SECCOMP_SET_MODE_FILTER)
	if name == "prctl" {
		operation = unix.PR_SET_SECCOMP
	}
	return syscalls.Test{Arg: 0, Mask: low32, Value: operation}
}

// installsFilter says whether a call that stopped is such a one.
func installsFilter(inv *syscalls.Invocation) bool {
	if inv.Call != callSeccomp && inv.Call != callPrctl {
		return false
	}
	return filterTest(inv.Call.Name).Holds(&inv.Args)
}

// stopsFilters says whether the filter lets no task install one unseen.
func (t *tracer) stopsFilters() bool {
	return !t.freesAnywhere("seccomp", unix.SECCOMP_SET_MODE_FILTER) && !t.freesAnywhere("prctl", unix.PR_SET_SECCOMP)
}

var callSeccomp, callPrctl = syscalls.ByName("seccomp"), syscalls.ByName("prctl")
