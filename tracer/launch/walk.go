package launch

import (
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks is how many symbolic links a name may lead through (path_resolution(7)).
const maxLinks = 40

// walkTo returns the name that an absolute one leads to, and the symbolic links on the way, each by a name without links.
func walkTo(name string) (real string, links []link, err error) {
	at, rest := "/", strings.Split(name, "/")
	for len(rest) > 0 {
		word := rest[0]
		rest = rest[1:]
		next := path.Join(at, word) // "." and ".." too: at is no link
		if word == "" || word == "." || word == ".." {
			at = next
			continue
		}
		info, err := os.Lstat(next)
		if err != nil {
			return "", nil, err
		}
		if info.Mode()&os.ModeSymlink == 0 {
			at = next
			continue
		}
		to, err := os.Readlink(next)
		if err != nil {
			return "", nil, err
		}
		if links = append(links, link{next, to}); len(links) > maxLinks {
			return "", nil, unix.ELOOP
		}
		if path.IsAbs(to) {
			at = "/"
		}
		rest = append(strings.Split(to, "/"), rest...)
	}
	return at, links, nil
}
