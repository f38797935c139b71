package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/record/trail"
)

// target is the file of a recording that is being made.
type target struct {
	*os.File
	entry string // on the shelf; empty if it is not there
}

// forget takes what has come to nothing off the shelf.
func (t *target) forget() {
	if t.entry != "" {
		_ = os.Remove(t.entry) // the next time, perhaps
	}
}

// create opens the file that a recording is written to and makes it the latest. name may be empty: then it is made on
// the shelf. Nobody else may read a new one: it has the environment of the command in it.
func create(name, command string, keep int) (*target, error) {
	now := time.Now()
	if name != "" {
		f, err := createNamed(name)
		if err != nil {
			return nil, err
		}
		return &target{File: f, entry: remember(f.Name(), command, keep, now)}, nil
	}
	dir, err := openShelf()
	if err != nil {
		return nil, err
	}
	prune(keep - 1)
	for {
		file := filepath.Join(dir, shelfName(command, now)+savedName)
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
		if errors.Is(err, fs.ErrExist) {
			now = now.Add(time.Millisecond) // another one started at the same time
			continue
		}
		if err != nil {
			return nil, uncreated(file, err)
		}
		return &target{File: f, entry: file}, lock(f)
	}
}

// createNamed opens a file that the user named. What is there already is written over only if it is a recording, or
// empty.
func createNamed(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return f, lock(f)
	}
	info, statErr := os.Stat(name)
	if !errors.Is(err, fs.ErrExist) || statErr != nil {
		return nil, uncreated(name, err)
	}
	if info.Mode().IsRegular() {
		if err := replaceable(name); err != nil {
			return nil, err
		}
	}
	if f, err = os.OpenFile(name, os.O_WRONLY, 0); err != nil {
		return nil, uncreated(name, err)
	}
	if !info.Mode().IsRegular() {
		return f, nil // a FIFO, or /dev/null
	}
	if err := lock(f); err != nil {
		return nil, err
	}
	if err := f.Truncate(0); err != nil {
		return nil, uncreated(name, err)
	}
	return f, nil
}

// replaceable says that a file can be written over.
func replaceable(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return uncreated(name, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() == 0 {
		return nil
	}
	if _, err := trail.ReadHead(f); err != nil {
		err = fmt.Errorf("-o %s: it is there already, and no recording that could be replaced", event.Quote(name))
		return console.WithHints(err, "remove it, or name another file")
	}
	return nil
}

func uncreated(name string, err error) error {
	return console.WithHints(fmt.Errorf("%s: the recording cannot be written: %w", event.Quote(name), bare(err)),
		"nothing was started; -o FILE names another file")
}

// lock says to other syd-traces that the file is being written. Where there are no locks there is no harm in none.
func lock(f *os.File) error {
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == unix.EWOULDBLOCK {
		defer f.Close()
		return uncreated(f.Name(), errors.New("another syd-trace is writing it"))
	}
	return nil
}

// remember makes a file that -o has named the latest recording, and returns its entry on the shelf. That it cannot be
// is no reason not to record.
func remember(name, command string, keep int, now time.Time) (entry string) {
	file := absolute(name)
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	dir, err := openShelf()
	if err != nil {
		return ""
	}
	for _, s := range onShelves() {
		if s.file == file && strings.HasSuffix(s.name, linkedName) {
			_ = os.Remove(s.entry()) // the same file has been named before
		}
	}
	prune(keep - 1)
	entry = filepath.Join(dir, shelfName(command, now)+linkedName)
	if os.Symlink(file, entry) != nil {
		return ""
	}
	return entry
}
