package record

import (
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// predict says what a call will come to, if that is certain: because the recorder has asked the kernel the same
// question with the same rights, or because the name is not there. An exit stop costs several times as much.
//
// Left out is what has nothing to do with files: a result that does not fit into memory (EFAULT), a process at its
// limit of descriptors (EMFILE comes before ENOENT), and what other processes change between the recorder's look and
// the kernel's.
func (r *recorder) predict(inv *syscalls.Invocation, info *callInfo) (errno syscall.Errno, sure bool) {
	n := &r.find.names[0]
	if info.guess == guessNothing || !n.sure || inv.ABI != r.native || len(r.acc.List[0].Name.UnsafePath) == 0 {
		return 0, false // 32-bit calls have errors of their own (EOVERFLOW), and so have names that are descriptors
	}
	if invalid(inv, info) {
		return 0, false
	}
	switch n.errno {
	case unix.ENOENT, unix.ENOTDIR:
		return n.errno, info.guess != guessMissing || !r.acc.List[0].Name.Create
	case 0:
	default: // a directory on the way that the recorder may not search, though the process need not
		return n.errno, false
	}
	switch info.guess {
	case guessStat:
		return 0, true
	case guessLink:
		if n.mode&unix.S_IFMT != unix.S_IFLNK {
			return unix.EINVAL, true
		}
		return 0, true
	case guessAccess:
		mode := inv.Uint(int(info.flags))
		if r.acc.List[0].Name.Empty || inv.Call == callFaccessat2 && inv.Uint(3) != 0 {
			return 0, false
		}
		if mode == 0 {
			return 0, true
		}
		return faccess(n.abs, mode), true
	}
	return 0, false
}

// invalid says whether an argument of a lookup may be one that the kernel refuses before it looks at the name: EINVAL
// in access(2), readlink(2) and statx(2).
func invalid(inv *syscalls.Invocation, info *callInfo) bool {
	switch {
	case info.guess == guessAccess:
		const all = 7 // R_OK|W_OK|X_OK
		return inv.Uint(int(info.flags))&^all != 0
	case inv.Call == callReadlink:
		return inv.Int(2) <= 0
	case inv.Call == callReadlinkat:
		return inv.Int(3) <= 0
	case inv.Call == callStatx:
		const sync = unix.AT_STATX_FORCE_SYNC | unix.AT_STATX_DONT_SYNC
		return inv.Uint(2)&sync == sync || inv.Uint(3)&unix.STATX__RESERVED != 0
	}
	return false
}

var (
	callReadlink   = syscalls.ByName("readlink")
	callReadlinkat = syscalls.ByName("readlinkat")
	callStatx      = syscalls.ByName("statx")
)

var callFaccessat2 = syscalls.ByName("faccessat2")
