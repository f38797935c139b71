package ask

import (
	"cmp"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// HostFiles are the files of this machine.
type HostFiles struct{}

var errNotRegular = errors.New("not a regular file")

// Open implements Files. A FIFO or a device that has the name by now is not opened; one that
// gets it at that moment is not waited for, nor read.
func (HostFiles) Open(name string) (io.ReadCloser, time.Time, error) {
	if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return nil, time.Time{}, cmp.Or(err, errNotRegular)
	}
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, time.Time{}, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return nil, time.Time{}, err
	}
	return f, info.ModTime(), nil
}
