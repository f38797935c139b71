// Package program says what an exec will make of a process: the set of names under which rules know the program that is
// about to run, and the words that follow each name.
//
// It works as the kernel and then the program itself would: the chain of scripts (execve(2), "Interpreter
// scripts"), the ELF file at its end, the file that a dynamic loader run as a program will load, and the applet
// that a multi-call binary will act as. Families of binaries are recognised by their content, never by what they
// are called. Where the program's own dispatch differs between versions, the union of the names is taken: it costs
// only contrived command lines. Only a Name with Runs set says what really runs; the others are for rules that
// deny.
//
// The package is pure: it opens nothing by itself, only through the View it is handed, and asks for no system call.
// All of it is bounded: the bytes looked at in a file, the depth of scripts and loaders, the names of one exec. What
// goes beyond a bound, and what cannot be read, is not guessed: Identity.Unknown says so, and such an exec is to be
// denied.
//
// Left to the second look (PTRACE_EVENT_EXEC): binfmt_misc, whose interpreter only the kernel knows beforehand.
// Visible to neither look: which file a script's interpreter or a loader opens after it has started, and what a
// program does with its own code. A file that can be written by the one who executes it is its writer's program,
// whatever was found in it.
//
// Thread rule: a Cache, and all that comes from it, belongs to one goroutine at a time.
package program

import (
	"io"
	"strconv"
)

// ID identifies a version of a file's content, as far as the kernel does: any write changes a time stamp.
type ID struct {
	Dev, Ino     uint64
	Size         int64 // bytes
	Mtime, Ctime int64 // nanoseconds since the epoch
}

// File is an open file. ID and Path must be known without opening the file for reading, so that a known file costs
// neither: an implementation holds an O_PATH descriptor and opens it for reading at the first ReadAt.
type File interface {
	io.ReaderAt
	// ID is the state of the file when it was opened.
	ID() ID
	// Path is the canonical path in the target's root; empty for a memfd and a deleted file.
	Path() []byte
	// Close gives the file back. The package closes what it opened through a View and nothing else.
	Close() error
}

// View opens files as the process that executes would: in its root, from its working directory, with its descriptors.
type View interface {
	// Open follows symbolic links. hops are the canonical paths of the links that stood in the last component.
	Open(unsafePath []byte) (f File, hops [][]byte, err error)
	// Readlink is readlink(2): EINVAL if the path is no link.
	Readlink(unsafePath []byte) ([]byte, error)
}

// Exec is one execve(2) or execveat(2). Nothing in it is copied: an Identity refers to its bytes.
type Exec struct {
	// Typed is the path as the caller gave it. For execveat it is what the kernel makes of it, as AT_EXECFN shows:
	// "/dev/fd/N" for an empty path, "/dev/fd/N/PATH" for a relative path from a descriptor.
	Typed []byte
	// File is what the path leads to; at the second look /proc/PID/exe.
	File File
	// Hops are the canonical paths of the symbolic links in the last component on the way, if they are known.
	Hops [][]byte
	// Argv is the argument vector; at the second look that of the new image. It may be empty.
	Argv [][]byte
	// Env holds NAME=VALUE strings; only env -S asks for them. Nil if unknown.
	Env [][]byte
	// Interp, if not nil, is the ELF interpreter that the kernel has mapped (second look). Without it the name in the
	// file is opened again, and may lead elsewhere by then.
	Interp File
	// Maps, if not nil, lists what the kernel has mapped (second look), as proc_pid_maps(5) says. An ELF interpreter that
	// is not among it is not the one that its name leads to.
	Maps []byte
	// Loaded: the second look. The kernel has spliced the chain of scripts into Argv, and File is the final ELF file.
	Loaded bool
	// Provisional: a second look will follow, which asks Confirmed or Fulfilled. The name of a loader is then taken to lead
	// where it led before: if it does not, the second look sees it.
	Provisional bool
}

// How says how a name was found.
type How uint8

// The ways to a name.
const (
	Typed       How = iota // the path as typed
	Link                   // a symbolic link on the way
	Canonical              // the file
	Script                 // a script that was loaded (second look: as AT_EXECFN tells)
	Interpreter            // what a script's first line names
	Loader                 // what a dynamic loader will load
	ELFInterp              // what an ELF file names as its interpreter and is no known loader
	Applet                 // what a multi-call binary will act as
	Container              // the multi-call binary itself
	Argv0                  // what argv[0] says to a program that listens to it
	Copy                   // the content of a program with this name
	Same                   // the very file of a program with this name
	InProcess              // what a multi-call binary will run without an exec
)

var hows = [...]string{"typed", "link", "file", "script", "interpreter", "loaded by the loader",
	"ELF interpreter", "applet", "multi-call binary", "argv[0]", "copy", "same file", "run without an exec"}

// String names the way for people.
func (h How) String() string {
	if int(h) < len(hows) {
		return hows[h]
	}
	return "How(" + strconv.Itoa(int(h)) + ")"
}

// Name is one name of the program, with the words that follow it.
type Name struct {
	// Text is a path if it holds a slash, else a bare name. A rule with a bare name also matches the last component
	// of a path. Not trusted: a typed path and argv[0] are the caller's bytes.
	Text []byte
	// Args are the words that further words of a rule are matched against.
	Args [][]byte
	How  How
	// Detail is what a report adds ("argv[0]", "find -exec"); often empty.
	Detail string
	// Runs: this is what finally runs; an allow rule may match only such a name.
	Runs bool
	// Unsure: the name holds only in the cautious reading, so it is for rules that deny.
	Unsure bool
}

// Base returns the last component of the name, empty if it ends in a slash.
func (n *Name) Base() []byte { return base(n.Text) }

// Step is one thing that will happen on the way to the program, for sydbox check.
type Step struct {
	What string // "script", "family BusyBox"
	// UnsafePath is the file or word that it is about; may be empty.
	UnsafePath []byte
	Note       string
}

// String shows the step; bytes that a terminal must not see are quoted.
func (s Step) String() string {
	text := s.What
	if len(s.UnsafePath) > 0 {
		text += " " + strconv.QuoteToASCII(string(s.UnsafePath))
	}
	if s.Note != "" {
		text += ": " + s.Note
	}
	return text
}

// Identity is what an exec will make of a process.
type Identity struct {
	Names []Name
	Steps []Step
	// Family is the families that the final file was recognised as, usually none or one.
	Family Family
	// Unknown, if not empty, says why the program cannot be told: such an exec is to be denied whatever the names
	// say.
	Unknown string
	// Fails: the kernel will refuse the exec by itself (a chain of more than five scripts).
	Fails bool
	// Next is the command that env will execute: a hint for sydbox check, for that exec will be judged by itself. Its
	// words may hold ${VAR} where the environment is not known.
	Next [][]byte
	// Final and FinalArgv are the ELF file that the kernel will load and the argument vector it will give it.
	Final     ID
	FinalArgv [][]byte

	inner inner
	// volatile: a link or a file that only the program itself will open has been looked at.
	volatile bool
	// path and interp are the name of the ELF interpreter and the file it leads to; loader says that it is a known one.
	// interpPath is its path, as finalPath is.
	path, interpPath []byte
	interp           ID
	loader           bool
	cache            *Cache
	// finalPath is the path of Final; empty if that has none, or is not steady.
	finalPath []byte
}

// Fulfilled says whether the kernel loaded just what this identity, made at the first look, foresaw. If so the second
// look would find the same names, and the script that a chain began with as well.
//
// Precondition: the bytes of the Exec that the identity was made from are unchanged.
func (id *Identity) Fulfilled(loaded *Exec, v View) bool {
	if !steady(loaded.File) {
		return false // while it is loaded nobody can write it, so this is the time to read it
	}
	if id.volatile || id.Unknown != "" || id.Fails || loaded.File.ID() != id.Final ||
		len(loaded.Argv) != len(id.FinalArgv) || !id.sameInterp(loaded, v) {
		return false
	}
	for i, word := range id.FinalArgv {
		if string(word) != string(loaded.Argv[i]) {
			return false
		}
	}
	return true
}

// sameInterp says whether the ELF interpreter is still the one that was looked at, or at least a loader as that was.
func (id *Identity) sameInterp(loaded *Exec, v View) bool {
	f := loaded.Interp
	if f == nil {
		if len(id.path) == 0 {
			return true
		}
		var err error
		if f, _, err = v.Open(id.path); err != nil {
			return false
		}
		defer f.Close()
	}
	if loaded.Maps != nil && !mayBeMapped(loaded.Maps, loaded.File.ID(), f.ID()) {
		return false
	}
	if steady(f) && f.ID() == id.interp {
		return true
	}
	if !id.loader {
		return false
	}
	e, err := id.cache.look(f)
	return err == nil && e.family&loaders != 0
}

// base is what follows the last slash.
func base(path []byte) []byte {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[i+1:]
		}
	}
	return path
}

// after returns the words behind the first n.
func after(argv [][]byte, n int) [][]byte {
	if len(argv) <= n {
		return nil
	}
	return argv[n:]
}

// first returns the first word, empty if there is none.
func first(argv [][]byte) []byte {
	if len(argv) == 0 {
		return nil
	}
	return argv[0]
}
