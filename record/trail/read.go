package trail

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"sydbox/event"
)

// ErrForeign is wrapped by Read's error for something that is no recording, ErrNewer for one that a newer program made.
var (
	ErrForeign = errors.New("this is no recording of syd-trace")
	ErrNewer   = errors.New("a newer syd-trace made this recording")
)

// Open reads the recording in a file; "-" is standard input.
func Open(name string) (*Trail, error) {
	if name == "-" {
		return Read(os.Stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", event.Quote(name), err)
	}
	return t, nil
}

// Read reads a recording, compressed or not. What was cut off is read as far as it goes: see Trail.Cut.
func Read(r io.Reader) (*Trail, error) {
	in, err := unpack(r)
	if err != nil {
		return nil, err
	}
	b := &builder{Trail: new(Trail), strings: make(map[string]string)}
	for {
		text, err := readLine(in)
		if len(bytes.TrimSpace(text)) > 0 {
			if failure := b.line(text, err == nil); failure != nil {
				return nil, failure
			}
		}
		if err == io.EOF || b.Cut != nil {
			break
		}
		if err != nil {
			b.Cut = fmt.Errorf("after line %d: %w", b.Lines, err)
			break
		}
	}
	if b.Head == nil {
		if b.Cut != nil {
			return nil, fmt.Errorf("%w: %w", ErrForeign, b.Cut)
		}
		return nil, fmt.Errorf("%w: it is empty", ErrForeign)
	}
	if b.Cut == nil && b.Finish == nil {
		b.Cut = fmt.Errorf("after line %d: the recorder did not live to finish it", b.Lines)
	}
	return b.Trail, nil
}

// maxLine bounds a line. The longest are the first and that of an exec: they have arguments and environment, which
// Linux bounds by 6 MiB (execve(2)), and each byte may take six in JSON.
const maxLine = 64 << 20

var errLong = fmt.Errorf("a line is longer than %d bytes", maxLine)

// readLine reads to the end of a line, or of what there is.
func readLine(in *bufio.Reader) (text []byte, err error) {
	for {
		part, err := in.ReadSlice('\n')
		text = append(text, part...)
		if err != bufio.ErrBufferFull {
			return text, err
		}
		if len(text) > maxLine {
			return nil, errLong
		}
	}
}

// line takes in one line; whole says that it ended in a newline. The error is for what makes the file no recording.
func (b *builder) line(text []byte, whole bool) error {
	if b.Head == nil {
		head, err := parseHead(text)
		b.Head, b.Lines = head, 1
		return err
	}
	e, err := event.ParseRecorded(text)
	switch {
	case errors.Is(err, event.ErrUnknown):
		b.Skipped++
	case err != nil && !whole:
		b.Cut = fmt.Errorf("after line %d: a line was not written to its end", b.Lines)
		return nil
	case err != nil:
		b.Cut = fmt.Errorf("line %d: %w", b.Lines+1, err)
		return nil
	default:
		b.add(e)
	}
	b.Lines++
	return nil
}
