package record

import (
	"bytes"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// canon remembers where directories lead: a path as it was typed, up to a slash, and the canonical directory. It sees
// every change that the tree makes and forgets what a change may concern. Who else changes directories and links
// meanwhile is not seen: a path that is shown may then be the one of before, but never the result of a call.
type canon struct {
	dirs map[string]place
	// uses has what those depend on, by canonical path.
	uses map[string]uses
	// changes counts how often all was forgotten.
	changes int
	buf     []byte
	text    [access.PathMax]byte
}

// place is where a path leads.
type place struct {
	path string
	// missing: path is not there. Names below it are put behind it, unless ".." followed (stuck).
	missing, stuck bool
	// special: it leads through what each process has for itself.
	special bool
}

// uses says what a canonical path stands for in what is remembered.
type uses uint8

const (
	usedLink uses = 1 << iota
	usedDir
	usedMissing
)

const (
	// canonMax bounds what is remembered. The largest trees have some 100,000 directories.
	canonMax = 1 << 16
	// maxLinks is the kernel's MAXSYMLINKS.
	maxLinks = 40
)

func newCanon() *canon { return &canon{dirs: map[string]place{}, uses: map[string]uses{}} }

// flush forgets everything.
func (c *canon) flush() {
	c.dirs, c.uses = map[string]place{}, map[string]uses{}
	c.changes++
}

// gone is told of a name that was removed. What was a directory is remembered: nothing else is there yet.
func (c *canon) gone(path string) {
	if c.uses[path]&usedLink != 0 {
		c.flush()
	}
}

// made is told of a new directory, moved of any other new name and of one that is another now.
func (c *canon) made(path string) {
	if c.uses[path]&^usedDir != 0 {
		c.flush()
	}
}

func (c *canon) moved(path string) {
	if c.uses[path] != 0 {
		c.flush()
	}
}

// dir returns where a directory path leads. It begins with a slash; slashes at its end do not matter.
func (c *canon) dir(typed []byte) place {
	if p, ok := c.dirs[string(typed)]; ok {
		return p
	}
	if len(c.dirs) > canonMax {
		c.flush()
	}
	links := 0
	return c.walk(typed, &links)
}

// target returns where a link leads, the links that it leads to as well.
func (c *canon) target(link []byte) place {
	links := 0
	return c.walk(append([]byte(nil), link...), &links)
}

// walk is dir, with the number of links met so far.
func (c *canon) walk(typed []byte, links *int) place {
	if p, ok := c.dirs[string(typed)]; ok {
		return p
	}
	trimmed := bytes.TrimRight(typed, "/")
	if len(trimmed) == 0 {
		return place{path: "/"}
	}
	i := bytes.LastIndexByte(trimmed, '/')
	parent, last := c.walk(trimmed[:i+1], links), trimmed[i+1:]
	p := c.step(parent, last, links)
	if *links <= maxLinks {
		c.dirs[string(typed)] = p
	}
	return p
}

// step goes from a directory to what a name in it leads to.
func (c *canon) step(parent place, last []byte, links *int) place {
	switch {
	case parent.special, string(last) == ".":
		return parent
	case parent.missing && string(last) == "..":
		parent.stuck = true
		return parent
	case parent.missing:
		return place{path: string(parent.join(nil, last)), missing: true, stuck: parent.stuck}
	case string(last) == "..":
		if i := bytes.LastIndexByte([]byte(parent.path), '/'); i > 0 {
			return place{path: parent.path[:i]}
		}
		return place{path: "/"}
	}
	c.buf = append(parent.join(c.buf[:0], last), 0)
	path := string(c.buf[:len(c.buf)-1])
	if own(c.buf) || path == "/proc" {
		return place{path: path, special: path != "/proc"}
	}
	n, errno := readlink(c.buf, c.text[:])
	switch {
	case errno == unix.EINVAL:
		c.uses[path] |= usedDir
		return place{path: path}
	case errno != 0 || n == len(c.text) || *links >= maxLinks:
		*links++
		c.uses[path] |= usedMissing
		return place{path: path, missing: true}
	}
	*links++
	c.uses[path] |= usedLink
	text := append([]byte(nil), c.text[:n]...)
	if text[0] != '/' {
		text = append(append(append([]byte(nil), parent.path...), '/'), text...)
	}
	return c.walk(text, links)
}

// join appends the path of a name in the directory.
func (p *place) join(dst, last []byte) []byte {
	dst = append(dst, p.path...)
	if p.stuck {
		return dst
	}
	if len(p.path) > 1 {
		dst = append(dst, '/')
	}
	return append(dst, last...)
}
