package pkgdb

import (
	"io/fs"
	"path"
	"strings"
)

// link is a directory that has two names: /bin where that leads to /usr/bin. Databases may use either (a package built
// before the merge has /bin/sh), recordings use where it leads.
type link struct{ from, to string }

// linkDirs are where such links are: the merged /usr of most distributions, and Arch's /usr/sbin.
var linkDirs = []string{".", "usr"}

// findLinks finds them in a root.
func findLinks(root fs.FS) (links []link) {
	for _, dir := range linkDirs {
		entries, err := fs.ReadDir(root, dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if e.Type()&fs.ModeSymlink == 0 {
				continue
			}
			from := path.Join("/", dir, e.Name())
			text, err := fs.ReadLink(root, path.Join(dir, e.Name()))
			if err != nil {
				continue
			}
			if !path.IsAbs(text) {
				text = path.Join("/", dir, text)
			}
			if info, err := fs.Stat(root, path.Clean(text)[1:]); err == nil && info.IsDir() {
				links = append(links, link{from + "/", path.Clean(text) + "/"})
			}
		}
	}
	return links
}

// wanted are the paths that are looked for, by each name that a database may have for them.
type wanted struct {
	asked map[string][]string // from the database's name to those asked for
}

func newWanted(paths []string, links []link) *wanted {
	w := &wanted{asked: make(map[string][]string, len(paths))}
	for _, p := range paths {
		w.want(p, p)
		for _, name := range otherNames(p, links) {
			w.want(name, p)
		}
	}
	return w
}

// otherNames are what a path is called by way of links, two deep: /sbin may lead to /usr/sbin, and that to /usr/bin.
func otherNames(p string, links []link) (names []string) {
	seen := map[string]bool{p: true}
	at := []string{p}
	for range 2 {
		var next []string
		for _, name := range at {
			for _, l := range links {
				for _, swap := range []link{l, {l.to, l.from}} {
					rest, ok := strings.CutPrefix(name, swap.from)
					if other := swap.to + rest; ok && !seen[other] {
						seen[other] = true
						next = append(next, other)
					}
				}
			}
		}
		names, at = append(names, next...), next
	}
	return names
}

func (w *wanted) want(name, asked string) { w.asked[name] = append(w.asked[name], asked) }

func (w *wanted) has(line []byte) bool {
	_, ok := w.asked[string(line)]
	return ok
}
