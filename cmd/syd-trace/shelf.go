package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/cmd/internal/console"
	"sydbox/event"
)

// Recordings that no -o names are kept on a shelf, a directory of the user's: the newest few, and links to the newest
// that -o has named. Names start with the time, so that they sort by it.
//
// There are two shelves: $XDG_STATE_HOME/syd-trace, and one below $TMPDIR for those whose home cannot be written to, as
// in most package builds. Recordings are made on the first that works, and looked for on both.

const (
	shelfTime  = "20060102-150405.000"
	savedName  = ".trace.gz"
	linkedName = ".link"
)

// shelves are the directories, the preferred one first. They need not exist.
func shelves() []string {
	var dirs []string
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) { // basedir-spec: relative ones are to be ignored
		state = ""
		if home := os.Getenv("HOME"); filepath.IsAbs(home) {
			state = filepath.Join(home, ".local/state")
		}
	}
	if state != "" {
		dirs = append(dirs, filepath.Join(state, "syd-trace"))
	}
	return append(dirs, filepath.Join(os.TempDir(), "syd-trace-"+strconv.Itoa(os.Geteuid())))
}

// errNotOurs is why a shelf is not used: what is in it may be somebody else's doing.
var errNotOurs = errors.New("it is no directory of this user's that nobody else can write to")

// trusted says that a shelf is a directory, not a link to one, of this user's, which nobody else can write to.
func trusted(dir string) error {
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Geteuid() || st.Mode&0o022 != 0 {
		return errNotOurs
	}
	return nil
}

// openShelf returns the first shelf that can be written to.
func openShelf() (string, error) {
	var failed error
	for _, dir := range shelves() {
		err := os.MkdirAll(filepath.Dir(dir), 0o700)
		if err == nil {
			if err = os.Mkdir(dir, 0o700); errors.Is(err, fs.ErrExist) {
				err = nil
			}
		}
		if err == nil {
			err = trusted(dir)
		}
		if err == nil {
			err = unix.Access(dir, unix.W_OK|unix.X_OK)
		}
		if err == nil {
			return dir, nil
		}
		failed = fmt.Errorf("%s: %w", event.Quote(dir), bare(err))
	}
	return "", console.WithHints(fmt.Errorf("there is nowhere to keep a recording: %w", failed),
		"name a file with -o FILE, or set XDG_STATE_HOME")
}

// bare takes the call and the path off an error of package os.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// absolute is a file's name for whoever has another working directory.
func absolute(name string) string {
	if file, err := filepath.Abs(name); err == nil {
		return file
	}
	return name
}

// saved is a recording on a shelf.
type saved struct {
	file string // where it is
	name string // on the shelf
	dir  string
}

func (s *saved) entry() string { return filepath.Join(s.dir, s.name) }

// onShelves lists what is kept, the newest first.
func onShelves() []saved {
	var list []saved
	for _, dir := range shelves() {
		if trusted(dir) != nil {
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // what cannot be read is not kept for this user
		}
		for _, e := range entries {
			s := saved{file: filepath.Join(dir, e.Name()), name: e.Name(), dir: dir}
			switch {
			case e.Type().IsRegular() && strings.HasSuffix(s.name, savedName):
			case e.Type()&fs.ModeSymlink != 0 && strings.HasSuffix(s.name, linkedName):
				if s.file, err = os.Readlink(s.entry()); err != nil {
					continue
				}
			default:
				continue
			}
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b saved) int { return strings.Compare(b.name, a.name) })
	return list
}

// prune makes room: of what is kept, the newest remain. What another syd-trace is still writing stays.
func prune(keep int) {
	list := onShelves()
	for i := range list[min(keep, len(list)):] {
		s := &list[keep+i]
		if !strings.HasSuffix(s.name, linkedName) && isBusy(s.entry()) {
			continue
		}
		_ = os.Remove(s.entry()) // the next time, perhaps
	}
}

// isBusy says whether a syd-trace is writing a recording: it holds a lock meanwhile.
func isBusy(name string) bool {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) == unix.EWOULDBLOCK
}

// shelfName is the name of a recording that starts now: the time, and for people the program.
func shelfName(command string, now time.Time) string {
	short := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._+-", r) {
			return r
		}
		return '_'
	}, filepath.Base(command))
	return now.Format(shelfTime) + "-" + short[:min(len(short), 40)]
}

// recordingName finds the file of a recording by what was typed: nothing, "@N", or a file.
func recordingName(typed string) (string, error) {
	back := 1
	if number, ok := strings.CutPrefix(typed, "@"); ok {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 {
			return "", console.WithHints(fmt.Errorf("-r %s: @1 is the latest recording, @2 the one before", event.Quote(typed)),
				"syd-trace list shows them; a file of this name is ./"+typed)
		}
		back = n
	} else if typed != "" {
		return typed, nil
	} else if own := os.Getenv(recordingVar); own != "" {
		return own, nil // this is asked in the shell of a breakpoint
	}
	list := onShelves()
	if back > len(list) {
		if len(list) == 0 {
			return "", console.WithHints(errors.New("there is no recording yet, and -r names none"),
				"syd-trace -- CMD makes one; -r FILE names one")
		}
		return "", console.WithHints(fmt.Errorf("-r %s: only %d recordings are kept", typed, len(list)),
			"syd-trace list shows them")
	}
	return list[back-1].file, nil
}
