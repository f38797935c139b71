package trail

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"sydbox/event"
)

// ReadHead reads the first line of a recording, compressed or not, and nothing else. Its errors are Read's.
func ReadHead(r io.Reader) (*event.Recording, error) {
	in, err := unpack(r)
	if err != nil {
		return nil, err
	}
	text, err := readLine(in)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	if len(text) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrForeign)
	}
	return parseHead(text)
}

// parseHead parses the first line.
func parseHead(text []byte) (*event.Recording, error) {
	e, err := event.ParseRecorded(text)
	if head, ok := e.(*event.Recording); ok {
		return head, nil
	}
	var version struct {
		V int `json:"v"`
	}
	switch {
	case errors.Is(err, event.ErrUnknown) && json.Unmarshal(text, &version) == nil && version.V > event.Version:
		return nil, fmt.Errorf("%w: %w", ErrNewer, err)
	case err == nil:
		return nil, fmt.Errorf("%w: its first line is another", ErrForeign)
	case !json.Valid(text):
		return nil, fmt.Errorf("%w: its first line is no JSON", ErrForeign)
	}
	return nil, fmt.Errorf("%w: %w", ErrForeign, err)
}

// unpack reads what may be compressed.
func unpack(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	magic, _ := in.Peek(2)
	if len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return in, nil
	}
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	return bufio.NewReaderSize(unpacked, 1<<20), nil
}
