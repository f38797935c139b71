package sandbox

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/policy"
	"sydbox/syscalls"
)

// move is what a call does to names that an object has already.
type move uint8

const (
	moveNone     move = iota
	moveOne           // the first object gets the second name: rename, link
	moveExchange      // each gets the other's name
)

// renameFlags is the argument of renameat2 with RENAME_EXCHANGE in it.
const renameFlags = 4

func moveOf(inv *syscalls.Invocation) move {
	switch {
	case !policy.Moves(inv.Call.Name):
		return moveNone
	case inv.Call.Name == "renameat2" && inv.Uint(renameFlags)&unix.RENAME_EXCHANGE != 0:
		return moveExchange
	}
	return moveOne
}

// launders says whether an allowed rename or link would give the object, or something below it that a rule names, a
// right that it has not got where it is. Such a call fails with EXDEV: mv then copies, and the copy is judged.
func (b *box) launders(inv *syscalls.Invocation) bool {
	m := moveOf(inv)
	if m == moveNone || b.acc.N < 2 {
		return false
	}
	from, to := &b.acc.List[0].Object, &b.acc.List[1].Object
	if b.movesInto(from, to) {
		return true
	}
	return m == moveExchange && b.movesInto(to, from)
}

func (b *box) movesInto(from, to *access.Object) bool {
	if from.Kind == access.Missing || len(from.Path) == 0 || len(to.Path) == 0 {
		return false
	}
	return b.policy.Launders(from.Path, to.Path, from.Kind == access.Directory)
}

// moveVerdict is the verdict about a move that launders, unless the kernel refuses it anyway.
func moveVerdict(natural syscall.Errno) verdict {
	return verdict{
		decision: policy.Decision{Action: policy.Deny, Errno: unix.EXDEV},
		op:       access.Create,
		index:    1,
		natural:  natural,
		why:      "moved there, it would escape a rule that names it or something below it; a copy is judged",
	}
}
