package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/record/trail"
)

// writePicture writes what draws a recording to a file, or to standard output for "-". A recording is not written over:
// nothing could draw it again.
func writePicture(name string, write func(io.Writer) error) error {
	if name == "-" {
		return write(os.Stdout)
	}
	info, err := os.Stat(name)
	isNew := errors.Is(err, os.ErrNotExist)
	if err == nil && info.Mode().IsRegular() && isRecording(name) {
		return console.WithHints(fmt.Errorf("-o %s: this is a recording, which would be lost", event.Quote(name)),
			"name another file")
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return unwritten(name, err)
	}
	err = write(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		if isNew {
			os.Remove(name) // half of a page is of no use
		}
		return unwritten(name, err)
	}
	return nil
}

func isRecording(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = trail.ReadHead(f)
	return err == nil
}

func unwritten(name string, err error) error {
	return fmt.Errorf("-o %s: it cannot be written: %w", event.Quote(name), bare(err))
}
