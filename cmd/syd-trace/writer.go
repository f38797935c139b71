package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// writer takes the lines of a recording: to the file, to standard output with --tee, and to whoever watches. An error
// of the file ends the recording, never the run; it is told at once.
type writer struct {
	mu    sync.Mutex
	file  *os.File
	gz    *gzip.Writer // nil if it is not compressed
	tee   io.Writer    // nil if there is none, or it is gone
	watch []watcher
	err   error // the file's first
	tail  []byte
	timer *time.Timer // flushes gz; nil if nothing waits for it
	bytes int64
}

// watcher is told of each line, without its newline.
type watcher interface{ line(text []byte) }

// flushTime is how much of a compressed recording a crash may cost.
const flushTime = time.Second

func newWriter(f *os.File, compress bool) *writer {
	w := &writer{file: f}
	if compress {
		// The fastest level: the recorder shares the machine with the build.
		w.gz, _ = gzip.NewWriterLevel(counter{w}, gzip.BestSpeed) // it fails for wrong levels
	}
	return w
}

// counter writes to the file and counts.
type counter struct{ w *writer }

func (c counter) Write(b []byte) (int, error) {
	n, err := c.w.file.Write(b)
	c.w.bytes += int64(n)
	return n, err
}

// Write implements io.Writer. It never fails: see close.
func (w *writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tee != nil {
		if _, err := w.tee.Write(b); err != nil {
			w.tee = nil // whoever read it has seen enough
		}
	}
	w.lines(b)
	if w.err == nil {
		var err error
		if w.gz == nil {
			_, err = counter{w}.Write(b)
		} else if _, err = w.gz.Write(b); w.timer == nil {
			w.timer = time.AfterFunc(flushTime, w.flush)
		}
		w.failed(err)
	}
	return len(b), nil
}

func (w *writer) lines(b []byte) {
	if len(w.watch) == 0 {
		return
	}
	w.tail = append(w.tail, b...)
	rest := w.tail
	for {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		for _, to := range w.watch {
			to.line(rest[:i])
		}
		rest = rest[i+1:]
	}
	w.tail = append(w.tail[:0], rest...)
}

// failed notes and tells the file's first error.
func (w *writer) failed(err error) {
	if err == nil || w.err != nil {
		return
	}
	w.err = bare(err)
	self.Say("the recording cannot be written any further: " + w.err.Error() + "; the command goes on")
}

// flush makes what was written readable.
func (w *writer) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = nil
	if w.gz != nil && w.err == nil {
		w.failed(w.gz.Flush())
	}
}

// close ends the recording. The error says that it is not complete, and was told when it came up.
func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gz != nil && w.err == nil {
		w.failed(w.gz.Close())
	}
	w.gz = nil // a timer may still go off
	if err := w.file.Close(); !errors.Is(err, os.ErrClosed) {
		w.failed(err)
	}
	return w.err
}
