package report

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"sydbox/event"
)

// Log appends denials to a file, one JSON line each (docs/schema.md). It implements sandbox.Reporter.
//
// A line is written with one write(2) to a descriptor in append mode as soon as the denial is known: several runs can
// share a file, and what was logged survives a crash of anything. The descriptor is close-on-exec, so no tracee
// inherits it.
type Log struct {
	mu   sync.Mutex
	file *os.File
	line []byte
	err  error
	torn bool // the last line was written in part
}

// OpenLog opens or creates the file with mode 0644, less the umask. A FIFO waits for its reader.
func OpenLog(path string) (*Log, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|unix.O_CLOEXEC|unix.O_NOCTTY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return &Log{file: f}, nil
}

// Denied writes d, muted denials too: the log is where a mute rule can be found again.
func (l *Log) Denied(d *event.Denial) { l.write(d) }

// Hardening writes the first line of a run.
func (l *Log) Hardening(h *event.Hardening) { l.write(h) }

// Summary writes the last line of a run.
func (l *Log) Summary(s *event.Summary) { l.write(s) }

// write keeps the first error and goes on trying: a disk that was full may have room again, and each line stands alone.
func (l *Log) write(e event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = l.line[:0]
	if l.torn {
		l.line = append(l.line, '\n') // the rest of that line is lost, this one is not
	}
	l.line = append(e.AppendJSON(l.line), '\n')
	n, err := l.file.Write(l.line)
	if err != nil && l.err == nil {
		l.err = err
	}
	l.torn = err != nil && (n > 0 || l.torn)
}

// Close closes the file and returns the first error of anything that was written: then the log is not complete.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := errors.Join(l.err, l.file.Close()); err != nil {
		return fmt.Errorf("the log is not complete: %w", err)
	}
	return nil
}
