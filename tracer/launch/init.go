package launch

import (
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The first process of a PID namespace gets the orphans, and with its end the kernel kills everybody in it
// (pid_namespaces(7)). It is this program, and neither traced nor part of the tree: it executes nothing but the shim,
// reads nothing, and has no handler for any signal, so that the kernel lets no signal from inside reach it, not even
// SIGKILL. It is not dumpable, which keeps its memory from whoever may not trace everything.
//
//	parent                  init                        shim
//	ForkExec ─────────────► not dumpable, dies with
//	  CLONE_NEWPID          the parent's thread
//	                        ForkExec ─────────────────► "ready", with its number: SCM_CREDENTIALS, which the
//	             ◄───────────────────────────────────── kernel writes as the reader counts (unix(7))
//	                        closes all, ignores all
//	PTRACE_SEIZE of the shim, as of any descendant
//	                        reaps until nobody is left, and ends
//
// A task's status is told to its tracer first, so the run hears how the target ended from the kernel itself; what init
// reaps afterwards interests nobody. Should the parent die, tracees do by PTRACE_O_EXITKILL, init by its parent's death
// signal, and all others with init.

// initName is the argv[0] that makes this program the init; argv[1] is for the shim, argv[2] the program to execute as
// the shim.
const initName = "sydbox-init"

func isInit() bool { return len(os.Args) == 3 && os.Args[0] == initName }

// runInit is the life of the init. It does not return.
//
// Precondition: the main OS thread is locked to the goroutine.
func runInit() {
	w, ok := parseWords(os.Args[1])
	if !ok {
		unix.Exit(exitUnwanted)
	}
	fail := func(err error) {
		rec := makeRecord(StepPIDs, errnoOf(err))
		_, _ = unix.Write(w.outcome, rec[:]) // nobody else to tell; the parent sees the status
		unix.Exit(exitUnwanted)
	}
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		fail(err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		fail(err)
	}
	nameSelf(initName)
	// The shim gets all that is not close-on-exec, at the same numbers.
	attr := &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}}
	if _, err := syscall.ForkExec(os.Args[2], []string{shimName, os.Args[1]}, attr); err != nil {
		fail(err)
	}
	// Not earlier: the shim would ignore them too. Until here the kernel ignores all that has no handler, and of those
	// that the Go runtime handles an interrupt ends the start, as it would without an init.
	signal.Ignore()
	letGo()
	for {
		if _, err := unix.Wait4(-1, nil, unix.WALL, nil); err == unix.ECHILD {
			unix.Exit(0)
		}
	}
}

// nameSelf makes ps(1) show a name instead of that of the link that was executed.
func nameSelf(name string) {
	fd, err := unix.Open("/proc/self/comm", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return // nobody's business but that of whoever looks
	}
	_, _ = unix.Write(fd, []byte(name))
	unix.Close(fd)
}

// letGo closes every descriptor that was inherited, so that pipes end with the tree, and leaves the working directory.
// The Go runtime's own, which it may have made for a standard stream that does not block, are close-on-exec; it could not
// live without them. For the same reason nothing here may use os.File.
func letGo() {
	_ = unix.Chdir("/") // else it keeps a file system busy at worst
	last := uint64(0)
	if fd, err := unix.Open("/proc/self/fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
		buf := make([]byte, 8<<10)
		for {
			n, err := unix.ReadDirent(fd, buf)
			if n <= 0 || err != nil {
				break
			}
			_, _, names := unix.ParseDirent(buf[:n], -1, nil)
			for _, name := range names {
				if n, err := strconv.ParseUint(name, 10, 31); err == nil {
					last = max(last, n)
				}
			}
		}
		unix.Close(fd)
	} else {
		last = 1 << 16 // without /proc nobody tells
	}
	for fd := range int(last) + 1 {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
}

// notForInit says whether init goes without a variable. It lives as long as the tree, whose root could look into it
// where no rule is about reading: it has nothing but what this program itself and its runtime ask for.
func notForInit(variable string) bool {
	name, _, _ := strings.Cut(variable, "=")
	return name != "TZ" && !strings.HasPrefix(name, "GO") && !strings.HasPrefix(name, "SYDBOX_")
}

// initArgs are those of the init, for a shim with these.
func initArgs(shim []string, self string) []string { return []string{initName, shim[1], self} }

// credentialsIn returns the number of the process that sent a message, 0 if it did not come along.
func credentialsIn(oob []byte) int {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for i := range messages {
		if cred, err := unix.ParseUnixCredentials(&messages[i]); err == nil {
			return int(cred.Pid)
		}
	}
	return 0
}
