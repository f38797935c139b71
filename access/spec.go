package access

import "sydbox/syscalls"

// spec says how to read one call: which arguments name what, and what the call does to it.
type spec struct {
	shape shape
	// op is what the call does to its object. Shapes that have an answer of their own leave it 0.
	op Op
	// dirfd and path are the arguments that name the object. Without dirfd a relative path starts at the working
	// directory; without path the object is the descriptor dirfd itself.
	dirfd, path arg
	// flags is the argument with the bits of at.
	flags arg
	at    *atFlags
	// follow: a symbolic link in the last component is followed unless flags say otherwise.
	follow bool
	// null is what a NULL path means.
	null null
	// rule is what the kernel asks of the object, for its natural errno.
	rule rule
	// held: with an empty path and AT_EMPTY_PATH the call looks at a descriptor that the process holds, which is free,
	// as fstat is: Op is then 0.
	held bool
	// dirfd2 and path2 name the second object.
	dirfd2, path2 arg
	// extra is the argument that a shape reads besides: the mode of an open or mknod, the request of an ioctl, the room for
	// the text of a link.
	extra arg
	// implied are the open flags of a call that has no flags argument.
	implied func(*openFlags) uint64
}

// arg is the place of an argument, a0 the first; the zero value is none.
type arg int8

const (
	none arg = iota
	a0
	a1
	a2
	a3
	a4
	a5
)

// of returns the argument's index.
func (a arg) of() int { return int(a) - 1 }

// bits returns the argument as an unsigned int, 0 if there is none.
func (a arg) bits(inv *syscalls.Invocation) uint32 {
	if a == none {
		return 0
	}
	return inv.Uint(a.of())
}

// shape is how a call is read.
type shape uint8

const (
	object     shape = iota // one object that should exist
	open                    // open flags in a register
	openHow                 // openat2: open flags in memory
	makeName                // a new name
	makeLink                // symlink: a text and a new name
	removeName              // a name that goes away
	renameName              // a name that moves
	hardLink                // a second name
	twoObjects              // two objects, op on both
	socketCall              // a call on a socket
	socketcall              // the multiplexer
	fileIoctl               // requests that change more than the device
	fileLease               // fcntl's leases, which hold up whoever opens the file
)

// null is what a NULL path means to a call.
type null uint8

const (
	nullFaults    null = iota // EFAULT
	nullIsEmpty               // an empty path if AT_EMPTY_PATH is given (fstatat and statx since 6.11)
	nullIsFD                  // the descriptor, unless that is AT_FDCWD (utimensat(2), "C library/kernel ABI differences")
	nullIsNothing             // no object (acct(2): accounting is turned off)
	nullIsAnyFD               // the descriptor, whatever it is (fanotify_mark(2))
)

// rule is what the kernel asks of an object beyond its existence.
type rule uint8

const (
	anyKind     rule = iota
	directory        // chdir
	regular          // truncate
	symlink          // readlink
	executable       // execve
	newName          // mknod, link, symlink: must not exist, no trailing slash
	newDir           // mkdir: must not exist
	newSocket        // bind: as newName, EADDRINUSE
	notDir           // unlink
	emptyDir         // rmdir
	unlinkFlags      // unlinkat: AT_REMOVEDIR tells
)

// atFlags says what the bits of a flags argument mean to one call. A bit that the kernel does not know is EINVAL
// there, and here: a newer kernel may give it a meaning that changes which object is named.
type atFlags struct {
	known    uint32 // 0: not checked
	nofollow uint32 // the last component is not followed
	follow   uint32 // the last component is followed
	empty    uint32 // an empty path names the descriptor
	onlyDir  uint32 // the object must be a directory
	// skip: the call names nothing at all.
	skip uint32
}

// AT_* of linux/fcntl.h. They are the same on every architecture.
const (
	atFDCWD         = -100
	atNoFollow      = 0x100
	atRemoveDir     = 0x200
	atEaccess       = 0x200
	atHandleFID     = 0x200
	atFollow        = 0x400
	atNoAutomount   = 0x800
	atEmptyPath     = 0x1000
	atStatxSync     = 0x6000
	atRecursive     = 0x8000
	atExecveCheck   = 0x10000
	atHandleMntID   = 0x1
	atHandleConnect = 0x2
)

var (
	// atPlain is what chown, chmod, utimes, xattr and file attribute calls take.
	atPlain  = &atFlags{known: atNoFollow | atEmptyPath, nofollow: atNoFollow, empty: atEmptyPath}
	atAccess = &atFlags{known: atNoFollow | atEmptyPath | atEaccess, nofollow: atNoFollow, empty: atEmptyPath}
	atStat   = &atFlags{known: atNoFollow | atEmptyPath | atNoAutomount | atStatxSync, nofollow: atNoFollow,
		empty: atEmptyPath}
	atExec   = &atFlags{known: atNoFollow | atEmptyPath | atExecveCheck, nofollow: atNoFollow, empty: atEmptyPath}
	atUnlink = &atFlags{known: atRemoveDir}
	atLink   = &atFlags{known: atFollow | atEmptyPath, follow: atFollow, empty: atEmptyPath}
	atHandle = &atFlags{known: atFollow | atEmptyPath | atHandleFID | atHandleMntID | atHandleConnect,
		follow: atFollow, empty: atEmptyPath}
	atMount = &atFlags{known: atNoFollow | atEmptyPath | atNoAutomount | atRecursive, nofollow: atNoFollow,
		empty: atEmptyPath}
	// atTree: OPEN_TREE_CLOEXEC is O_CLOEXEC and differs between architectures.
	atTree = &atFlags{nofollow: atNoFollow, empty: atEmptyPath}
	// atPick is FSPICK_*.
	atPick = &atFlags{known: 0xf, nofollow: 0x2, empty: 0x8}
	// atUmount is UMOUNT_NOFOLLOW among MNT_FORCE, MNT_DETACH and MNT_EXPIRE.
	atUmount = &atFlags{known: 0xf, nofollow: 0x8}
	// atInotify is IN_DONT_FOLLOW and IN_ONLYDIR in a mask of events.
	atInotify = &atFlags{nofollow: 0x02000000, onlyDir: 0x01000000}
	// atFanotify is FAN_MARK_DONT_FOLLOW, FAN_MARK_ONLYDIR and FAN_MARK_FLUSH, which names nothing.
	atFanotify = &atFlags{nofollow: 0x4, onlyDir: 0x8, skip: 0x80}
)
