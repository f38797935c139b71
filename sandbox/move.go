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
	moveLink          // no object moves, but a symbolic link gets a name below which another directory then appears
)

// renameFlags is the argument of renameat2 with RENAME_EXCHANGE in it.
const renameFlags = 4

func moveOf(inv *syscalls.Invocation) move {
	switch {
	case inv.Call == callSymlink, inv.Call == callSymlinkat:
		return moveLink
	case !policy.Moves(inv.Call.Name):
		return moveNone
	case inv.Call.Name == "renameat2" && inv.Uint(renameFlags)&unix.RENAME_EXCHANGE != 0:
		return moveExchange
	}
	return moveOne
}

var (
	callSymlink   = syscalls.ByName("symlink")
	callSymlinkat = syscalls.ByName("symlinkat")
)

// launders says whether an allowed rename or link would give the object, or something below it that a rule names, a
// right that it has not got where it is, or would bring something to a name that nobody may create. Such a call fails
// with EXDEV: mv then copies, and the copy is judged. A symbolic link does the latter as well.
func (b *box) launders(inv *syscalls.Invocation) bool {
	m := moveOf(inv)
	if m == moveNone || ablated(protectMoves) {
		return false
	}
	if m == moveLink {
		return b.acc.N == 1 && len(b.acc.List[0].Object.Path) != 0 && b.policy.Plants(b.acc.List[0].Object.Path)
	}
	if b.acc.N < 2 {
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
	if from.Kind == access.Symlink && b.policy.Plants(to.Path) && !b.policy.Plants(from.Path) {
		return true
	}
	return b.policy.Launders(from.Path, to.Path, from.Kind == access.Directory)
}

// moveVerdict is the verdict about a move in b.acc that launders, unless the kernel refuses it anyway.
func (b *box) moveVerdict(natural syscall.Errno) verdict {
	if b.acc.N == 1 {
		return verdict{
			decision: policy.Decision{Action: policy.Deny, Errno: unix.EACCES},
			op:       access.Create,
			natural:  natural,
			why:      "below a link of that name something would appear that a rule keeps from being made",
		}
	}
	return verdict{
		decision: policy.Decision{Action: policy.Deny, Errno: unix.EXDEV},
		op:       access.Create,
		index:    1,
		natural:  natural,
		why: "moved there, it would escape a rule that names it or something below it, or bring something to a name " +
			"that a rule keeps from being made; a copy is judged",
	}
}
