package ask

import (
	"testing"

	"sydbox/event"
)

// What a recording says of a hint reaches no terminal as it is.
func TestNondetHostile(t *testing.T) {
	const bad = "\x1b]0;x\x07\u202e\xff\n"
	s := newScript(t, "make", "/b")
	id := s.born(1)
	s.exec(id, "/bin/x", "x", "/b")
	s.add(&event.Hinted{At: s.now(), ID: id, What: bad, Call: bad})
	s.run(1, "exit 0")
	for _, width := range []int{0, 20, 100} {
		shown(t, Nondet(s.trail(0), madeFiles{}), width)
	}
}
