// Package deputy does a call that was judged in place of the task that asked for it.
//
// A call that is checked and then left to the kernel is checked for nothing: the kernel reads the arguments again, and
// walks to what they name again, and another thread may have changed both. So the tracer does the call itself, on the
// handles that the names led to when they were judged (pins), from its own copy of the arguments, and the task only gets
// the result. It acts with the task's rights: file system user and group, supplementary groups, umask, capabilities.
//
// What a deputy cannot do for another is left (Leave): becoming another program, or another directory.
//
// Thread rule: a Deputy belongs to the tracer's thread, which has a working directory and umask of its own
// (unshare(2), CLONE_FS) and file system credentials that change from stop to stop (setfsuid(2) changes one thread).
package deputy

import (
	"fmt"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/syscalls"
)

// Pins hands out the handles of what the names of the present call led to. A pathres.Resolver is one.
type Pins interface {
	// Parent returns the handle of the directory of the last component and that component; -1 if the object was reached
	// without one (as the root, ".", "..", by descriptor or magic link).
	Parent(slot int) (fd int, last []byte)
	// Object returns the handle of the object itself, -1 if it is to be looked up in Parent.
	Object(slot int) int
}

// Memory reads and writes a tracee's memory as the kernel would on its behalf.
type Memory interface {
	access.Memory
	// Write copies buf to addr; EFAULT if any byte of it cannot be written.
	Write(addr uint64, buf []byte) syscall.Errno
}

// Kind is how a call ended for a deputy.
type Kind uint8

// The kinds of outcomes.
const (
	Leave  Kind = iota // not done: only the task itself can do this
	Done               // Value is what the call returns
	Opened             // FD is open for the task
	Blocks             // Open has to be called on another thread, because it may wait long (a FIFO, a lease)
	Again              // the name leads elsewhere by now: resolve and judge anew
	Waits              // Do has to be called on another thread, because it may wait long (a peer, room to send)
)

// Outcome is what came of a call.
type Outcome struct {
	Kind Kind
	// Value is -errno or the result. For Done.
	Value int64
	// FD is a descriptor of this process; the caller owns it. For Opened.
	FD int
	// CloseOnExec is how the task wanted its descriptor. For Opened and Blocks.
	CloseOnExec bool
	// Open opens what was pinned, and waits for it as long as it takes, until cancel is closed: then it fails with EINTR,
	// unless it comes to an end at that very moment. It has its own handles and
	// must be called exactly once, on any goroutine. For Blocks.
	Open func(cancel <-chan struct{}) (fd int, errno syscall.Errno)
	// Do does the call as Open opens, and returns what the call returns: -errno or the result. It fails with EINTR, or
	// Interrupted, if it was cancelled before anything happened; any other result has happened and has to reach the task.
	// For Waits.
	Do func(cancel <-chan struct{}) int64
	// Signal, if not 0, is what the kernel sends to the thread that makes such a call (SIGPIPE). The caller sends it. For
	// Done; a Do sends it itself.
	Signal syscall.Signal
}

// GiveUp is for who does not want to wait for an outcome of kind Waits: it is called instead of Do, and does not wait.
// It returns what has happened already: the bytes that were sent, or -EINTR or Interrupted for nothing.
func (o *Outcome) GiveUp() int64 { return o.Do(nobody) }

// nobody waits any more.
var nobody = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// done is the outcome of a call that returns 0, or fails if errno is not 0.
func done(errno syscall.Errno) Outcome { return Outcome{Kind: Done, Value: -int64(errno)} }

// Options say what a Deputy may meet.
type Options struct {
	// UserNamespaces: tasks may be in user namespaces of their own (the policy lifts the refusal). Whoever is in another
	// one than the tracer acts without capabilities.
	UserNamespaces bool
	// OwnNetwork: the tree has a network namespace that is not the tracer's.
	OwnNetwork bool
	// Routing: control messages may say which way a packet goes (the policy lifts the refusal).
	Routing bool
	// Member tells whether a process, by its number in the tracer's PID namespace, belongs to the tree: what /proc guards
	// of any other is not opened. If nil, all do.
	Member func(pid int) bool
	// Outer, if not nil, returns the tracer's number for a process by its number in the procfs on a device, if that is the
	// procfs of the tree's own PID namespace. 0 says that it is another procfs, or no member.
	Outer func(dev uint64, number int) int
}

// Deputy does calls in the place of tasks.
type Deputy struct {
	proc int // the tracer's procfs, O_PATH
	fds  int // /proc/PID/fd of the tracer, O_PATH: the name N there leads to what handle N is on
	call call

	member   func(pid int) bool
	outer    func(dev uint64, number int) int
	routing  bool
	rulesets []int // what a Hand's thread is under
	// onTracer has a Hand's looks into /proc done by the tracer's thread; nil for the tracer's own Deputy.
	onTracer func(func())

	rights
	line      [64]byte         // a name in procfs
	dents     [4096]byte       // a directory there
	names     [2][lastMax]byte // last components
	content   []byte           // what a call points to and nobody judged
	block     [4 * 8]byte      // the same, of a small structure
	attribute attribute
	entered   bool // the thread's working directory is fds
	address   [unix.SizeofSockaddrUnix]byte
	alarm     alarm
	message   message // the last one, whose room is used again
}

// call is one call being done. Handlers get all they need from it, and it is valid until they return.
type call struct {
	inv  *syscalls.Invocation
	mem  Memory
	pins Pins
	acc  *access.Accesses
}

// doer does one call, and is found by its name. It is called with the tracer's own rights, which are those to read
// and write the task's memory and its /proc entries with. It acts on files between d.act and d.Own.
type doer func(d *Deputy, c *call) Outcome

// tables are the handlers by the names of asm/unistd.h, as each file of handlers registers them.
var tables []map[string]doer

// register adds the handlers of a table, and returns it.
func register(table map[string]doer) map[string]doer {
	tables = append(tables, table)
	return table
}

// doers has every call that a deputy does. It is made when a Deputy is: the shim, which is the same program, has none.
var doers = sync.OnceValue(func() map[*syscalls.Call]doer {
	all := make(map[*syscalls.Call]doer)
	for _, table := range tables {
		for name, do := range table {
			call := syscalls.ByName(name)
			if call == nil || all[call] != nil {
				panic("deputy: no such call, or done twice: " + name)
			}
			all[call] = do
		}
	}
	for _, name := range young {
		if lacks(name) {
			all[syscalls.ByName(name)] = missing
		}
	}
	return all
})

// New makes a Deputy for the calling thread, and gives that thread a working directory and umask of its own. It fails
// where /proc is not a procfs.
//
// Precondition: the goroutine is locked to its thread, for as long as the Deputy is used, and the thread is never
// given back (runtime.LockOSThread).
func New(o Options) (*Deputy, error) {
	d := &Deputy{proc: -1, fds: -1, member: o.Member, outer: o.Outer, routing: o.Routing, content: make([]byte, access.PathMax+1)}
	doers() // asks the kernel what it has, with the rights of now
	if err := d.open(o); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Deputy) open(o Options) error {
	// Containers refuse unshare(2) to whoever lacks CAP_SYS_ADMIN, whatever it is about. The umask is the whole process's
	// then, and is given back after each call.
	d.shared = unix.Unshare(unix.CLONE_FS) != nil
	const flags = unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC
	var err error
	if d.proc, err = unix.Open("/proc", flags, 0); err != nil {
		return fmt.Errorf("open /proc, which the tracer acts through (is it mounted?): %w", err)
	}
	var fs unix.Statfs_t
	if err = unix.Fstatfs(d.proc, &fs); err != nil {
		return fmt.Errorf("statfs /proc: %w", err)
	}
	if fs.Type != unix.PROC_SUPER_MAGIC {
		return fmt.Errorf("/proc is not a procfs, without which no call can be done for a task: " +
			"mount it (mount -t proc proc /proc)")
	}
	if d.fds, err = unix.Openat(d.proc, "self/fd", flags, 0); err != nil {
		return fmt.Errorf("open /proc/self/fd: %w", err)
	}
	return d.readOwn(o)
}

// Close gives back the Deputy's handles.
func (d *Deputy) Close() {
	d.alarm.close()
	for _, fd := range []*int{&d.proc, &d.fds} {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
	}
}

// Do does a call that was judged and allowed, for the task that was last given to Assume, and with its rights. pins and
// acc are what it was judged by. It allocates nothing for the common calls. What the outcome refers to is the
// caller's; inv, pins and acc are not kept.
//
// Precondition: the thread that New was called on; the task is in its seccomp-stop.
func (d *Deputy) Do(inv *syscalls.Invocation, mem Memory, pins Pins, acc *access.Accesses) Outcome {
	do := doers()[inv.Call]
	if do == nil {
		return Outcome{}
	}
	for i := range acc.N {
		if refuse := acc.List[i].Object.Refuse; refuse != 0 {
			return done(refuse) // it could not be judged, so nobody can have allowed it
		}
	}
	d.call = call{inv: inv, mem: mem, pins: pins, acc: acc}
	out := do(d, &d.call)
	d.call = call{}
	d.returnUmask()
	if errno := d.Own(); errno != 0 && out.Kind == Leave {
		return done(errno)
	}
	return out
}

// Does says whether a Deputy does a call of that name at all.
func Does(c *syscalls.Call) bool { return doers()[c] != nil }
