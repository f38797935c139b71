package access

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestOracleBind(t *testing.T) {
	t.Chdir(t.TempDir())
	abi := nativeABI(t)
	list := oracleAddresses(t, 0)
	long := strings.Repeat("l", 108)
	for name, path := range map[string]string{"path": "a", "path and NUL": "b\x00", "path and more": "c\x00d",
		"107": long[1:], "108": long, "109": long + "l", "autobind": "", "abstract": "\x00sydbox oracle",
		"abstract with NULs":   "\x00sydbox\x00\x00",
		"abstract of no bytes": "\x00", "missing directory": "no/x", "slash": "e/", "dot": "."} {
		list["unix "+name] = sockaddr(abi, afUnix, path)
	}
	var out Accesses
	for _, domain := range []int{afInet, afInet6, afUnix} {
		for name, b := range list {
			fd, err := unix.Socket(domain, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			if err == unix.EAFNOSUPPORT {
				continue
			} else if err != nil {
				t.Fatal(err)
			}
			said := nativeCall(t, &out, "bind", uintptr(fd), pointer(b), uintptr(len(b)))
			did := bindRaw(fd, b)
			got := named(unix.Getsockname(fd))
			if domain == afUnix {
				name, err := unixName(unix.SYS_GETSOCKNAME, fd)
				if err != nil {
					t.Fatal(err)
				}
				got = "unix:" + name
				if strings.HasPrefix(name, "\x00") {
					got = "abstract:" + name[1:]
				}
			}
			what := fmt.Sprintf("bind %s in family %d", name, domain)
			switch a := &out.List[0]; {
			case said != 0 && did == 0:
				t.Errorf("%s: described as %v, but it is %s", what, said, got)
			case said != 0 || did != 0:
				if said == 0 && domain == afUnix && a.Natural != 0 && a.Natural != did {
					t.Errorf("%s: described as %v, but it is %v", what, a.Natural, did)
				}
			case a.Natural != 0:
				t.Errorf("%s: described as %v, but it is %s", what, a.Natural, got)
			default:
				port := cmp.Or(strings.LastIndexByte(got, ':'), 0)
				switch want := a.Addr.String(); {
				case a.Addr.Unnamed && strings.HasPrefix(got, "abstract:") && len(got) == len("abstract:")+5:
				case domain != afUnix && a.Addr.Port == 0 && want == got[:port]+":0":
				case want != got:
					t.Errorf("%s: described as %q, but it is %q", what, want, got)
				}
			}
			unix.Close(fd)
		}
	}
}

// TestOracleUnixPeers asks whom a unix address reaches.
func TestOracleUnixPeers(t *testing.T) {
	t.Chdir(t.TempDir())
	abi := nativeABI(t)
	long := strings.Repeat("l", 108)
	abstract := fmt.Sprintf("@sydbox oracle %d", os.Getpid())
	for _, name := range []string{"sock", "s", long[1:], abstract, abstract + "\x00", abstract + "\x00x"} {
		fd, err := unix.Socket(afUnix, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.Bind(fd, &unix.SockaddrUnix{Name: name}); err != nil {
			t.Fatalf("bind %q: %v", name, err)
		}
	}
	// 108 bytes without a NUL: a name that unix.SockaddrUnix does not write.
	full, err := unix.Socket(afUnix, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(full)
	if errno := bindRaw(full, sockaddr(abi, afUnix, long)); errno != 0 {
		t.Fatal(errno)
	}
	for _, err := range []error{os.Symlink("sock", "link"), os.WriteFile("file", nil, 0o644), os.Mkdir("dir", 0o755),
		os.Symlink("nowhere", "dangling")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	name := "\x00" + abstract[1:]
	var out Accesses
	for _, path := range []string{"sock", "sock\x00", "sock\x00x", "./sock", "dir/../sock", "link", "s\x00ock", "sock/",
		"sock/.", "file", "dir", "dangling", "none", "none/sock", long, long[1:], long[1:] + "\x00", long + "l", "", "\x00", name,
		name + "\x00", name + "\x00x", name + "\x00y", name[:len(name)-1]} {
		b := sockaddr(abi, afUnix, path)
		for _, call := range []string{"connect", "sendto"} {
			fd, err := unix.Socket(afUnix, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			var said, did syscall.Errno
			if call == "connect" {
				said = nativeCall(t, &out, call, uintptr(fd), pointer(b), uintptr(len(b)))
				did = connectRaw(fd, b)
			} else {
				said = nativeCall(t, &out, call, uintptr(fd), 0, 0, 0, pointer(b), uintptr(len(b)))
				did = sendRaw(fd, "x", b)
			}
			if said == 0 {
				said = out.List[0].Natural
			}
			if a := &out.List[0]; said == 0 && did == unix.ECONNREFUSED && !a.Addr.Path() {
				said = did // whether somebody has the name is not asked here
			}
			if said != did {
				t.Errorf("%s %q: described as %v, but it is %v", call, path, said, did)
			}
			if did == 0 && call == "connect" {
				a := &out.List[0]
				peer, err := unixName(unix.SYS_GETPEERNAME, fd)
				switch {
				case err != nil:
					t.Errorf("%s %q: %v", call, path, err)
				case a.Addr.Path():
					var byName, byPath unix.Stat_t
					if err := unix.Stat(peer, &byName); err != nil {
						t.Errorf("%s %q reaches %q: %v", call, path, peer, err)
					} else if err := unix.Stat(string(a.Object.Path), &byPath); err != nil || byName.Ino != byPath.Ino {
						t.Errorf("%s %q: described as %q, but it reaches %q", call, path, a.Object.Path, peer)
					}
				case peer != "\x00"+string(a.Addr.Abstract):
					t.Errorf("%s %q: described as %q, but it reaches %q", call, path, a.Addr.Abstract, peer)
				}
			}
			unix.Close(fd)
		}
	}
}

// unixName is the name of a unix socket (SYS_GETSOCKNAME) or of its peer (SYS_GETPEERNAME), byte by byte.
func unixName(nr uintptr, fd int) (string, error) {
	var b [128]byte
	size := uint32(len(b))
	_, _, errno := unix.Syscall(nr, uintptr(fd), uintptr(unsafe.Pointer(&b[0])),
		uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return "", errno
	}
	name := string(b[sunPath:min(int(size), len(b))])
	if name != "" && name[0] != 0 {
		name, _, _ = strings.Cut(name, "\x00")
	}
	return name, nil
}

// TestOracleHeaders asks what becomes of a message whose header is odd.
func TestOracleHeaders(t *testing.T) {
	abi := nativeABI(t)
	pair, err := unix.Socketpair(afUnix, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	text := []byte("text")
	iov := make([]unix.Iovec, 1025)
	keptPieces = iov
	for i := range iov {
		iov[i].Base = &text[0]
	}
	var out Accesses
	nobody := sockaddr(abi, afUnix, "\x00nobody has this name of the sydbox oracle")
	for _, c := range []struct {
		name    uint64
		length  int32
		pieces  uint64
		unknown bool // what the kernel says is not foretold
	}{
		{0, 0, 1, false}, {0, 16, 1, false}, {0, -1, 1, false}, {0, -1 << 31, 1025, false},
		{8, 0, 1, false}, {8, -1, 1, false}, {8, 16, 1, false}, {8, 16, 1025, false}, {8, -1, 1025, false},
		{uint64(pointer(nobody)), 1, 1, false}, {uint64(pointer(nobody)), 1, 1025, false},
		{uint64(pointer(nobody)), 2, 1, false}, {uint64(pointer(nobody)), int32(len(nobody)), 1024, true},
		{uint64(pointer(nobody)), int32(len(nobody)), 1025, false}, {uint64(pointer(nobody)), 0, 1, false},
	} {
		h := header{name: c.name, length: c.length, iov: uint64(uintptr(unsafe.Pointer(&iov[0]))), iovLen: c.pieces}
		b := append(h.bytes(abi), make([]byte, 16)...)
		layout := layoutOf(abi)
		putWord(abi, b[layout.control:], 0)
		said := nativeCall(t, &out, "sendmsg", uintptr(pair[0]), pointer(b), unix.MSG_DONTWAIT)
		_, _, did := unix.Syscall(unix.SYS_SENDMSG, uintptr(pair[0]), uintptr(unsafe.Pointer(&b[0])), unix.MSG_DONTWAIT)
		if c.unknown && did == unix.ECONNREFUSED {
			did = 0
		}
		if said != did {
			t.Errorf("%+v: described as %v, but it is %v", c, said, did)
		}
		for did == 0 { // make room
			if _, _, err := unix.Recvfrom(pair[1], make([]byte, 4096), unix.MSG_DONTWAIT); err != nil {
				break
			}
		}
		// None of many is no message at all, whatever lies there.
		if errno := nativeCall(t, &out, "sendmmsg", uintptr(pair[0]), 8, 0, 0); errno != 0 || out.N != 0 {
			t.Errorf("sendmmsg of none: %v", errno)
		}
		if _, _, errno := unix.Syscall6(unix.SYS_SENDMMSG, uintptr(pair[0]), 8, 0, 0, 0, 0); errno != 0 {
			t.Errorf("sendmmsg of none is %v", errno)
		}
	}
}
