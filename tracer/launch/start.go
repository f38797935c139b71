package launch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// shimName is the argv[0] that makes this program the shim; argv[1] then names its descriptors.
const shimName = "sydbox-shim"

// Shim is a started shim: it waits for Go.
type Shim struct {
	PID     int
	plan    *Plan
	order   int // write end: the go byte and the plan
	outcome int // read end: the record
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
	fail := func(err error) (*Shim, error) {
		return nil, &SetupError{Step: StepShim, On: p.selfPath(), Err: err, Hint: shimHint(err)}
	}
	var in, out [2]int
	if err := unix.Pipe2(in[:], unix.O_CLOEXEC); err != nil {
		return fail(err)
	}
	if err := unix.Pipe2(out[:], unix.O_CLOEXEC); err != nil {
		unix.Close(in[0])
		unix.Close(in[1])
		return fail(err)
	}
	s := &Shim{plan: p, order: in[1], outcome: out[0]}
	err := s.fork(in[0], out[1])
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

// fork executes the shim with the two ends of the pipes that are its own.
func (s *Shim) fork(order, outcome int) error {
	files, release, err := s.plan.descriptors(order, outcome)
	if err != nil {
		return err
	}
	defer release()
	argv := []string{shimName, fmt.Sprintf("%d,%d", files.order, files.outcome)}
	attr := &syscall.ProcAttr{Env: os.Environ(), Files: files.list}
	s.PID, err = syscall.ForkExec(s.plan.selfPath(), argv, attr)
	return err
}

// kill ends the shim and returns its wait status.
func (s *Shim) kill() unix.WaitStatus {
	_ = unix.Kill(s.PID, unix.SIGKILL) // ESRCH: it has ended
	var ws unix.WaitStatus
	for {
		_, err := unix.Wait4(s.PID, &ws, unix.WALL|unix.WNOTHREAD, nil)
		if err != unix.EINTR {
			return ws
		}
	}
}

// awaitReady waits for the shim's word that it waits. A shim that ends without it is reaped.
func (s *Shim) awaitReady() error {
	var b [1]byte
	if err := readFull(s.outcome, b[:]); err == nil && b[0] == readyByte {
		return nil
	}
	return s.Failure(s.kill()) // whatever it is, it is no shim
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
	plan := s.plan.order().encode(nil)
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
	var rec [recordSize]byte
	n := 0
	for n < len(rec) {
		m, err := unix.Read(s.outcome, rec[n:])
		if err == unix.EINTR {
			continue
		}
		if m <= 0 || err != nil {
			break
		}
		n += m
	}
	if n < len(rec) {
		return &SetupError{Step: StepShim, On: s.plan.selfPath(), Err: shimEnded(ws)}
	}
	step, errno := parseRecord(rec)
	return s.plan.stepError(step, errno)
}

// Close releases the pipes. The shim, if it still waits, ends.
func (s *Shim) Close() {
	if s.order >= 0 {
		unix.Close(s.order)
		s.order = -1
	}
	if s.outcome >= 0 {
		unix.Close(s.outcome)
		s.outcome = -1
	}
}
