package pathres

import (
	"bytes"

	"sydbox/access"
)

// deep is the directory that was climbed from last, and its path then. Who makes a directory that deep goes on there, so
// most of the way of the next climb is known; to see whether it still is takes one call for each PATH_MAX of it.
type deep struct {
	id   ident
	path []byte // with room for a NUL
}

// note keeps the path of a directory.
func (d *deep) note(id *ident, path []byte) {
	d.id = *id
	d.path = append(append(d.path[:0], path...), 0)
	d.path = d.path[:len(path)]
}

// deepPath returns the path of a directory on the way of a climb if it is that of the last climb or, at its first step,
// the one above, and the path leads there now; else nil. It is valid until the next climb.
func (r *Resolver) deepPath(id *ident, first bool) []byte {
	path := r.deep.path
	if len(path) == 0 {
		return nil
	}
	if !r.deep.id.is(id) {
		if !first {
			return nil
		}
		path = path[:bytes.LastIndexByte(path, '/')]
	}
	if len(path) < access.PathMax/2 {
		return nil // the kernel says it, or is about to
	}
	if leads, _ := r.leads(path, id); !leads {
		return nil
	}
	return path
}
