package record

import (
	"sydbox/event"
	"sydbox/syscalls"
)

// callInfo is what the recorder knows of a call that names files, besides what package access says.
type callInfo struct {
	guess guess
	// flags is the argument that tells calls of the same name apart; -1 if there is none.
	flags int8
	// op is its Op where that does not follow from the access.
	op string
	// after is done when it has succeeded.
	after after
}

// guess says what can be predicted of a call.
type guess uint8

const (
	guessNothing guess = iota
	guessStat
	guessAccess
	guessLink
	guessMissing // only that it fails if the name is not there. If it makes the name, not even that
)

// after says what a call changes in what the recorder remembers.
type after uint8

const (
	afterNothing after = iota
	afterEnter         // the working directory
	afterRoot          // the root
	afterMade          // a directory is there
	afterNew           // another name is there
	afterGone
	afterRename
	afterMount
)

var callInfos = func() map[*syscalls.Call]callInfo {
	m := map[*syscalls.Call]callInfo{}
	set := func(info callInfo, names ...string) {
		for _, name := range names {
			if call := syscalls.ByName(name); call != nil {
				m[call] = info
			}
		}
	}
	set(callInfo{guess: guessStat, flags: -1}, "stat", "lstat")
	set(callInfo{guess: guessStat, flags: 3}, "newfstatat", "fstatat64")
	set(callInfo{guess: guessStat, flags: 2}, "statx")
	set(callInfo{guess: guessAccess, flags: 1}, "access")
	set(callInfo{guess: guessAccess, flags: 2}, "faccessat", "faccessat2")
	set(callInfo{guess: guessLink, flags: -1}, "readlink", "readlinkat")
	set(callInfo{guess: guessMissing, flags: -1}, "open", "openat", "openat2", "execve", "execveat")
	set(callInfo{guess: guessMissing, flags: -1, op: event.OpEnter, after: afterEnter}, "chdir", "fchdir")
	set(callInfo{flags: -1, op: event.OpEnter, after: afterRoot}, "chroot", "pivot_root")
	set(callInfo{flags: -1, after: afterMade}, "mkdir", "mkdirat")
	set(callInfo{flags: -1, after: afterNew}, "mknod", "mknodat")
	set(callInfo{flags: -1, op: event.OpSymlink, after: afterNew}, "symlink", "symlinkat")
	set(callInfo{flags: -1, op: event.OpLink, after: afterNew}, "link", "linkat")
	set(callInfo{flags: -1, after: afterGone}, "unlink", "unlinkat", "rmdir")
	set(callInfo{flags: -1, op: event.OpRename, after: afterRename}, "rename", "renameat", "renameat2")
	set(callInfo{flags: -1, op: event.OpAttr, after: afterMount}, "mount", "umount", "umount2", "move_mount",
		"mount_setattr", "open_tree_attr")
	return m
}()

// infoOf returns what is known of a call.
func infoOf(c *syscalls.Call) callInfo {
	info, ok := callInfos[c]
	if !ok {
		info.flags = -1
	}
	return info
}
