package record

import (
	"io"
	"sync"
	"time"

	"sydbox/event"
)

// sink takes lines from the tracer's thread and has a goroutine write them, many at a time. What is not written yet is
// bounded: when there is too much of it the tracer waits.
type sink struct {
	out io.Writer

	mu    sync.Mutex
	room  sync.Cond
	buf   []byte // not yet taken by the writer
	lines int
	taken int // of them, by out
	ended bool
	err   error // the first of out's; nothing is written any more

	some chan struct{} // there is something to write
	much chan struct{} // it should be written now
	done chan struct{}
}

const (
	// batch is how much is written at once if there is that much; limit is what may lie there unwritten.
	batch = 128 << 10
	limit = 4 << 20
	// flushTime is how long a line waits for others.
	flushTime = 150 * time.Millisecond
)

func newSink(out io.Writer) *sink {
	if out == nil {
		out = io.Discard
	}
	s := &sink{
		out: out, buf: make([]byte, 0, 2*batch),
		some: make(chan struct{}, 1), much: make(chan struct{}, 1), done: make(chan struct{}),
	}
	s.room.L = &s.mu
	go s.write()
	return s
}

// add writes a line; e may be used again when it returns.
func (s *sink) add(e event.Event) {
	s.mu.Lock()
	first := len(s.buf) == 0
	s.buf = append(e.AppendJSON(s.buf), '\n')
	s.lines++
	size := len(s.buf)
	for len(s.buf) > limit && s.err == nil {
		poke(s.much)
		s.room.Wait()
	}
	s.mu.Unlock()
	if first {
		poke(s.some)
	}
	if size > batch {
		poke(s.much)
	}
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// write is the writer's goroutine.
func (s *sink) write() {
	defer close(s.done)
	spare := make([]byte, 0, 2*batch)
	for range s.some {
		wait := time.NewTimer(flushTime)
		select {
		case <-s.much:
		case <-wait.C:
		}
		wait.Stop()
		s.mu.Lock()
		lines, ended, failed, taken := s.buf, s.ended, s.err != nil, s.lines
		s.buf = spare[:0]
		s.room.Broadcast()
		s.mu.Unlock()
		if len(lines) > 0 && !failed {
			if _, err := s.out.Write(lines); err != nil {
				s.mu.Lock()
				s.err = err
				s.mu.Unlock()
			}
		}
		s.mu.Lock()
		s.taken = taken
		s.room.Broadcast()
		s.mu.Unlock()
		spare = lines[:0]
		if cap(spare) > limit {
			spare = make([]byte, 0, 2*batch)
		}
		if ended {
			return
		}
	}
}

// settle waits until all that was added has been written.
func (s *sink) settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	poke(s.some)
	poke(s.much)
	for want := s.lines; s.taken < want; {
		s.room.Wait()
	}
}

// close writes what is left and returns the first error of the writer.
func (s *sink) close() error {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	poke(s.much)
	poke(s.some)
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
