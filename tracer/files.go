package tracer

import (
	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// Who shares a descriptor table. Threads do, as a rule. A process does with its creator if it was made with CLONE_FILES,
// until it becomes another program (begin_new_exec unshares the table); nearly none is. So births are not looked at:
// WithGive makes those calls stop that make such a process, and those whose flags a filter cannot see (clone3). Nothing
// else joins two tables.

// fileTable is a descriptor table that more than one process has, or may have.
type fileTable struct {
	users   int
	doubted bool // somebody may share it who is not counted
}

// SharesFiles says whether another task may share the descriptor table of the process's tasks: because there is more
// than one, or because it was made with CLONE_FILES, or made another so, since its last exec. Where nobody knows it is
// true: for children of a task that was killed while it made them, and for all without WithGive. Threads that have got
// tables of their own (unshare(2), CLOSE_RANGE_UNSHARE) count as sharing. Workers of io_uring are no tasks, and act on
// the table all the same.
//
// What it says holds as long as the task is stopped that the Handler is being asked about.
func (p *Process) SharesFiles() bool {
	return p.Tasks > 1 || p.files != nil && (p.files.users > 1 || p.files.doubted)
}

// shareFiles is for a child that has its parent's table.
func (p *Process) shareFiles(child *Process) {
	if p.files == nil {
		p.files = &fileTable{users: 1}
	}
	child.files = p.files
	p.files.users++
}

// doubtFiles is for a process that may share its table with somebody.
func (p *Process) doubtFiles() {
	if p.files == nil {
		p.files = &fileTable{users: 1}
	}
	p.files.doubted = true
}

// leaveFiles is for a process that ends. Who may have shared its table with others unknown goes on to be doubted.
func (p *Process) leaveFiles() {
	if p.files != nil {
		p.files.users--
	}
}

// ownFiles is for a process that has executed a program.
func (p *Process) ownFiles() {
	p.leaveFiles()
	p.files = nil
}

// bornFiles is for a new process, once its creator has said so.
func (t *tracer) bornFiles(creator *Task, child *Process) {
	switch {
	case !t.tellsSharers:
		creator.Process.doubtFiles()
		child.doubtFiles()
	case creator.state.sharer == sharerSurely:
		creator.Process.shareFiles(child)
	case creator.state.sharer == sharerPerhaps:
		creator.Process.doubtFiles()
		child.doubtFiles()
	}
	creator.state.sharer = sharerNot
}

// sharer says of a task's call whether the process that it makes shares the task's descriptors.
type sharer uint8

const (
	sharerNot sharer = iota
	sharerSurely
	sharerPerhaps
)

// makesSharer looks at a call that stopped. One that fails is taken for one that is still to come, until another stops.
func makesSharer(inv *syscalls.Invocation) sharer {
	switch {
	case inv.Call == callClone3:
		return sharerPerhaps
	case inv.Call == callClone && sharerTest(inv.ABI).Holds(&inv.Args):
		return sharerSurely
	}
	return sharerNot
}

// sharerTest holds for a clone(2) that makes a process with its creator's descriptor table.
func sharerTest(abi *arch.ABI) syscalls.Test {
	const emS390 = 22
	flags := uint8(0)
	if uint16(abi.Audit) == emS390 {
		flags = 1 // CONFIG_CLONE_BACKWARDS2
	}
	return syscalls.Test{Arg: flags, Mask: unix.CLONE_FILES | unix.CLONE_THREAD, Value: unix.CLONE_FILES}
}

var callClone, callClone3 = syscalls.ByName("clone"), syscalls.ByName("clone3")

// stopsSharers says whether the filter lets no process be made unseen that shares its creator's descriptors.
func (t *tracer) stopsSharers() bool {
	return !t.freesAnywhere("clone", unix.CLONE_FILES) && !t.freesAnywhere("clone3", 0)
}
