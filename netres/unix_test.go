package netres

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// bindUnix makes a unix socket with a name, which is abstract if it starts with NUL or @.
func bindUnix(t testing.TB, typ int, name string, listen bool) socket {
	t.Helper()
	fd := must(unix.Socket(unix.AF_UNIX, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0))(t)
	s := newSocket(t, fd, name)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: name}); err != nil {
		t.Fatalf("bind to %q: %v", name, err)
	}
	if listen {
		if err := unix.Listen(fd, 4); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// line is one of /proc/net/unix as it would be for a listening socket with an abstract name.
func forgedLine(inode uint64, name string) string {
	return fmt.Sprintf("0000000000000000: 00000002 00000000 00010000 0001 01 %d @%s", inode, name)
}

func TestUnixNamed(t *testing.T) {
	forUsers(t, func(t *testing.T) {
		netlink, proc := open(t), byProc(t)
		const stream, datagram, packets = unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET
		plain := bindUnix(t, stream, "\x00plain", true)
		sent := bindUnix(t, datagram, "\x00plain", false)
		nul := bindUnix(t, stream, "\x00a\x00b", true)
		at := bindUnix(t, stream, "\x00a@b", true)
		line := bindUnix(t, stream, "\x00new\nline", true)
		padded := bindUnix(t, packets, "\x00plain\x00", true)
		bindUnix(t, stream, "\x00silent", false)
		spaces := bindUnix(t, stream, "\x00 two  spaces ", true)
		forger := bindUnix(t, stream, "\x00x\n"+forgedLine(plain.inode, "forged")[8:], true)
		bare := bindUnix(t, stream, "\x00", true) // a name without a byte: Go gives it the length of one NUL
		_, _ = forger, bare
		cases := []struct {
			typ        int
			name       string
			want, proc []uint64
		}{
			{stream, "plain", []uint64{plain.inode}, []uint64{plain.inode}},
			{datagram, "plain", []uint64{sent.inode}, []uint64{sent.inode}},
			{packets, "plain", nil, nil},
			{packets, "plain\x00", []uint64{padded.inode}, []uint64{padded.inode}},
			{stream, "plai", nil, nil},
			{stream, "a\x00b", []uint64{nul.inode}, []uint64{nul.inode, at.inode}},
			{stream, "a@b", []uint64{at.inode}, []uint64{at.inode}},
			{stream, "new\nline", []uint64{line.inode}, nil},
			{stream, "new", nil, nil},
			{stream, "silent", nil, nil},
			{stream, " two  spaces ", []uint64{spaces.inode}, []uint64{spaces.inode}},
			{stream, "forged", nil, nil},
		}
		for _, c := range cases {
			if got := inodes(must(netlink.UnixNamed(c.typ, []byte(c.name), nil))(t)); !slices.Equal(got, c.want) {
				t.Errorf("netlink: %d %q = %v, want %v", c.typ, c.name, got, c.want)
			}
			got := inodes(must(proc.UnixNamed(c.typ, []byte(c.name), nil))(t))
			slices.Sort(c.proc)
			for _, inode := range c.proc {
				if !slices.Contains(got, inode) {
					t.Errorf("proc: %d %q = %v, want %v", c.typ, c.name, got, c.proc)
				}
			}
		}
	})
}

func TestUnixAt(t *testing.T) {
	forUsers(t, func(t *testing.T) {
		n := open(t)
		dir := must(os.MkdirTemp("", "netres"))(t)
		t.Cleanup(func() { os.RemoveAll(dir) })
		path := filepath.Join(dir, "s")
		s := bindUnix(t, unix.SOCK_STREAM, path, true)
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil {
			t.Fatal(err)
		}
		dev := uint64(st.Dev)
		if got := must(n.UnixNamed(unix.SOCK_STREAM, append([]byte(path[1:]), 0), nil))(t); len(got) != 0 {
			t.Errorf("a path is taken for an abstract name: %v", got)
		}
		list := must(n.UnixAt(unix.SOCK_STREAM, dev, st.Ino, nil))(t)
		if got := inodes(list); !slices.Equal(got, []uint64{s.inode}) || list[0].Cookie != cookieOf(t, s.fd) {
			t.Errorf("%v, want %d", list, s.inode)
		}
		// Another name of it is the same file, whatever stands at the name that bind was called with.
		other := filepath.Join(dir, "other")
		if err := os.Rename(path, other); err != nil {
			t.Fatal(err)
		}
		impostor := bindUnix(t, unix.SOCK_STREAM, path, true)
		if err := unix.Stat(other, &st); err != nil {
			t.Fatal(err)
		}
		if got := inodes(must(n.UnixAt(unix.SOCK_STREAM, dev, st.Ino, nil))(t)); !slices.Equal(got, []uint64{s.inode}) {
			t.Errorf("renamed: %v, want %d and not %d", got, s.inode, impostor.inode)
		}
		for name, got := range map[string][]Socket{
			"another type":   must(n.UnixAt(unix.SOCK_DGRAM, dev, st.Ino, nil))(t),
			"another device": must(n.UnixAt(unix.SOCK_STREAM, dev+1, st.Ino, nil))(t),
		} {
			if len(got) != 0 {
				t.Errorf("%s: %v", name, got)
			}
		}
		s.close()
		if got := must(n.UnixAt(unix.SOCK_STREAM, dev, st.Ino, nil))(t); len(got) != 0 {
			t.Errorf("closed: %v", got)
		}
	})
}

// TestUnixInPieces asks among thousands.
func TestUnixInPieces(t *testing.T) {
	enterNetwork(t, 0)
	n, proc := open(t), byProc(t)
	var want []uint64
	for i := range 3000 {
		s := bindUnix(t, unix.SOCK_STREAM, fmt.Sprintf("\x00many-%d", i), true)
		if i == 1234 {
			want = []uint64{s.inode}
		}
	}
	for way, n := range map[string]*Net{"netlink": n, "proc": proc} {
		if got := inodes(must(n.UnixNamed(unix.SOCK_STREAM, []byte("many-1234"), nil))(t)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", way, got, want)
		}
		if got := must(n.UnixNamed(unix.SOCK_STREAM, []byte("many-3000"), nil))(t); len(got) != 0 {
			t.Errorf("%s: %v has the name of nobody", way, got)
		}
	}
}
