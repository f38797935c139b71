package sandbox

import (
	"os"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/pathres"
)

// Resolve says where a path leads for this process: its canonical form, as the rules see it, and what is there.
// follow says whether a symbolic link in the last component is followed.
func Resolve(path string, follow bool) (access.Object, error) {
	res, err := pathres.New()
	if err != nil {
		return access.Object{}, err
	}
	defer res.Close()
	pid := os.Getpid()
	res.Task(pid, pid)
	name := access.Name{Dirfd: unix.AT_FDCWD, UnsafePath: []byte(path), Follow: follow, Create: true}
	var o access.Object
	res.Resolve(0, &name, &o)
	o.Path = append([]byte(nil), o.Path...)
	return o, nil
}
