package sandbox

import "sydbox/dns"

// streamAnswers looks at what came by TCP.
func (n *names) streamAnswers(s borrowed, e *escort) {
	before, ok := s.streamAt()
	if !ok {
		return
	}
	payload, _, _, errno := s.peek(n.buf[:])
	if errno != 0 {
		return
	}
	// Nothing came or went meanwhile and all that is there was looked at, from the first byte on (SO_PEEK_OFF); nor did
	// anything else than the kernel's TCP make these bytes.
	after, ok := s.streamAt()
	trusted := ok && before == after && uint64(len(payload)) == after.queued && s.plainTCP() && n.believes(s.peer())
	if trusted {
		e.stream.read(after.offset, payload, func(msg []byte) {
			if m, err := dns.Parse(msg); err == nil && m.Response {
				n.heard(m.Name, m.Addresses, true)
			}
		})
	}
	if !trusted || e.stream.lost {
		n.guess(payload)
	}
}

// guess takes in what may be answers, without or with lengths before them.
func (n *names) guess(payload []byte) {
	if m, err := dns.Parse(payload); err == nil && m.Response {
		n.heard(m.Name, m.Addresses, false)
	}
	for msg, rest, whole := dns.Next(payload); whole; msg, rest, whole = dns.Next(rest) {
		if m, err := dns.Parse(msg); err == nil && m.Response {
			n.heard(m.Name, m.Addresses, false)
		}
	}
}

// stream finds messages in a stream, of which a piece is seen now and then: what lies in the kernel's queue. A message
// that is not seen from its first byte on is none: what it holds could look like one.
type stream struct {
	next   uint64 // where the next message's length begins
	length uint64 // of that message, if known
	known  bool
	lost   bool
}

const prefixSize = 2 // the length of a message's length

// read calls each with the messages in a piece of the stream that begins at offset, once for each message that can be
// seen whole; of one whose length was not seen, with all that there is.
func (s *stream) read(offset uint64, piece []byte, each func([]byte)) {
	if s.lost {
		return
	}
	end := offset + uint64(len(piece))
	for s.next <= end {
		switch {
		case offset <= s.next:
			at := piece[s.next-offset:]
			if len(at) >= prefixSize {
				s.length, s.known = uint64(at[0])<<8|uint64(at[1]), true
			}
			msg, _, whole := dns.Next(at)
			if !whole {
				return
			}
			each(msg)
		case offset == s.next+prefixSize && s.known:
			if uint64(len(piece)) < s.length {
				return
			}
			each(piece[:s.length])
		case offset == s.next+prefixSize:
			each(piece)
			s.lost = true
			return
		default:
			s.lost = true
			return
		}
		s.next, s.known = s.next+prefixSize+s.length, false
	}
	if offset > s.next {
		s.lost = true
	}
}
