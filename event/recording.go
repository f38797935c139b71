package event

import "time"

// The lines of a recording. Times are nanoseconds since its start (At), which the first line ties to the clock.
// Processes are numbered #1, #2 … in the order in which they were born (ID); #1 is the command. A line that names a
// process comes after the one that tells of its birth. docs/schema.md has the fields as they are written.

// Recording is the first line of a recording.
type Recording struct {
	Time    time.Time
	Tool    string   // "syd-trace" and its version
	Command []string // nil if only running processes were attached to
	Dir     string   // the working directory it was started in
	Env     []string // "NAME=value", what the command was given
	Host    string
	Kernel  string // release
	Machine string // "x86_64"
	CPUs    int
	UID     int
	GID     int
	// Attached are the processes that ran already (-p), nil if the command was started.
	Attached []int
	// Policies are those that the recording was compared with (--policy).
	Policies []string
	// Injected are the errors that were made up: "PATH=ERRNO".
	Injected []string
}

// Born is the birth of a process. Threads are not told of.
type Born struct {
	At     int64
	ID     int
	PID    int
	Parent int    // its parent's ID; 0 for the command, and for what was attached to
	Dir    string // only where it is not the parent's: for the command and for what was attached to
	// Attached: it ran already.
	Attached bool
}

// Executed is a program that a process became.
type Executed struct {
	At   int64
	ID   int
	Path string // the file the kernel loaded (the interpreter of a script), canonical
	// Typed is the path as given to execve, if it differs.
	Typed string
	// Script is the script that Path interprets, canonical; empty for a binary.
	Script string
	// Names are those that exec rules know it by besides the base of Path: the applet of a multi-call binary, first.
	Names []string
	Argv  []string
	Dir   string
	// Set and Unset are the changes of the environment against what the process had before: its parent's, or its own
	// last program's. For the command, against Recording.Env.
	Set   []string // "NAME=value"
	Unset []string // "NAME"
	// Stdio says what descriptors 0, 1 and 2 are: a path, "pipe:[1234]", "socket:[5]", "/dev/null"; empty if closed. A
	// leading '<', '>' (truncated or new), '+' (appending) or '=' (both ways) says how each is open, where it is a file.
	Stdio [3]string
	// Denied is as in Used.
	Denied string
}

// Used is something done, or tried, with a path.
type Used struct {
	At int64
	ID int
	// Op is one of the Op constants.
	Op string
	// Path is canonical, as the process would see it from the recorder's root. If the call failed it is as far as it
	// could be told.
	Path string
	// To is the second path: a rename's or link's new name, or a symlink's text.
	To    string
	Typed string // as the process gave it, if that is not the same
	Call  string // "openat"
	Flags string // "O_RDONLY|O_CLOEXEC", as in Denial; empty where a call has none
	Errno string // "ENOENT"; empty if it succeeded
	// Kind is "dir", "link", "fifo", "socket", "device"; empty for a regular file, and where it is not known.
	Kind string
	// Last and Count: the same lookup with the same result came again, Count times in all, the last at Last. Such a
	// line repeats what an earlier line of this process said; only lookups that change nothing are counted together.
	Last  int64
	Count int
	// Denied is what the policy that the recording was compared with would have done, the rule as in
	// "home.toml:3 [write] deny /usr"; empty if it allows.
	Denied string
	// Injected: the error was made up.
	Injected bool
}

// What is done with a path.
const (
	OpLook    = "look"   // stat, access, readlink
	OpRead    = "read"   // opened for reading
	OpWrite   = "write"  // opened for writing (perhaps reading too), truncated
	OpMake    = "make"   // a new file, directory, device …: it was not there. Opened for writing if it is a file
	OpDelete  = "delete" // unlink, rmdir
	OpRename  = "rename" // Path became To
	OpLink    = "link"   // To is a new name of Path
	OpSymlink = "symlink"
	OpAttr    = "attr" // mode, owner, times, xattrs
	OpExec    = "exec" // only those that failed; others are Executed
	OpList    = "list" // a directory was opened
	OpEnter   = "enter"
)

// Reached is a call on an address.
type Reached struct {
	At       int64
	ID       int
	Op       string // "connect", "bind", "listen", "send"
	Address  string // as in Denial
	Protocol string // as in Denial
	Host     string // the name the process asked for, if one led to the address
	Errno    string // empty if it succeeded; "EINPROGRESS" is no failure
	Denied   string // as in Used
}

// Asked is a name that a process wanted to know the addresses of.
type Asked struct {
	At        int64
	ID        int
	Host      string
	Server    string   // "192.0.2.53:53", or the path of the service that was asked
	Addresses []string // empty if the answer was not seen
}

// Signalled is a signal that a process got, or sent to one outside of the tree.
type Signalled struct {
	At     int64
	ID     int    // who got it; 0 if it went outside
	Signal string // "SIGTERM"
	From   int    // who sent it, 0 if it came from the kernel or from outside
	PID    int    // the sender's PID, or the receiver's if ID is 0; 0 for the kernel
}

// Said is what a process wrote to descriptor 2: all of it, or the end of it where that was too much.
type Said struct {
	At   int64 // of its last word
	ID   int
	Text string
	Cut  int64 // how many bytes before Text are missing
	Lost bool  // descriptor 2 was /dev/null
}

// Hinted is something that can make two runs differ.
type Hinted struct {
	At   int64
	ID   int
	What string // "random", "uname", "pid", "times"
	Call string
}

// Ended is the end of a process.
type Ended struct {
	At     int64
	ID     int
	Exit   int    // its status; meaningless with Signal
	Signal string // the signal that killed it
	Core   bool
	User   int64 // CPU time, nanoseconds, its own without its children's
	System int64
	MaxRSS int64 // bytes
	// ReadBytes and WriteBytes went through read(2), write(2) and their kin, files and pipes alike; -1 if not known.
	ReadBytes  int64
	WriteBytes int64
	Threads    int // how many threads it had in all, with the first
}

// Finished is the last line. If it is missing the recorder was killed.
type Finished struct {
	At     int64
	Exit   int    // the command's status
	Signal string // the signal that killed it
	// Interrupted: the recording was ended before the tree was.
	Interrupted bool
	Processes   int
	Lines       int // with this one
	// Alive are the processes that had not ended when the command had.
	Alive []int
}
