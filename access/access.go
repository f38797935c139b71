// Package access says what a system call does to which object.
//
// Describe turns an Invocation into a list of accesses: operations on named objects. Where a name leads is asked of a
// Resolver; what a tracee's memory holds is asked of a Memory. Neither is used for anything else, so the package is
// pure and can be tested on any machine. Demands tells the prefilter which register states can lead to which
// operations: everything that Describe may list is covered by a Demand whose tests hold.
//
// What each call does is data: the table in calls.go, keyed by name. The package has no state that changes, so all of
// it may be used from any goroutine; an Accesses belongs to one caller at a time.
package access

import (
	"syscall"

	"sydbox/syscalls"
)

// Op is an operation on an object, or a set of them.
type Op uint16

// The operations, named as the policy's sections that judge them.
const (
	Read    Op = 1 << iota // content: open for reading, execute an interpreter's script
	Stat                   // look: stat, access, readlink, chdir, inotify
	Write                  // content: open for writing, truncate; the source of a link
	Create                 // a new name
	Delete                 // a name goes away
	Attr                   // mode, owner, times, xattrs, file flags
	Exec                   // becomes the program
	Connect                // reach an address
	Bind                   // offer an address
)

// Name is how a call names an object. UnsafePath is what the tracee gave: nothing in it may be trusted.
type Name struct {
	// Dirfd is the descriptor that a relative path starts at, AT_FDCWD for the working directory; with FD set, the
	// object itself.
	Dirfd int32
	// UnsafePath is the path as typed, without the NUL. Not used if FD is set.
	UnsafePath []byte
	// FD: the call names the open descriptor Dirfd and has no path (fchmod, utimensat with a NULL path).
	FD bool
	// Follow: a symbolic link in the last component is followed. It is exact: already true where only a trailing slash
	// makes the kernel follow, and false for calls that act on the name itself (unlink, rename, mkdir …), which never
	// follow, not even before a slash.
	Follow bool
	// Empty: AT_EMPTY_PATH was given, so an empty path names Dirfd itself (which may be AT_FDCWD).
	Empty bool
	// Create: the last component may be missing; the call would make it. With Follow, a dangling link in the last
	// component leads to the name that would be made.
	Create bool
	// Resolve holds openat2's RESOLVE_* flags.
	Resolve uint64
}

// Kind is what an object is.
type Kind uint8

// The kinds of objects.
const (
	Missing     Kind = iota // no such name (yet)
	Regular                 // a regular file
	Directory               //
	Symlink                 // the link itself, not followed
	FIFO                    //
	Socket                  // a socket's name in a directory
	CharDevice              //
	BlockDevice             //
	Anonymous               // a pipe, socket, memfd, deleted file or other object without a name: free to its holder
)

// Object is where a name leads, for that task at that stop.
type Object struct {
	// Path is the canonical absolute path in the target's root as it started: no symbolic links, no dots, no double
	// or trailing slashes; "/" for the root. For a Missing object it is the path the object would get. Empty for
	// Anonymous objects. Bytes, not UTF-8. Valid until the Resolver's next use for the same slot.
	Path []byte
	Kind Kind
	// Errno is what the kernel answers to this name whatever the call (ENOENT for a missing parent, ENOTDIR,
	// ELOOP, ENAMETOOLONG, EBADF, EACCES for a directory that may not be searched …); 0 if the name leads somewhere.
	// Path is then as far as it could be told.
	Errno syscall.Errno
	// Refuse, if not 0, is the errno for a name that cannot be judged (no name in the target's root, memory or /proc
	// that the tracer may not see): it is denied whatever the rules say.
	Refuse syscall.Errno
	// Dev and Ino identify an existing object (st_dev as stat(2) gives it).
	Dev, Ino uint64
	// Slash: the name ended in a slash, so it must lead to a directory.
	Slash bool
	// Dot: the last component was "." or "..".
	Dot bool
	// Held is what a descriptor of the calling process that the name was reached through (/proc/self/fd/N, /dev/stdin, or
	// FD) may already do with the object: a subset of Read|Write. 0 if the name did not lead through one. Of an Anonymous
	// object it is what a descriptor of any process of the tree may do, which PID is then.
	Held Op
	// PID is N if Path lies in /proc/N (in the tracer's PID namespace), else 0; of an Anonymous object, if the name led
	// through a link in /proc/N.
	PID int
}

// Access is one thing a call does: operations on one object.
type Access struct {
	// Op is 0 for a look at a descriptor that the task holds, by an empty path, and for a call on a socket that reaches
	// nobody new: free, but to be done from this copy.
	Op     Op
	Name   Name
	Object Object
	// Addr is the address of a socket call; of a unix socket with a path, Name and Object say where that leads.
	Addr Address
	// Natural is what the kernel would answer to this call even if it were allowed, as far as its registers and the
	// state of its objects tell (EEXIST for mkdir of an existing name, EISDIR …); 0 if nothing stands against it. It is
	// the same in all accesses of a call. A denial returns it, without a report, instead of its own errno.
	Natural syscall.Errno
	// Mode holds the permission and type bits of a mknod, else 0: making devices is judged apart. Type 0 is a regular
	// file, as in mknod(2).
	Mode uint32
	// ByInode is the judge's to set: what was decided rests on Object.Dev and Ino, not on the path alone, so whoever does
	// the call must find that very inode there. Describe clears it.
	ByInode bool
}

// How is how a call opens a file, as the kernel reads it after it has dropped what it ignores (build_open_how in
// fs/open.c). The numbers are those of the machine: every ABI that a kernel runs has the same O_* values.
type How struct {
	Flags uint64 // O_*
	Mode  uint64 // permissions of a file that is made, else 0
	// Small: a 32-bit call without O_LARGEFILE. It does not open files of 2 GiB and more (EOVERFLOW).
	Small bool
}

// Accesses is the list of what a call does. It is meant to be reused: it owns the buffers the names are read into, so
// what it says is valid until it is used again.
type Accesses struct {
	N    int
	List [3]Access
	// How is set by the calls that open.
	How How
	// Socket is set by the calls on sockets, Message by those that send.
	Socket  SocketCall
	Message Message

	path  [2][PathMax + 1]byte
	addr  [storageSize]byte
	block [128]byte // structures: sockaddr, open_how, argument blocks
	below []byte    // the made-up name of an O_TMPFILE
}

// PathMax is the kernel's PATH_MAX: the longest path argument including its NUL (limits.h).
const PathMax = 4096

// Memory reads a tracee's memory as the kernel would on its behalf.
type Memory interface {
	// ReadString reads a NUL-terminated string at addr into buf and returns its length without the NUL.
	// EFAULT if the kernel could not read it, ENAMETOOLONG if buf is filled without a NUL.
	ReadString(addr uint64, buf []byte) (int, syscall.Errno)
	// Read fills buf from addr; EFAULT if any byte cannot be read.
	Read(addr uint64, buf []byte) syscall.Errno
}

// Resolver finds where a name leads for the task at the present stop.
type Resolver interface {
	// Resolve fills o. slot (0, 1 or 2) tells the names of one call apart: o.Path stays valid until the same slot is
	// used again.
	Resolve(slot int, n *Name, o *Object)
}

// Demand says which operations a call may need when its registers pass all tests. A policy under which no demand of
// a call can be denied lets the call run without a stop.
type Demand struct {
	Ops  Op
	When []syscalls.Test
}
