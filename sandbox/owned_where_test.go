package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/deputy"
)

// TestOwnedDevice: a socket that sends by an interface reaches what is there, not what is here.
func TestOwnedDevice(t *testing.T) {
	w := newOwnedWorld(t)
	w.at(w.udp(), "0.0.0.0:6201", true)
	w.at(w.socket(unix.AF_INET6, unix.SOCK_DGRAM, 0), "[::]:6202", true)
	tun, wire := w.tun()
	bound := w.udp()
	if err := unix.SetsockoptString(bound.FD, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, "t0"); err != nil {
		t.Fatal(err)
	}
	w.want("bound to an interface", bound, "127.0.0.1:6201", false, false)
	unicast := w.udp()
	if err := unix.SetsockoptInt(unicast.FD, unix.IPPROTO_IP, unix.IP_UNICAST_IF, int(swap32(tun))); err != nil {
		t.Fatal(err)
	}
	w.want("sending by an interface", unicast, "127.0.0.1:6201", false, false)
	six := w.socket(unix.AF_INET6, unix.SOCK_DGRAM, 0)
	if err := unix.SetsockoptInt(six.FD, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_IF, int(swap32(tun))); err != nil {
		t.Fatal(err)
	}
	w.want("sending by an interface, IPv6", six, "127.0.0.1:6202", false, false)
	w.want("without one", w.udp(), "127.0.0.1:6201", true, false)

	// That is what the kernel does: what is sent to 127.0.0.1 leaves by the interface.
	for what, s := range map[string]*deputy.Socket{"bound": bound, "sending by it": unicast} {
		if err := unix.Connect(s.FD, &unix.SockaddrInet4{Port: 6201, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			t.Fatal(err)
		}
		if _, err := unix.Write(s.FD, []byte(what)); err != nil {
			t.Fatal(err)
		}
		for !w.leaves(wire, what) {
		}
	}
}

// leaves reads a packet from the other end of the interface, and says whether it has that text.
func (w *ownedWorld) leaves(wire int, text string) bool {
	w.Helper()
	poll := []unix.PollFd{{Fd: int32(wire), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(poll, 60_000)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			w.Fatalf("%q has not left: %v", text, err)
		}
		break
	}
	packet := make([]byte, 2048)
	n, err := unix.Read(wire, packet)
	if err != nil {
		w.Fatal(err)
	}
	return strings.HasSuffix(string(packet[:n]), text)
}

// tun makes an interface "t0" and returns its index and its other end.
func (w *ownedWorld) tun() (index uint32, wire int) {
	w.Helper()
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		w.Skipf("no interface can be made: %v", err)
	}
	w.Cleanup(func() { unix.Close(fd) })
	r, err := unix.NewIfreq("t0")
	if err != nil {
		w.Fatal(err)
	}
	r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, r); err != nil {
		w.Fatal(err)
	}
	if r, err = unix.NewIfreq("t0"); err != nil {
		w.Fatal(err)
	}
	if err := r.SetInet4Addr([]byte{10, 6, 0, 1}); err != nil {
		w.Fatal(err)
	}
	if err := unix.IoctlIfreq(w.udp().FD, unix.SIOCSIFADDR, r); err != nil {
		w.Fatal(err)
	}
	w.raise("t0")
	if r, err = unix.NewIfreq("t0"); err != nil {
		w.Fatal(err)
	}
	if err := unix.IoctlIfreq(w.udp().FD, unix.SIOCGIFINDEX, r); err != nil {
		w.Fatal(err)
	}
	return r.Uint32(), fd
}

func swap32(v uint32) int32 {
	return int32(v<<24 | v>>24 | v<<8&0xff0000 | v>>8&0xff00)
}

// TestOwnedElsewhere: sockets that were made in another network namespace are not judged by this one.
func TestOwnedElsewhere(t *testing.T) {
	w := newOwnedWorld(t)
	w.at(w.tcp(), "127.0.0.1:6301", true)
	here, err := networkOf(unix.Gettid(), -1)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	w.raise("lo")
	w.want("in another namespace", w.tcp(), "127.0.0.1:6301", false, false)
	w.want("in another namespace, whatever the socket is", nil, "127.0.0.1:6301", false, false)
	abstract := access.Address{Family: unix.AF_UNIX, Abstract: []byte("name")}
	w.wantAt("an abstract name", w.socket(unix.AF_UNIX, unix.SOCK_STREAM, 0), &abstract, false, false)

	// The same where the kernel has no cookies.
	saved := w.o.here
	w.o.here = here
	w.want("without cookies", w.tcp(), "127.0.0.1:6301", false, false)
	w.o.here = saved

	// It becomes the tree's own.
	diag, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.o.enclose(unix.Gettid(), diag, -1); err != nil {
		t.Fatal(err)
	}
	w.want("enclosed", w.tcp(), "127.0.0.1:6301", true, false)
	w.want("enclosed, far away", w.udp(), "192.0.2.1:53", false, false)
	w.wantAt("enclosed, an abstract name", w.socket(unix.AF_UNIX, unix.SOCK_STREAM, 0), &abstract, true, true)
	file, pin := w.file(true)
	w.wantFile("enclosed, a path of the tree's", w.socket(unix.AF_UNIX, unix.SOCK_STREAM, 0), file, pin, true)
}

// file binds a unix socket to a new path and returns a handle of the file.
func (w *ownedWorld) file(mine bool) (*access.Object, int) {
	w.Helper()
	dir, err := os.MkdirTemp("", "owned")
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { os.RemoveAll(dir) })
	return w.fileIn(dir, mine)
}

func (w *ownedWorld) fileIn(dir string, mine bool) (*access.Object, int) {
	w.Helper()
	path := filepath.Join(dir, "s")
	s := w.socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err := unix.Bind(s.FD, &unix.SockaddrUnix{Name: path}); err != nil {
		w.Fatal(err)
	}
	w.listen(s, mine)
	pin, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { unix.Close(pin) })
	var st unix.Stat_t
	if err := unix.Fstat(pin, &st); err != nil {
		w.Fatal(err)
	}
	return &access.Object{Dev: uint64(st.Dev), Ino: st.Ino}, pin
}

func (w *ownedWorld) wantFile(what string, s *deputy.Socket, file *access.Object, pin int, owns bool) {
	w.Helper()
	w.o.ask(unix.Gettid(), s)
	w.o.askAt(pin, file)
	a := access.Address{Family: unix.AF_UNIX, Raw: []byte{1, 0, '/'}}
	if got := w.o.Owns(&a); got != owns {
		w.Errorf("%s: Owns = %v", what, got)
	}
}

func TestOwnedUnix(t *testing.T) {
	w := newOwnedWorld(t)
	stream := func() *deputy.Socket { return w.socket(unix.AF_UNIX, unix.SOCK_STREAM, 0) }
	name := func(s *deputy.Socket, name string, mine bool) {
		t.Helper()
		if err := unix.Bind(s.FD, &unix.SockaddrUnix{Name: "\x00" + name}); err != nil {
			t.Fatal(err)
		}
		w.listen(s, mine)
	}
	abstract := func(name string) *access.Address {
		raw := append([]byte{1, 0, 0}, name...)
		return &access.Address{Family: unix.AF_UNIX, Abstract: raw[3:], Unnamed: name == "", Raw: raw}
	}
	name(stream(), "mine", true)
	name(stream(), "theirs", false)
	datagrams := w.socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	name(datagrams, "theirs", true)
	w.wantAt("the tree's", stream(), abstract("mine"), true, false)
	w.wantAt("an outsider's", stream(), abstract("theirs"), false, false)
	w.wantAt("the tree's of another type", w.socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0), abstract("theirs"), true, false)
	w.wantAt("whatever the socket is", nil, abstract("theirs"), false, false)
	w.wantAt("nobody's", stream(), abstract("nobody"), false, true)
	w.wantAt("a name of no bytes", stream(), abstract(""), false, true)
	w.wantAt("no name", stream(), &access.Address{Family: unix.AF_UNIX, Unnamed: true, Raw: []byte{1, 0}}, false, false)
	w.wantAt("a socket of the internet", w.tcp(), abstract("mine"), false, false)

	file, pin := w.file(true)
	w.wantFile("a path of the tree's", stream(), file, pin, true)
	w.wantFile("a path of the tree's, without a handle", stream(), file, -1, true)
	file, pin = w.file(false)
	w.wantFile("a path of an outsider's", stream(), file, pin, false)
}

// TestOwnedOverlay: on an overlay of several file systems stat shows another device than the file system's.
func TestOwnedOverlay(t *testing.T) {
	w := newOwnedWorld(t)
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sub := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, name := range []string{"lower", "upper"} {
		if err := unix.Mount("none", sub(name), "tmpfs", 0, ""); err != nil {
			t.Fatal(err)
		}
		defer unix.Unmount(sub(name), unix.MNT_DETACH)
	}
	options := "lowerdir=" + sub("lower/l") + ",upperdir=" + sub("upper/u") + ",workdir=" + sub("upper/w")
	if err := unix.Mount("none", sub("merged"), "overlay", 0, options); errors.Is(err, unix.ENODEV) {
		t.Skip("the kernel has no overlay file system")
	} else if err != nil {
		t.Fatal(err)
	}
	defer unix.Unmount(sub("merged"), unix.MNT_DETACH)
	file, pin := w.fileIn(sub("merged"), true)
	w.wantFile("the tree's", w.socket(unix.AF_UNIX, unix.SOCK_STREAM, 0), file, pin, true)
}
