package main

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/cmd/internal/console"
	"sydbox/event"
)

// progress is a line on a terminal that tells how far a long recording is. It is a watcher: it knows what the recording
// has in it. The line is drawn over twice a second and erased at the end.
type progress struct {
	tty   *os.File
	start time.Time
	quit  chan struct{}
	done  chan struct{}

	mu    sync.Mutex
	names *roster
	lines int
	last  int // the process that last became something
	shown bool
	held  bool
}

const progressTime = 500 * time.Millisecond

func newProgress(tty *os.File) *progress {
	p := &progress{tty: tty, start: time.Now(), names: newRoster(), quit: make(chan struct{}), done: make(chan struct{})}
	go p.run()
	return p
}

// line looks only at what tells of processes: most lines tell of paths, and to read them costs more than to record.
func (p *progress) line(text []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines++
	const head = `{"v":1,"type":"`
	if len(text) < len(head)+4 {
		return
	}
	if kind := text[len(head):]; !bytes.HasPrefix(kind, []byte("born")) && !bytes.HasPrefix(kind, []byte("exec")) &&
		!bytes.HasPrefix(kind, []byte("end")) {
		return
	}
	e, err := event.ParseRecorded(text)
	if err != nil {
		return
	}
	p.names.note(e)
	if x, ok := e.(*event.Executed); ok {
		p.last = x.ID
	}
}

func (p *progress) run() {
	defer close(p.done)
	tick := time.NewTicker(progressTime)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			p.erase()
			return
		case <-tick.C:
			p.draw()
		}
	}
}

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	// In the background the terminal is somebody else's.
	if group, err := unix.IoctlGetInt(int(p.tty.Fd()), unix.TIOCGPGRP); p.held || err != nil || group != unix.Getpgrp() {
		return
	}
	text := fmt.Sprintf("syd-trace: %s, processes: %d, %d alive, %d lines", clock(time.Since(p.start)), p.names.born,
		p.names.alive(), p.lines)
	if p.names.procs[p.last] != nil {
		text += ", " + p.names.of(p.last)
	}
	// A line that goes around the edge cannot be erased again.
	if room := width(p.tty) - 1; room > 0 {
		if runes := []rune(text); len(runes) > room {
			text = string(runes[:room])
		}
	}
	p.shown = true
	_, _ = console.Unstopped{File: p.tty}.Write([]byte("\r" + text + "\x1b[K\r")) // nobody is left to tell
}

func (p *progress) erase() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		_, _ = console.Unstopped{File: p.tty}.Write([]byte("\r\x1b[K"))
		p.shown = false
	}
}

// hold erases the line and draws no other until it is let go.
func (p *progress) hold(on bool) {
	if p == nil {
		return
	}
	if on {
		p.erase()
	}
	p.mu.Lock()
	p.held = on
	p.mu.Unlock()
}

// stop ends it.
func (p *progress) stop() {
	if p != nil {
		close(p.quit)
		<-p.done
	}
}

// clock is a time as people read it: 3.2s, 1m04s, 2h05m.
func clock(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
