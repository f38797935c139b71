package main

import (
	"bytes"
	"io"
	"os"
	"time"
)

// transcript is what a kernel says. A guest says something at least once in the time that a suite may take: one that
// does not is given up.
type transcript struct {
	text    bytes.Buffer
	echo    io.Writer
	limit   time.Duration
	silence *time.Timer
}

// bootLimit is how long a kernel may take to boot and to stop, on an emulated machine beside others.
const bootLimit = 10 * time.Minute

// newTranscript calls giveUp when nothing was said for too long. Verbose ones are shown as they come: all of it may take
// an hour.
func newTranscript(o *options, giveUp func()) *transcript {
	t := &transcript{echo: io.Discard, limit: o.limit + bootLimit}
	if o.verbose {
		t.echo = os.Stdout
	}
	t.silence = time.AfterFunc(t.limit, giveUp)
	return t
}

// Write is called by one goroutine: the kernel's output and its errors are one stream.
func (t *transcript) Write(text []byte) (int, error) {
	t.silence.Reset(t.limit)
	if _, err := t.echo.Write(text); err != nil {
		return 0, err
	}
	return t.text.Write(text)
}
