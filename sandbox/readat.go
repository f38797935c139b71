package sandbox

import (
	"io"

	"golang.org/x/sys/unix"
)

// readAt is io.ReaderAt over a descriptor.
func readAt(fd int, p []byte, off int64) (n int, err error) {
	for n < len(p) {
		m, err := unix.Pread(fd, p[n:], off+int64(n))
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return n, err
		case m == 0:
			return n, io.EOF
		}
		n += m
	}
	return n, nil
}
