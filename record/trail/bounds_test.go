package trail

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"sydbox/event"
)

// A process that only forks and ends, a hundred thousand times over, is what the first was: nobody walks that chain for
// each of them.
func TestChainOfForks(t *testing.T) {
	const length = 100_000
	var text bytes.Buffer
	line := func(e event.Event) { text.Write(append(e.AppendJSON(nil), '\n')) }
	line(&event.Recording{Tool: "t", Command: []string{"a"}, Dir: "/"})
	line(&event.Born{ID: 1, Dir: "/"})
	line(&event.Executed{At: 1, ID: 1, Path: "/bin/a", Argv: []string{"a"}})
	for id := 2; id <= length; id++ {
		line(&event.Born{At: int64(id), ID: id, Parent: id - 1})
		line(&event.Used{At: int64(id), ID: id, Op: event.OpLook, Path: "/x"})
	}
	tr, err := Read(&text)
	if err != nil {
		t.Fatal(err)
	}
	first := tr.Root().Execs[0]
	last := tr.Proc(length)
	if last.Program() != first || last.At(5) != first || tr.Uses[len(tr.Uses)-1].Exec != first {
		t.Errorf("the last is %v", last.Program())
	}
}

// A line without an end, as a few kilobytes of gzip can be, is not read into memory whole.
func TestLineWithoutEnd(t *testing.T) {
	endless := &counted{from: io.LimitReader(same('a'), 4*maxLine)}
	head := (&event.Recording{Tool: "t", Command: []string{"a"}, Dir: "/"}).AppendJSON(nil)
	tr, err := Read(io.MultiReader(bytes.NewReader(append(head, '\n')), endless))
	if err != nil {
		t.Fatal(err)
	}
	if tr.Lines != 1 || !errors.Is(tr.Cut, errLong) {
		t.Errorf("%d lines, cut: %v", tr.Lines, tr.Cut)
	}
	if endless.read > 2*maxLine {
		t.Errorf("%d bytes of it were read", endless.read)
	}
	_, err = Read(io.LimitReader(same('a'), 4*maxLine))
	if !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "longer") {
		t.Errorf("without a first line: %v", err)
	}
	if _, err := ReadHead(io.LimitReader(same('a'), 4*maxLine)); !errors.Is(err, ErrForeign) {
		t.Errorf("ReadHead: %v", err)
	}
}

// same reads as one byte without end.
type same byte

func (s same) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(s)
	}
	return len(p), nil
}

// counted counts what is read.
type counted struct {
	from io.Reader
	read int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.read += n
	return n, err
}
