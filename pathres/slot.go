package pathres

// handle is an O_PATH descriptor. One that is not owned is the Resolver's own (its root) and stays open.
type handle struct {
	fd    int
	owned bool
}

var noHandle = handle{fd: -1}

func (h *handle) close() {
	if h.owned {
		closeHandle(h.fd)
	}
	*h = noHandle
}

// take moves a handle out, so that its present holder no longer closes it.
func (h *handle) take() handle {
	t := *h
	*h = noHandle
	return t
}

// nameMax is the longest component that exists on any file system, NAME_MAX of limits.h.
const nameMax = 255

// slot is what was found out about one name of the present call.
type slot struct {
	path    []byte // the canonical path; while walking "" is the root
	parent  handle
	object  handle
	last    [nameMax]byte
	lastLen int
}

func (s *slot) release() {
	s.parent.close()
	s.object.close()
	s.path = s.path[:0]
	s.lastLen = 0
}

// push appends path components to the path, leaving out empty ones and dots. plain is false if there was a "..", which
// is appended too: the path is then not canonical.
func (s *slot) push(components []byte) (plain bool) {
	plain = true
	for len(components) > 0 {
		c := components
		if i := indexSlash(c); i >= 0 {
			c, components = c[:i], c[i+1:]
		} else {
			components = nil
		}
		if len(c) == 0 || string(c) == "." {
			continue
		}
		plain = plain && string(c) != ".."
		s.path = append(s.path, '/')
		s.path = append(s.path, c...)
	}
	return plain
}
