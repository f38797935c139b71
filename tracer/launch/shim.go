package launch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/tracer/seccomp"
)

const (
	readyByte  = 'r' // from the shim: seize me
	goByte     = 'g' // to the shim: the plan follows
	listenByte = 'l' // from the shim: the filter's listener comes with this byte
	// outcomeByte, from the shim: what came of a primitive; its record follows.
	outcomeByte = 'o'
	// exitUnwanted is the shim's status when it gives up; the record says why.
	exitUnwanted = 125
	// recordSize is the length of the outcome record: the step, then the errno in four bytes.
	recordSize = 5
	// maxPlan bounds what the shim believes: the kernel's own limit on arguments and environment is far below.
	maxPlan = 1 << 30
)

// misused is true in a shim whose main did not begin with Init: it must not start another one.
var misused bool

// The main goroutine is on the main thread until init functions end; locked here, it stays there.
func init() {
	if isShim() || isInit() {
		runtime.LockOSThread()
		misused = true
		// It ends by ^\ as the target would. Without that it prints its stacks, as it still does while the runtime itself
		// starts: that unblocks the signal and takes it before any code of ours.
		_ = DefaultAction(unix.SIGQUIT)
	}
}

func isShim() bool { return len(os.Args) == 2 && os.Args[0] == shimName }

// Init must be the first thing in main of a program that starts targets. In the shim it never returns; in every other
// process it returns at once.
func Init() {
	if isInit() {
		runInit()
	}
	if !isShim() {
		return
	}
	w, ok := parseWords(os.Args[1])
	if ok {
		var told outcomes
		step, err := runShim(&w, &told)
		rec := makeRecord(step, errnoOf(err))
		told.buf = append(told.buf, rec[:]...)
		told.flush(w.outcome) // nobody else to tell; the parent sees the status
	}
	unix.Exit(exitUnwanted)
}

// shimWords is what the shim is told in argv[1]: what it has to do before it is ready.
type shimWords struct {
	order, outcome int   // its descriptors
	network        bool  // it is in a network namespace of its own
	mounts         bool  // and in a mount namespace
	proc           Level // how much /proc is to be that of its own PID namespace
}

// The words behind the descriptors; that for /proc is followed by the level as a digit.
const (
	networkWord = "network"
	mountsWord  = "mounts"
	procWord    = "proc"
)

func (w *shimWords) String() string {
	text := fmt.Sprintf("%d,%d", w.order, w.outcome)
	if w.network {
		text += "," + networkWord
	}
	if w.mounts {
		text += "," + mountsWord
	}
	if w.proc != Off {
		text += fmt.Sprintf(",%s%d", procWord, w.proc)
	}
	return text
}

// parseWords parses argv[1].
func parseWords(arg string) (w shimWords, ok bool) {
	a, rest, _ := strings.Cut(arg, ",")
	b, rest, more := strings.Cut(rest, ",")
	var errA, errB error
	w.order, errA = strconv.Atoi(a)
	w.outcome, errB = strconv.Atoi(b)
	ok = errA == nil && errB == nil && w.order > 2 && w.outcome > 2
	for more && ok {
		var word string
		word, rest, more = strings.Cut(rest, ",")
		level, isProc := strings.CutPrefix(word, procWord)
		switch {
		case word == networkWord:
			w.network = true
		case word == mountsWord:
			w.mounts = true
		case isProc && len(level) == 1 && level[0] > '0' && level[0] <= '0'+byte(Required):
			w.proc = Level(level[0] - '0')
		default:
			ok = false
		}
	}
	return w, ok
}

// runShim says that it is ready, waits for the plan, applies it and becomes the target. It returns only if a step
// failed.
//
// Precondition: the main OS thread is locked to the goroutine.
func runShim(w *shimWords, told *outcomes) (Step, error) {
	orderFD, outcomeFD := w.order, w.outcome
	// Here, where the parent can still start another one without what cannot be had.
	if step, err := w.isolate(told); err != nil {
		return step, err
	}
	// Before the go byte nothing else may happen: the parent has not seized this thread yet.
	if w.network {
		if err := readyApart(outcomeFD); err != nil {
			return StepNetwork, err
		}
	} else if _, err := unix.Write(outcomeFD, []byte{readyByte}); err != nil {
		return StepPlan, err
	}
	o, err := receive(orderFD)
	if err != nil {
		return StepPlan, err
	}
	// The order is at its end, and both are nothing that the target may see.
	unix.Close(orderFD)
	unix.CloseOnExec(outcomeFD)
	if step, err := o.cover(told); err != nil {
		return step, err
	}
	if o.dir != "" {
		if err := unix.Chdir(o.dir); err != nil {
			return StepDir, err
		}
	}
	if step, err := o.harden(told); err != nil {
		return step, err
	}
	told.flush(outcomeFD)
	// Last, so that the least possible is done under the policy. Not TSYNC: on the runtime's other threads, which
	// nobody traces, a traced call would be ENOSYS. execve ends those threads.
	if o.filter != nil {
		if err := install(o, outcomeFD); err != nil {
			return StepFilter, err
		}
	}
	// syscall.Exec and not a raw execve: it restores the RLIMIT_NOFILE that the runtime raised, and keeps the runtime
	// from making threads meanwhile.
	return StepExec, syscall.Exec(o.path, o.args, o.env)
}

// harden applies what the order has of primitives that are not the filter. The step is the one that failed.
//
// Precondition: the main OS thread is locked to the goroutine.
func (o *order) harden(told *outcomes) (Step, error) {
	noNewPrivs := false
	if o.noNewPrivs != Off {
		err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		if told.came(StepNoNewPrivs, o.noNewPrivs, err) != nil {
			return StepNoNewPrivs, err
		}
		noNewPrivs = err == nil
	}
	if o.drop != 0 || o.dropAll != Off {
		if err := o.dropCapabilities(noNewPrivs, told); err != nil {
			return StepCapabilities, err
		}
	}
	if o.noCore {
		if err := told.came(StepCore, Required, limitCore()); err != nil {
			return StepCore, err
		}
	}
	if o.setUmask {
		unix.Umask(int(o.umask))
		_ = told.came(StepUmask, Required, nil) // umask(2) does not fail
	}
	if level := o.closeLevel(); level != Off {
		if err := told.came(StepDescriptors, level, closeAllOnExec(o.keep)); err != nil {
			return StepDescriptors, err
		}
	}
	// Not before no_new_privs, without which it may not be had, nor after the filter, which may refuse it.
	if o.landlock != nil {
		if err := told.came(StepLandlock, o.landlockLevel, o.landlock.Apply()); err != nil {
			return StepLandlock, err
		}
	}
	return 0, nil
}

// closeLevel says how much the target is to have no descriptors but 0, 1, 2 and those that are kept.
func (o *order) closeLevel() Level {
	if !o.inherit {
		return Required
	}
	return o.close
}

// install installs the filter, and sends its listener to the parent if there is one. The parent could take it from here
// by pidfd_getfd, but not where Yama or another security module forbids that.
func install(o *order, outcomeFD int) error {
	if !o.listener {
		return seccomp.Install(o.filter, 0)
	}
	listener, err := seccomp.InstallListener(o.filter)
	if err != nil || listener < 0 {
		return err
	}
	// The kernel made it close-on-exec; whoever holds it could answer for us.
	defer unix.Close(listener)
	return unix.Sendmsg(outcomeFD, []byte{listenByte}, unix.UnixRights(listener), nil, 0)
}

// limitCore keeps the hard limit: who may raise the soft one again is the filter's business.
func limitCore() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return err
	}
	limit.Cur = 0
	return unix.Setrlimit(unix.RLIMIT_CORE, &limit)
}

// receive blocks until the parent sends the go byte, then reads the plan. Raw reads: no poller, no further thread.
func receive(fd int) (*order, error) {
	var head [5]byte
	if err := readFull(fd, head[:1]); err != nil {
		return nil, err
	}
	if err := readFull(fd, head[1:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[1:])
	if head[0] != goByte || n > maxPlan {
		return nil, errTruncated
	}
	body := make([]byte, n)
	if err := readFull(fd, body); err != nil {
		return nil, err
	}
	return decode(body)
}

func readFull(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := unix.Read(fd, b)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return unix.EPIPE // the parent gave up
		}
		b = b[n:]
	}
	return nil
}

// makeRecord is what the shim tells of a failure: which step, with which errno.
func makeRecord(step Step, errno syscall.Errno) [recordSize]byte {
	var rec [recordSize]byte
	rec[0] = byte(step)
	binary.LittleEndian.PutUint32(rec[1:], uint32(errno))
	return rec
}

func parseRecord(rec [recordSize]byte) (Step, syscall.Errno) {
	return Step(rec[0]), syscall.Errno(binary.LittleEndian.Uint32(rec[1:]))
}

// errnoOf finds the errno in err; EINVAL for an error of our own making (a path with a NUL in it).
func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return unix.EINVAL
}
