package pathres

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// kernels are the sets of features that the tests run with: what the kernel has, and what older ones have.
var kernels = []struct {
	name string
	can  features
}{
	{"as it is", features{openat2: true, statx: true, mountID: true, getfd: true, fdinfo: true}},
	{"5.6", features{openat2: true, statx: true, getfd: true}},
	{"4.11", features{statx: true}},
	{"4.8", features{}},
}

// resolver returns a Resolver that uses no more of the kernel than can says.
func resolver(t testing.TB, can features) *Resolver {
	t.Helper()
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	r.can.openat2 = r.can.openat2 && can.openat2
	r.can.statx = r.can.statx && can.statx
	r.can.mountID = r.can.mountID && can.mountID
	r.can.getfd, r.can.fdinfo = can.getfd && hasGetfd(), can.fdinfo && hasGetfd()
	return r
}

// hasOpenat2: a name can have flags of openat2(2), and the kernel be asked what it makes of them.
var hasOpenat2 = sync.OnceValue(func() bool {
	fd, err := unix.Openat2(unix.AT_FDCWD, "/", &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC})
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
})

// hasGetfd: a descriptor can be copied.
var hasGetfd = sync.OnceValue(func() bool {
	process, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return false
	}
	defer unix.Close(process)
	fd, err := unix.PidfdGetfd(process, process, 0)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
})

// eachKernel runs a test with every set of features.
func eachKernel(t *testing.T, f func(t *testing.T, r *Resolver)) {
	for _, k := range kernels {
		t.Run(k.name, func(t *testing.T) { f(t, resolver(t, k.can)) })
	}
}

// resolve resolves a name for a twin.
func (tw *twin) resolve(r *Resolver, n access.Name) access.Object {
	var o access.Object
	// What a call looks up is followed before a slash, as package access says; a name that is made is not.
	n.Follow = n.Follow || !n.Create && bytes.HasSuffix(n.UnsafePath, []byte("/"))
	r.Task(tw.pid, tw.pid)
	r.Resolve(0, &n, &o)
	return o
}

// name is a name that is followed and starts at the working directory.
func name(path string) access.Name {
	return access.Name{Dirfd: unix.AT_FDCWD, UnsafePath: []byte(path), Follow: true}
}

// agree resolves a name for a twin, asks the kernel in the twin, and compares.
func (tw *twin) agree(t testing.TB, r *Resolver, n access.Name) access.Object {
	t.Helper()
	o := tw.resolve(r, n)
	if complaint := tw.compare(r, &n, &o); complaint != "" {
		t.Errorf("dirfd %d, %.300q, follow %v, create %v, resolve %#x, %+v: %s\ngot  %+v (path %.300q)",
			n.Dirfd, n.UnsafePath, n.Follow, n.Create, n.Resolve, r.can, complaint, o, o.Path)
	}
	return o
}

func (tw *twin) compare(r *Resolver, n *access.Name, o *access.Object) string {
	flags := unix.O_PATH
	if !n.Follow {
		flags |= unix.O_NOFOLLOW
	}
	path := string(n.UnsafePath)
	if n.Create && !n.Follow {
		path = strings.TrimRight(path, "/") // what mkdir(2) looks at, slash or not
		if path == "" && len(n.UnsafePath) > 0 {
			path = "/"
		}
	}
	probe := ask{Op: "probe", Dirfd: int(n.Dirfd), Path: path, Flags: flags, Resolve: n.Resolve}
	native := tw.try(probe)
	for native.Errno == unix.EAGAIN { // openat2(2): something was renamed anywhere during a scoped walk
		native = tw.try(probe)
	}
	switch {
	case o.Refuse != 0:
		return "refused, the kernel says " + native.Errno.Error()
	case native.Errno == 0:
		if o.Errno != 0 {
			return "the kernel gets there"
		}
		return samePlace(o, &native)
	case n.Create && native.Errno == unix.ENOENT:
		return tw.made(r, n, o)
	case native.Errno != o.Errno && !(n.Create && o.Slash && native.Errno == unix.ENOTDIR):
		return "the kernel says " + native.Errno.Error()
	}
	return ""
}

// made lets the twin make what is missing and sees whether it is where the Resolver said.
func (tw *twin) made(r *Resolver, n *access.Name, o *access.Object) string {
	var native answer
	if n.Follow {
		native = tw.try(ask{Op: "create", Dirfd: int(n.Dirfd), Path: string(n.UnsafePath),
			Flags: unix.O_CREAT | unix.O_WRONLY | unix.O_NONBLOCK, Resolve: n.Resolve})
		if native.Errno == unix.EISDIR && o.Slash {
			return ""
		}
	} else {
		native = tw.try(ask{Op: "mkdir", Dirfd: int(n.Dirfd), Path: string(n.UnsafePath)})
	}
	if native.Errno == unix.EACCES && o.Errno == 0 && o.Kind == access.Missing && !writable(r) {
		return "" // a matter of the directory's mode, not of the name
	}
	if native.Errno != o.Errno {
		return "making it, the kernel says " + native.Errno.Error()
	}
	if native.Errno != 0 {
		return ""
	}
	if o.Kind != access.Missing {
		return "it was missing"
	}
	var id ident
	fd, last := r.Parent(0)
	if r.stat(fd, append(bytes.Clone(last), 0), unix.AT_SYMLINK_NOFOLLOW, &id) != 0 {
		return "it was not made in Parent"
	}
	if n.Follow && (id.dev != native.Dev || id.ino != native.Ino) {
		return "something else is in Parent"
	}
	complaint := ""
	if at, ok := plainly(o.Path); !ok || !at.is(&id) {
		complaint = "it was not made at the path"
	}
	flags := 0
	if !n.Follow {
		flags = unix.AT_REMOVEDIR
	}
	if err := unix.Unlinkat(fd, string(last), flags); err != nil {
		return "remove it: " + err.Error()
	}
	return complaint
}

// writable says whether this process, and thus its twin, may make names in the directory found last.
func writable(r *Resolver) bool {
	fd, _ := r.Parent(0)
	return unix.Faccessat(r.fds, strconv.Itoa(fd), unix.W_OK, 0) == nil
}

// samePlace compares an existing object with the kernel's.
func samePlace(o *access.Object, native *answer) string {
	if o.Dev != native.Dev || o.Ino != native.Ino {
		return "the kernel gets to another object"
	}
	id := ident{mode: native.Mode}
	if o.Kind == access.Anonymous {
		if len(o.Path) != 0 {
			return "a path without a name"
		}
		return ""
	}
	if o.Kind != id.kind() {
		return "wrong kind"
	}
	if at, ok := plainly(o.Path); !ok || at.dev != o.Dev || at.ino != o.Ino {
		return "the path does not lead there"
	}
	return ""
}

// plainly opens a canonical path of any length in this process, component by component, following nothing.
func plainly(path []byte) (id ident, ok bool) {
	if len(path) == 0 || path[0] != '/' || len(path) > 1 && path[len(path)-1] == '/' {
		return id, false
	}
	fd, err := unix.Open("/", unix.O_PATH, 0)
	if err != nil {
		return id, false
	}
	for _, c := range bytes.Split(path[1:], []byte("/")) {
		if len(path) == 1 {
			break
		}
		if len(c) == 0 || string(c) == "." || string(c) == ".." {
			unix.Close(fd)
			return id, false
		}
		next, err := unix.Openat(fd, string(c), unix.O_PATH|unix.O_NOFOLLOW, 0)
		unix.Close(fd)
		if err != nil {
			return id, false
		}
		fd = next
	}
	defer unix.Close(fd)
	return id, statOld(fd, empty, unix.AT_EMPTY_PATH, &id) == syscall.Errno(0)
}
