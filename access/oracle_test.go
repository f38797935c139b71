package access

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"sydbox/syscalls"
)

// The kernel as oracle: each call is described first and then really made, with the same arguments, in a directory
// with one object of each kind. What Describe says the kernel would answer must be what it answers.

// ownMemory is this process's, read as the kernel would.
type ownMemory struct{}

func (ownMemory) Read(addr uint64, buf []byte) syscall.Errno {
	local := unix.Iovec{Base: &buf[0]}
	local.SetLen(len(buf))
	n, err := unix.ProcessVMReadv(os.Getpid(), []unix.Iovec{local},
		[]unix.RemoteIovec{{Base: uintptr(addr), Len: len(buf)}}, 0)
	if err != nil || n < len(buf) {
		return syscall.EFAULT
	}
	return 0
}

func (m ownMemory) ReadString(addr uint64, buf []byte) (int, syscall.Errno) {
	for have := 0; have < len(buf); {
		page := 4096 - int((addr+uint64(have))%4096)
		piece := buf[have:min(len(buf), have+page)]
		if m.Read(addr+uint64(have), piece) != 0 {
			return 0, syscall.EFAULT
		}
		if i := bytes.IndexByte(piece, 0); i >= 0 {
			return have + i, 0
		}
		have += len(piece)
	}
	return 0, syscall.ENAMETOOLONG
}

// ownResolver asks the kernel where a name leads. It is for quiet directories only.
type ownResolver struct{}

func (ownResolver) Resolve(_ int, n *Name, o *Object) {
	*o = Object{}
	if n.FD || len(n.UnsafePath) == 0 {
		lookAt(int(n.Dirfd), "", unix.AT_EMPTY_PATH, o)
		return
	}
	kind, slash := lastOf(n.UnsafePath)
	o.Slash = slash && kind == lastName
	resolveAt(int(n.Dirfd), string(n.UnsafePath), n.Follow, o)
}

func resolveAt(dirfd int, path string, follow bool, o *Object) {
	trimmed := strings.TrimRight(path, "/")
	if trimmed == "" {
		lookAt(dirfd, "/", 0, o)
		return
	}
	cut := strings.LastIndexByte(trimmed, '/') + 1
	parent, name := trimmed[:cut], trimmed[cut:]
	if parent == "" {
		parent = "."
	}
	fd, err := unix.Openat(dirfd, parent, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		o.Errno = err.(syscall.Errno)
		return
	}
	defer unix.Close(fd)
	lookAt(fd, name, unix.AT_SYMLINK_NOFOLLOW, o)
	if o.Kind == Symlink && o.Errno == 0 && follow {
		if err := unix.Fstatat(fd, name, new(unix.Stat_t), 0); err != nil && err != unix.ENOENT {
			o.Errno = err.(syscall.Errno)
			return
		}
		buf := make([]byte, 4096)
		n, err := unix.Readlinkat(fd, name, buf)
		if err != nil {
			o.Errno = err.(syscall.Errno)
			return
		}
		*o = Object{Slash: o.Slash}
		resolveAt(fd, string(buf[:n]), true, o)
		return
	}
	if o.Kind != Directory {
		dir, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
		if err != nil {
			dir = err.Error()
		}
		o.Path = []byte(dir + "/" + name)
	}
}

func lookAt(dirfd int, name string, flags int, o *Object) {
	var st unix.Stat_t
	switch err := unix.Fstatat(dirfd, name, &st, flags); {
	case err == unix.ENOENT:
		o.Kind = Missing
		return
	case err != nil:
		o.Errno = err.(syscall.Errno)
		return
	}
	o.Kind = map[uint32]Kind{unix.S_IFREG: Regular, unix.S_IFDIR: Directory, unix.S_IFLNK: Symlink, unix.S_IFIFO: FIFO,
		unix.S_IFSOCK: Socket, unix.S_IFCHR: CharDevice, unix.S_IFBLK: BlockDevice}[st.Mode&unix.S_IFMT]
	o.Dev, o.Ino = uint64(st.Dev), st.Ino
	if o.Kind == Directory && name != "" {
		if fd, err := unix.Openat(dirfd, name, unix.O_PATH|unix.O_CLOEXEC, 0); err == nil {
			path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
			unix.Close(fd)
			if err == nil {
				o.Path = []byte(path)
			}
		}
	}
}

// oracleNames are one name of each kind, said in each way.
var oracleNames = []string{
	"f", "f/", "f/.", "f/x", "x", "d", "d/", "d/.", "d/..", "./d/", ".", "./", "..", "full", "full/", "full/in",
	"full/new", "full/sub", "lf", "lf/", "ld", "ld/", "ld/.", "ld/new", "dangling", "dangling/", "dangling/x", "astray",
	"loop", "loop/", "loop/x", "miss", "miss/", "miss/.", "miss/x", "miss/x/", "fifo", "fifo/", "sock", "",
	strings.Repeat("n", 255), strings.Repeat("n", 256), strings.Repeat("n/", 2047) + "n", strings.Repeat("n/", 2048),
}

// plant makes the tree that oracleNames speak of, in the working directory.
func plant(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(e.Name()); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		os.WriteFile("f", []byte("content"), 0o644),
		os.WriteFile("x", nil, 0o755),
		os.Mkdir("d", 0o755),
		os.MkdirAll("full/sub", 0o755),
		os.WriteFile("full/in", nil, 0o644),
		os.Symlink("f", "lf"),
		os.Symlink("d", "ld"),
		os.Symlink("nowhere", "dangling"),
		os.Symlink("nodir/nowhere", "astray"),
		os.Symlink("loop", "loop"),
		unix.Mkfifo("fifo", 0o644),
		unix.Mknod("sock", unix.S_IFSOCK|0o644, 0),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// oracle asks Describe and the kernel. Arguments are int, string (a path) or []byte. It returns both answers.
type oracle struct {
	t   *testing.T
	out Accesses
}

func (o *oracle) ask(name string, nr uintptr, runs bool, args ...any) (said, did syscall.Errno) {
	o.t.Helper()
	inv := &syscalls.Invocation{ABI: nativeABI(o.t), Call: syscalls.ByName(name)}
	if inv.Call == nil {
		o.t.Fatalf("no call is named %q", name)
	}
	var raw [6]uintptr
	var keep [6][]byte
	for i, a := range args {
		switch a := a.(type) {
		case int:
			raw[i] = uintptr(a)
		case uint64:
			raw[i] = uintptr(a)
		case string:
			keep[i] = append([]byte(a), 0)
			raw[i] = uintptr(unsafe.Pointer(&keep[i][0]))
		case []byte:
			keep[i] = a
			raw[i] = uintptr(unsafe.Pointer(&keep[i][0]))
		}
		inv.Args[i] = uint64(raw[i])
	}
	said = Describe(inv, ownMemory{}, ownResolver{}, &o.out)
	if said == 0 && o.out.N > 0 {
		said = o.out.List[0].Natural
		for _, a := range o.out.List[:o.out.N] {
			if a.Natural != said {
				o.t.Errorf("%s%.80q: the accesses have different natural errnos", name, args)
			}
		}
	}
	if !runs && said == 0 {
		return 0, 0
	}
	r, _, did := unix.Syscall6(nr, raw[0], raw[1], raw[2], raw[3], raw[4], raw[5])
	runtime.KeepAlive(&keep)
	if did == 0 && opensFile[name] {
		unix.Close(int(r))
	}
	return said, did
}

var opensFile = map[string]bool{"openat": true, "openat2": true}
