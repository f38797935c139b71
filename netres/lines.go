package netres

import (
	"bytes"
	"io"
)

// lines reads a file of /proc/net line by line, of which the first is a heading.
type lines struct {
	buf []byte
}

const lineRoom = 16 << 10 // the longest line is some 300 bytes

// each calls do for every line but the first, without its newline. The line is valid until do returns.
func (l *lines) each(r io.Reader, do func(line []byte) error) error {
	if l.buf == nil {
		l.buf = make([]byte, lineRoom)
	}
	have, count := 0, 0
	for {
		n, err := r.Read(l.buf[have:])
		have += n
		rest := l.buf[:have]
		for {
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				break
			}
			if count++; count > linesMax {
				return ErrTooMany
			}
			if count > 1 {
				if err := do(rest[:end]); err != nil {
					return err
				}
			}
			rest = rest[end+1:]
		}
		have = copy(l.buf, rest)
		switch {
		case err == io.EOF && have > 0:
			return ErrMalformed // it ends within a line
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case have == len(l.buf):
			return ErrMalformed
		}
	}
}
