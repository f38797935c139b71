package sandbox

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
)

// stdStreams are the target's descriptors 0, 1 and 2: files as they are, other readers and writers through a pipe
// with a goroutine that copies, as in os/exec.
type stdStreams struct {
	target [3]*os.File
	opened []*os.File // ours to close once the target has them
	copies sync.WaitGroup
	mu     sync.Mutex
	err    error
	stdin  *os.File // our end of a stdin pipe: closed to end its copier
	budget *budget  // of what is passed on; nil if all is
}

func openStdio(c *Cmd) (*stdStreams, error) {
	s := &stdStreams{budget: newBudget(c.Output)}
	var err error
	if s.target[0], err = s.input(c.Stdin); err == nil {
		s.target[1], err = s.output(c.Stdout)
	}
	switch {
	case err != nil:
	case c.Stderr != nil && (sameWriter(c.Stdout, c.Stderr) || s.budget != nil && oneFile(c.Stdout, c.Stderr)):
		s.target[2] = s.target[1]
	default:
		s.target[2], err = s.output(c.Stderr)
	}
	if err != nil {
		s.closeTarget()
		s.finish()
		return nil, err
	}
	return s, nil
}

// sameWriter compares without a panic on types that cannot be compared.
func sameWriter(a, b io.Writer) (same bool) {
	defer func() { _ = recover() }()
	return a == b
}

func (s *stdStreams) input(r io.Reader) (*os.File, error) {
	switch r := r.(type) {
	case nil:
		return s.open(os.O_RDONLY)
	case *os.File:
		return r, nil
	}
	pr, pw, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s.opened = append(s.opened, pr)
	s.stdin = pw
	// Not waited for: a reader may block for ever after the target is gone.
	go func() {
		_, err := io.Copy(pw, r)
		if err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, os.ErrClosed) {
			s.fail(err)
		}
		pw.Close()
	}()
	return pr, nil
}

func (s *stdStreams) output(w io.Writer) (*os.File, error) {
	switch w := w.(type) {
	case nil:
		return s.open(os.O_WRONLY)
	case *os.File:
		if s.budget == nil {
			return w, nil
		}
	}
	pr, pw, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s.opened = append(s.opened, pw)
	s.copies.Go(func() {
		if _, err := io.Copy(s.budget.of(w), pr); err != nil && !s.budget.excuses(err) {
			s.fail(err)
		}
		pr.Close()
	})
	return pw, nil
}

func (s *stdStreams) open(flag int) (*os.File, error) {
	f, err := os.OpenFile(os.DevNull, flag, 0)
	if err == nil {
		s.opened = append(s.opened, f)
	}
	return f, err
}

func (s *stdStreams) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

// closeTarget closes our copies of what the target was given, so that its pipes end when it does.
func (s *stdStreams) closeTarget() {
	for _, f := range s.opened {
		f.Close()
	}
	s.opened = nil
}

// finish waits for the copying of outputs and returns the first error of any copy.
func (s *stdStreams) finish() error {
	s.copies.Wait()
	if s.stdin != nil {
		s.stdin.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
