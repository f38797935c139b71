package sandbox

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
)

// budget is how much of the outputs of a command is passed on. nil is all.
type budget struct {
	mu        sync.Mutex
	left, cut uint64
}

func newBudget(limit uint64) *budget {
	if limit == 0 {
		return nil
	}
	return &budget{left: limit}
}

// of returns a writer that passes on what the budget allows.
func (b *budget) of(w io.Writer) io.Writer {
	if b == nil {
		return w
	}
	return &cutWriter{w, b}
}

// take returns how many of n bytes may be passed on, and counts the rest.
func (b *budget) take(n int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	pass := min(uint64(n), b.left)
	b.left -= pass
	b.cut += uint64(n) - pass
	return int(pass)
}

// excuses says whether an error of a copy is none of the command's: whoever read a file of ours has gone away, and the
// command will find that out by its own pipe.
func (b *budget) excuses(err error) bool { return b != nil && errors.Is(err, syscall.EPIPE) }

// cutWriter writes what the budget allows and drops the rest, so that whoever writes is never held up by it.
type cutWriter struct {
	w io.Writer
	b *budget
}

func (c *cutWriter) Write(p []byte) (int, error) {
	if n := c.b.take(len(p)); n > 0 {
		if written, err := c.w.Write(p[:n]); err != nil {
			return written, err
		}
	}
	return len(p), nil
}

// oneFile says whether two writers are open on one file, as `>log 2>&1` makes them: then one pipe keeps their order.
func oneFile(a, b io.Writer) bool {
	f, okF := a.(*os.File)
	g, okG := b.(*os.File)
	if !okF || !okG {
		return false
	}
	statF, errF := f.Stat()
	statG, errG := g.Stat()
	return errF == nil && errG == nil && os.SameFile(statF, statG)
}

// OutputCut is how many bytes of output were dropped because of Output, after Wait.
func (c *Cmd) OutputCut() uint64 {
	if c.run == nil || c.run.std.budget == nil {
		return 0
	}
	b := c.run.std.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cut
}
