package record

import (
	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// special are calls that stop under tests of their own, none of which is about a name: each list of tests is an
// alternative, an empty one holds always. Most change what a process sees or with which rights, so that nothing can be
// predicted for it any more (process.apart).
var special = map[string][][]syscalls.Test{
	// Leases and flags of descriptors are of no interest.
	"fcntl":   nil,
	"fcntl64": nil,

	"clone3": {{}}, // its flags are in memory
	"prctl":  {{{Arg: 0, Mask: 1<<32 - 1, Value: unix.PR_SET_SECCOMP}}},

	"unshare": {{}}, "setns": {{}}, "seccomp": {{}}, "landlock_restrict_self": {{}}, "capset": {{}},
	"setuid": {{}}, "setgid": {{}}, "setreuid": {{}}, "setregid": {{}}, "setresuid": {{}}, "setresgid": {{}},
	"setfsuid": {{}}, "setfsgid": {{}}, "setgroups": {{}},
	"setuid32": {{}}, "setgid32": {{}}, "setreuid32": {{}}, "setregid32": {{}}, "setresuid32": {{}}, "setresgid32": {{}},
	"setfsuid32": {{}}, "setfsgid32": {{}}, "setgroups32": {{}},

	"io_uring_setup": {{}},
}

// specialTests returns the alternatives under which a call stops; listed is false for calls that are judged by what
// they name.
func specialTests(abi *arch.ABI, name string) (tests [][]syscalls.Test, listed bool) {
	if name != "clone" {
		tests, listed = special[name]
		return tests, listed
	}
	flags := cloneFlags(abi)
	return [][]syscalls.Test{
		{{Arg: flags, Mask: newSpaces | unix.CLONE_UNTRACED, Not: true}},
		{{Arg: flags, Mask: unix.CLONE_FS, Not: true}, {Arg: flags, Mask: unix.CLONE_THREAD}},
	}, true
}

// newSpaces are the namespaces that clone(2) makes.
const newSpaces = unix.CLONE_NEWNS | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP

// emptySpace is CLONE_EMPTY_MNTNS, which only clone3(2) takes (Linux 7.1).
const emptySpace = 1 << 37

// cloneFlags is the argument of clone(2) that has its flags: s390 has them second (CONFIG_CLONE_BACKWARDS2).
func cloneFlags(abi *arch.ABI) uint8 {
	const emS390 = 22
	if uint16(abi.Audit) == emS390 {
		return 1
	}
	return 0
}
