package launch

import (
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// shimName is the argv[0] that makes this program the shim; argv[1] then names its descriptors.
const shimName = "sydbox-shim"

// Shim is a started shim: it waits for Go.
type Shim struct {
	PID     int
	child   int // the child of ours: the shim, or its init
	plan    *Plan
	order   int // write end: the go byte and the plan
	outcome int // our end of the socket: the ready byte, the listener, the record

	// What hear has taken in; listener is -1 if there is none.
	listener int
	failure  error
	outcomes []Outcome
	keep     []int // descriptors that the target inherits, where not all are

	network Network
	inside  spaceSet       // the namespaces that it has
	without map[Step]error // those that it has not, though they are preferred, and why
	at      places         // where something is mounted over
}

// Start starts the shim and returns once it waits for Go. It is a child of the calling thread. Had it been seized
// earlier, its own exec and the threads of its runtime would show as stops: PTRACE_EVENT_EXEC comes after the exec has
// closed the pipe by which a fork tells of its success.
//
// Precondition: the OS thread is locked to the goroutine, which will seize and wait for the shim.
func (p *Plan) Start() (*Shim, error) {
	if misused {
		return nil, &SetupError{Step: StepShim, Err: errNoInit}
	}
	at, err := p.findPlaces()
	if err != nil {
		return nil, err
	}
	s, err := p.startInside()
	if err == nil {
		s.at = at
	}
	return s, err
}

// start starts the shim, born as attr says in namespaces of its own.
func (p *Plan) start(inside spaceSet, attr *syscall.SysProcAttr) (*Shim, error) {
	fail := func(err error) (*Shim, error) {
		return nil, &SetupError{Step: StepShim, On: p.selfPath(), Err: err, Hint: shimHint(err)}
	}
	var in [2]int
	if err := unix.Pipe2(in[:], unix.O_CLOEXEC); err != nil {
		return fail(err)
	}
	out, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		unix.Close(in[0])
		unix.Close(in[1])
		return fail(err)
	}
	s := &Shim{plan: p, order: in[1], outcome: out[0], listener: -1, network: Network{Diag: -1, Route: -1}, inside: inside}
	if inside.has(StepPIDs) {
		if err := unix.SetsockoptInt(s.outcome, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
			unix.Close(in[0])
			unix.Close(out[1])
			s.Close()
			return fail(err)
		}
	}
	err = s.fork(in[0], out[1], attr)
	// The shim has these now: if it ends, the outcome does.
	unix.Close(in[0])
	unix.Close(out[1])
	if err != nil {
		s.Close()
		return fail(err)
	}
	if err := s.awaitReady(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// fork executes the shim with the two ends that are its own.
func (s *Shim) fork(order, outcome int, sys *syscall.SysProcAttr) error {
	files, release, err := s.plan.descriptors(order, outcome)
	if err != nil {
		return err
	}
	defer release()
	if s.plan.Descriptors != Off {
		kept, err := s.plan.Inherited()
		if err != nil {
			return err
		}
		s.keep = slices.Sorted(maps.Keys(kept)) // what is not open here would be a descriptor of the shim's own
	}
	w := shimWords{order: files.order, outcome: files.outcome, network: s.inside.has(StepNetwork),
		mounts: s.inside.has(StepMounts)}
	if w.mounts && s.inside.has(StepPIDs) {
		if w.proc = s.plan.level(StepProc); w.proc != Off && s.plan.PIDs == Preferred {
			w.proc = Required // else another one is started without the namespace
		}
	}
	argv := []string{shimName, w.String()}
	if s.inside.has(StepPIDs) {
		argv = initArgs(argv, s.plan.selfPath())
	}
	// The target's environment is in the plan. TZ, of which the first counts: without it a package that asks for the
	// local time before main would have the shim read /etc/localtime. And the runtime must not preempt a shim that takes
	// longer than 10 ms: a SIGURG that is still pending at the exec is the target's.
	env := append([]string{"TZ=", "GODEBUG=asyncpreemptoff=1"}, os.Environ()...)
	if s.inside.has(StepPIDs) {
		env = slices.DeleteFunc(env, notForInit)
	}
	attr := &syscall.ProcAttr{Env: env, Files: files.list, Sys: sys}
	execute := func() error {
		s.child, err = syscall.ForkExec(s.plan.selfPath(), argv, attr)
		s.PID = s.child
		return err
	}
	if sys != nil && sys.Cloneflags&unix.CLONE_NEWUSER != 0 {
		return openly(execute)
	}
	return execute()
}

// kill ends the shim, or its init and the shim with it, and returns the wait status of the child that it was.
func (s *Shim) kill() unix.WaitStatus {
	_ = unix.Kill(s.child, unix.SIGKILL) // ESRCH: it has ended
	var ws unix.WaitStatus
	for {
		_, err := unix.Wait4(s.child, &ws, unix.WALL|unix.WNOTHREAD, nil)
		if err != unix.EINTR {
			return ws
		}
	}
}

// awaitReady waits for the shim's word that it waits. A shim that ends without it is reaped.
func (s *Shim) awaitReady() error {
	mark, oob, err := s.receive(0)
	for err == nil && mark[0] == outcomeByte { // of what it has tried before it was ready, and failed at
		s.outcomeRecord()
		mark, oob, err = s.receive(0)
	}
	switch {
	case err != nil:
	case mark[0] == readyByte:
		if s.inside.has(StepPIDs) {
			if s.PID = credentialsIn(oob); s.PID <= 0 {
				break
			}
			if err := unix.SetsockoptInt(s.outcome, unix.SOL_SOCKET, unix.SO_PASSCRED, 0); err != nil {
				break
			}
		}
		if fds := descriptorsIn(oob, 2); fds != nil {
			s.network.Diag, s.network.Route = fds[0], fds[1]
		}
		return nil
	default:
		s.failure = s.record(mark)
	}
	return s.Failure(s.kill()) // if it said nothing it is no shim
}

func shimHint(err error) string {
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOENT) {
		return "name this program's own file as the path to execute (--self-path)"
	}
	return ""
}

var errNoInit = errors.New("this process is a shim itself: main must call Init first")

// Go lets the shim run: it gets the byte it waits for, and the plan. A plan can be larger than a pipe holds, and the
// shim may stop while it reads, so the writing is left to a goroutine. Call it once, after PTRACE_SEIZE.
func (s *Shim) Go() {
	fd := s.order
	s.order = -1
	order := s.plan.order()
	order.keep = s.keep
	if s.inside.has(StepMounts) {
		order.readOnly, order.hide, order.root, order.links = s.at.readOnly, s.at.hide, s.at.root, s.at.links
	}
	if s.inside.has(StepUsers) && unprivileged() {
		order.drop = ^uint64(0) // those that it has in there it has never had
	}
	plan := order.encode(nil)
	msg := append([]byte{goByte}, binary.LittleEndian.AppendUint32(nil, uint32(len(plan)))...)
	msg = append(msg, plan...)
	go func() {
		defer unix.Close(fd)
		for len(msg) > 0 {
			n, err := unix.Write(fd, msg)
			if err == unix.EINTR {
				continue
			}
			if err != nil {
				return // EPIPE: the shim is gone, and its wait status says so
			}
			msg = msg[n:]
		}
	}()
}

// Failure says why the shim, which ended with status ws, did not become the target: *ExecError or *SetupError. It must
// be called only if the shim is dead and has not executed the target.
func (s *Shim) Failure(ws unix.WaitStatus) error {
	s.hear()
	if s.failure == nil {
		return &SetupError{Step: StepShim, On: s.plan.selfPath(), Err: shimEnded(ws)}
	}
	return s.failure
}

// Listener returns the descriptor on which Notify verdicts of the plan's filter are answered, close-on-exec and the
// caller's; -1 if there is none. It must be called once, after the shim has executed the target.
func (s *Shim) Listener() int {
	s.hear()
	fd := s.listener
	s.listener = -1
	return fd
}

// hear takes in what the shim has said since it was ready. It said all of that before its execve or its end, so nothing
// has to be waited for.
func (s *Shim) hear() {
	for {
		mark, oob, err := s.receive(unix.MSG_DONTWAIT)
		if err != nil {
			return
		}
		switch mark[0] {
		case listenByte:
			if fds := descriptorsIn(oob, 1); fds != nil {
				s.listener = fds[0]
			}
		case outcomeByte:
			s.outcomeRecord()
		default:
			s.failure = s.record(mark)
		}
	}
}

// receive takes one byte that the shim sent, with what came along.
func (s *Shim) receive(flags int) (mark, oob []byte, err error) {
	mark, oob = make([]byte, 1), make([]byte, unix.CmsgSpace(2*4)+unix.CmsgSpace(unix.SizeofUcred))
	for {
		n, oobn, _, _, err := unix.Recvmsg(s.outcome, mark, oob, flags|unix.MSG_CMSG_CLOEXEC)
		switch {
		case err == unix.EINTR:
			continue
		case err == nil && n == 0:
			err = unix.EPIPE
		}
		return mark, oob[:oobn], err
	}
}

// record reads the rest of an outcome record and makes it an error.
func (s *Shim) record(begun []byte) error {
	var rec [recordSize]byte
	n := copy(rec[:], begun)
	if readFull(s.outcome, rec[n:]) != nil {
		return nil // the shim was killed in the middle of it
	}
	step, errno := parseRecord(rec)
	if step.Primitive() != "" {
		s.note(step, Failed, errno)
	}
	return s.plan.stepError(step, errno)
}

// descriptorsIn returns the n descriptors that a control message brought, nil if it brought fewer: where this process
// has no room for them the message comes without.
func descriptorsIn(oob []byte, n int) []int {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	var fds []int
	for i := range messages {
		if fds, err = unix.ParseUnixRights(&messages[i]); err == nil {
			break
		}
	}
	if len(fds) != n {
		for _, fd := range fds {
			unix.Close(fd)
		}
		return nil
	}
	return fds
}

// Close releases what the shim is talked to by. The shim, if it still waits, ends.
func (s *Shim) Close() {
	if s.order >= 0 {
		unix.Close(s.order)
		s.order = -1
	}
	if s.outcome >= 0 {
		unix.Close(s.outcome)
		s.outcome = -1
	}
	if s.listener >= 0 {
		unix.Close(s.listener)
		s.listener = -1
	}
	s.network.close()
}
