package ask

import (
	"bytes"
	"encoding/binary"
	"io"
	"strconv"
	"strings"
	"time"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// needles looks for what is of one build only.
type needles struct {
	list   []needle
	from   int64 // seconds since 1970 between which the build was
	to     int64
	days   []time.Time
	buffer []byte
}

// needle is a text to look for. check says whether what was found at an index of a window is it, and its length.
type needle struct {
	what, as string
	text     []byte
	check    func(window []byte, at int) int
}

// Windows overlap by as much as any text and its surroundings take.
const (
	windowSize = 1 << 20
	overlap    = 8 << 10
)

func newNeedles(t *trail.Trail) *needles {
	h := t.Head
	s := &needles{from: h.Time.Unix() - 1, to: h.Time.Add(t.Length()).Unix() + 1, buffer: make([]byte, windowSize)}
	s.times(sourceDates(t))
	s.word("build path", h.Dir, 5, true)
	s.word("host name", h.Host, 4, false)
	s.word("kernel", h.Kernel, 5, false)
	for _, v := range h.Env {
		name, value, _ := strings.Cut(v, "=")
		switch name {
		case "USER", "LOGNAME":
			s.word("user", value, 4, false)
		case "HOME":
			if !strings.HasPrefix(h.Dir+"/", value+"/") { // or else the build path has it
				s.word("home", value, 6, true)
			}
		}
	}
	s.temporary(t)
	return s
}

// common words and places say nothing of a machine.
var commonWords = map[string]bool{
	"root": true, "user": true, "nobody": true, "build": true, "builder": true, "admin": true, "localhost": true,
	"debian": true, "ubuntu": true, "fedora": true, "linux": true, "/root": true, "/tmp": true, "/build": true,
	"/home": true, "/nonexistent": true, "host": true, "test": true, "guest": true, "/usr": true, "/var/tmp": true,
}

// word looks for a name that stands alone, or for a path to which more may be added.
func (s *needles) word(what, text string, least int, isPath bool) {
	if len(text) < least || commonWords[text] {
		return
	}
	s.list = append(s.list, needle{what: what, text: []byte(text), check: func(w []byte, at int) int {
		end := at + len(text)
		if end < len(w) && isWordByte(w[end]) || !isPath && at > 0 && isWordByte(w[at-1]) {
			return 0
		}
		return len(text)
	}})
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// file looks into a file and returns the first find of each sort.
func (s *needles) file(r io.Reader) (hits []*Proof) {
	found := make(map[string]bool)
	kept, offset := 0, int64(0)
	for {
		n, err := io.ReadFull(r, s.buffer[kept:])
		window := s.buffer[:kept+n]
		last := err != nil
		if offset == 0 {
			hits = s.head(window, found, hits)
		}
		for i := range s.list {
			needle := &s.list[i]
			if found[needle.what] {
				continue
			}
			if at, size := needle.find(window, last); size > 0 {
				found[needle.what] = true
				hits = append(hits, &Proof{What: needle.what, As: needle.as, Offset: offset + int64(at),
					Text: show.Bytes(window[at : at+size])})
			}
		}
		if last {
			return hits
		}
		kept = copy(s.buffer, window[len(window)-overlap:])
		offset += int64(len(window) - kept)
	}
}

// find returns where a needle is. What is too near to the end of a window to be told comes again in the next.
func (n *needle) find(window []byte, last bool) (at, size int) {
	for at < len(window) {
		i := bytes.Index(window[at:], n.text)
		if i < 0 {
			break
		}
		at += i
		if !last && at > len(window)-overlap/2 {
			break
		}
		if size := n.check(window, at); size > 0 {
			return at, size
		}
		at++
	}
	return 0, 0
}

// head looks at what a file begins with: gzip(1) writes the time there.
func (s *needles) head(w []byte, found map[string]bool, hits []*Proof) []*Proof {
	if len(w) < 10 || w[0] != 0x1f || w[1] != 0x8b || w[2] != 8 {
		return hits
	}
	if at := int64(binary.LittleEndian.Uint32(w[4:])); at >= s.from && at <= s.to {
		found["time"] = true
		hits = append(hits, &Proof{What: "time", As: "gzip header", Offset: 4, Text: show.Bytes(strconv.FormatInt(at, 10))})
	}
	return hits
}
