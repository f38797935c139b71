package deputy

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// kindOf is a kind of socket.
type kindOf struct {
	name                   string
	domain, kind, protocol int
}

var kinds = []kindOf{
	{"tcp", unix.AF_INET, unix.SOCK_STREAM, 0},
	{"tcp6", unix.AF_INET6, unix.SOCK_STREAM, 0},
	{"udp", unix.AF_INET, unix.SOCK_DGRAM, 0},
	{"udp6", unix.AF_INET6, unix.SOCK_DGRAM, 0},
	{"mptcp", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP},
	{"unix stream", unix.AF_UNIX, unix.SOCK_STREAM, 0},
	{"unix dgram", unix.AF_UNIX, unix.SOCK_DGRAM, 0},
	{"unix seqpacket", unix.AF_UNIX, unix.SOCK_SEQPACKET, 0},
	{"netlink", unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE},
}

// places are addresses, by what is there.
func places(t testing.TB, dir string) (p map[string][]byte, drain func()) {
	t.Helper()
	var mailboxes []int
	p = map[string][]byte{
		"nothing":           {},
		"one byte":          {1},
		"unspecified":       make([]byte, 2),
		"unspecified, long": make([]byte, 16),
		"short inet":        inet4(lo4, 1)[:8],
		"short inet6":       inet6(lo6, 1)[:20],
		"old inet6":         inet6(lo6, 1)[:24],
		"unix without name": atUnix(""),
		"far":               inet4([4]byte{192, 0, 2, 1}, 9),
		"far6":              inet6([16]byte{0x20, 1, 0xd, 0xb8, 15: 1}, 9),
		"link local":        inet6([16]byte{0xfe, 0x80, 15: 1}, 9),
		"missing":           atUnix(dir + "/missing\x00"),
		"missing, parent":   atUnix(dir + "/missing/x\x00"),
		"file":              atUnix(dir + "/file\x00"),
		"locked":            atUnix(dir + "/locked/stream\x00"),
		"loop":              atUnix(dir + "/loop\x00"),
		"abstract, missing": atUnix("\x00nobody" + dir),
		"empty path":        atUnix("\x00"),
		"netlink":           append(binary.NativeEndian.AppendUint16(nil, unix.AF_NETLINK), make([]byte, 10)...),
		"unknown family":    append(binary.NativeEndian.AppendUint16(nil, 77), make([]byte, 14)...),
		"closed":            closedPort(t, unix.AF_INET, unix.SOCK_STREAM, inet4(lo4, 0)),
		"closed datagram":   closedPort(t, unix.AF_INET, unix.SOCK_DGRAM, inet4(lo4, 0)),
		"broadcast":         inet4([4]byte{255, 255, 255, 255}, 9),
		"port zero":         inet4(lo4, 0),
	}
	must(t, os.WriteFile(dir+"/file", nil, 0o666))
	must(t, os.Symlink("loop", dir+"/loop"))
	must(t, os.Mkdir(dir+"/locked", 0o755))
	for _, s := range []struct {
		name string
		kind int
	}{{"stream", unix.SOCK_STREAM}, {"dgram", unix.SOCK_DGRAM}, {"seqpacket", unix.SOCK_SEQPACKET}} {
		var a, b int
		a, p[s.name+" path"] = server(t, unix.AF_UNIX, s.kind, atUnix(dir+"/"+s.name+"\x00"))
		p[s.name+" path without NUL"] = atUnix(dir + "/" + s.name)
		p[s.name+" relative"] = atUnix(s.name + "\x00")
		must(t, os.Symlink(s.name, dir+"/to-"+s.name))
		p[s.name+" by link"] = atUnix("to-" + s.name + "\x00")
		b, p[s.name+" abstract"] = server(t, unix.AF_UNIX, s.kind, atUnix("\x00"+s.name+dir))
		mailboxes = append(mailboxes, a, b)
	}
	_, _ = server(t, unix.AF_UNIX, unix.SOCK_STREAM, atUnix(dir+"/locked/stream"))
	must(t, unix.Chmod(dir+"/locked", 0o700))
	_, _ = server(t, unix.AF_UNIX, unix.SOCK_STREAM, atUnix(dir+"/readonly"))
	must(t, unix.Chmod(dir+"/readonly", 0o444))
	p["not writable"] = atUnix(dir + "/readonly\x00")
	long := strings.Repeat("d", 90)
	must(t, os.MkdirAll(filepath.Join(dir, long), 0o755))
	must(t, os.Link(dir+"/stream", filepath.Join(dir, long, "s"+long[:14])))
	p["stream, full length"] = atUnix(long + "/s" + long[:14] + "\x00\x00")
	p["stream, too long"] = atUnix(strings.Repeat("d", 109))
	_, p["tcp"] = server(t, unix.AF_INET, unix.SOCK_STREAM, inet4(lo4, 0))
	_, p["udp"] = server(t, unix.AF_INET, unix.SOCK_DGRAM, inet4(lo4, 0))
	_, p["tcp6"] = server(t, unix.AF_INET6, unix.SOCK_STREAM, inet6(lo6, 0))
	_, p["udp6"] = server(t, unix.AF_INET6, unix.SOCK_DGRAM, inet6(lo6, 0))
	tcpPort := int(binary.BigEndian.Uint16(p["tcp"][2:]))
	udpPort := int(binary.BigEndian.Uint16(p["udp"][2:]))
	p["tcp mapped"], p["udp mapped"] = inet6(mapped, tcpPort), inet6(mapped, udpPort)
	p["tcp by 0.0.0.0"] = inet4([4]byte{}, tcpPort)
	return p, func() {
		for _, fd := range mailboxes {
			for received(fd) != "" {
			}
		}
	}
}

// abroad are the places that are not on this machine.
var abroad = map[string]bool{"far": true, "far6": true, "link local": true, "broadcast": true}

// states are what may have become of a socket before.
var states = []struct {
	name string
	make func(n *netBench, fd int, k kindOf, p map[string][]byte)
}{
	{"new", func(*netBench, int, kindOf, map[string][]byte) {}},
	{"bound", func(n *netBench, fd int, k kindOf, _ map[string][]byte) {
		n.kernel("bind", fd, n.put(anyPort(k)), len(anyPort(k)))
	}},
	{"connected", func(n *netBench, fd int, k kindOf, p map[string][]byte) {
		to := p[peerOf(k)]
		n.settle(fd, n.kernel("connect", fd, n.put(to), len(to)))
	}},
	{"shut", func(n *netBench, fd int, k kindOf, p map[string][]byte) {
		to := p[peerOf(k)]
		n.settle(fd, n.kernel("connect", fd, n.put(to), len(to)))
		n.kernel("shutdown", fd, unix.SHUT_WR)
	}},
	{"listening", func(n *netBench, fd int, _ kindOf, _ map[string][]byte) { n.kernel("listen", fd, 1) }},
}

func anyPort(k kindOf) []byte {
	switch k.domain {
	case unix.AF_INET:
		return inet4(lo4, 0)
	case unix.AF_INET6:
		return inet6(lo6, 0)
	case unix.AF_UNIX:
		return atUnix("")
	}
	return append(binary.NativeEndian.AppendUint16(nil, uint16(k.domain)), make([]byte, 10)...)
}

func peerOf(k kindOf) string {
	switch k.domain {
	case unix.AF_UNIX:
		return strings.TrimPrefix(k.name, "unix ") + " abstract"
	case unix.AF_NETLINK:
		return "netlink"
	}
	if k.protocol == unix.IPPROTO_MPTCP {
		return "tcp"
	}
	return k.name
}

// settle waits until a connection that a call has begun has come about or failed: on a busy machine a moment later, for
// MPTCP above all.
func (n *netBench) settle(fd int, result int64) {
	n.t.Helper()
	if result != -int64(unix.EINPROGRESS) && result != -int64(unix.EALREADY) {
		return
	}
	s, errno := n.d.Socket(fd)
	if errno != 0 {
		n.t.Fatal(errno)
	}
	defer s.Close()
	poll := []unix.PollFd{{Fd: int32(s.FD), Events: unix.POLLOUT}}
	came, err := unix.Poll(poll, 60_000)
	for err == unix.EINTR {
		came, err = unix.Poll(poll, 60_000)
	}
	if err != nil || came == 0 {
		n.t.Fatalf("a connection neither comes about nor fails: %v", err)
	}
}

// stateOf says what became of a socket: what it is bound to and connected with, but for numbers that are never the same
// twice.
func (n *netBench) stateOf(fd int) string {
	n.t.Helper()
	s, errno := n.d.Socket(fd)
	if errno != 0 {
		return errno.Error()
	}
	defer s.Close()
	var local, peer [addressMax]byte
	l, e1 := addressOf(unix.SYS_GETSOCKNAME, s.FD, &local)
	p, e2 := addressOf(unix.SYS_GETPEERNAME, s.FD, &peer)
	if s.inet() && binary.BigEndian.Uint16(local[2:]) != 0 {
		copy(local[2:4], "PP")
	}
	if s.Domain == unix.AF_NETLINK {
		clear(local[4:8])
	}
	if s.Domain == unix.AF_UNIX && l == 8 {
		copy(local[3:8], "AUTOB")
	}
	show := func(a []byte, errno syscall.Errno) string {
		if errno != 0 {
			return errno.Error()
		}
		return fmt.Sprintf("%x", a)
	}
	pending, _ := getOption(s.FD, unix.SO_ERROR)
	return fmt.Sprintf("local %s, peer %s, error %d, listening %v", show(local[:l], e1), show(peer[:p], e2), pending,
		s.Listening())
}

// TestSocketCallsLikeTheKernel makes each call of a matrix natively and by a Deputy.
func TestSocketCallsLikeTheKernel(t *testing.T) {
	for _, w := range netTasks() {
		t.Run(w.name, func(t *testing.T) {
			n := newNetBench(t, w)
			dir := publicDir(t)
			where, drain := places(t, dir)
			n.tk.chdir(dir)
			calls := map[string]func(fd int, address []byte) int64{
				"connect": n.connect,
				"bind":    func(fd int, address []byte) int64 { return n.call("bind", fd, n.put(address), len(address)) },
				"sendto": func(fd int, address []byte) int64 {
					return n.call("sendto", fd, n.put([]byte("payload")), 7, 0, n.put(address), len(address))
				},
				"sendmsg": func(fd int, address []byte) int64 { return n.sendmsg(fd, address, []byte("payload"), nil, 0) },
			}
			failures := 0
			for _, k := range kinds {
				for _, st := range states {
					for name, address := range where {
						if abroad[name] && !n.own {
							continue // somebody might answer
						}
						for callName, call := range calls {
							for _, nonblock := range []int{0, unix.SOCK_NONBLOCK} {
								if nonblock == 0 && callName != "connect" {
									continue
								}
								if callName == "bind" && strings.Contains(fmt.Sprintf("%q", address), "missing") {
									continue // makes a file
								}
								if k.name == "udp6" && strings.HasPrefix(callName, "send") && strings.HasPrefix(name, "unspecified") {
									continue // access takes AF_UNSPEC for IPv4, as all other sockets do
								}
								if k.name == "unix dgram" && st.name == "shut" {
									continue // kernels differ in whether they look the name up first
								}
								try := func(native bool) string {
									n.reset()
									drain()
									fd := n.kernel("socket", k.domain, k.kind|nonblock, k.protocol)
									if fd < 0 {
										return syscall.Errno(-fd).Error()
									}
									defer n.must("close", int(fd))
									st.make(n, int(fd), k, where)
									n.native = native
									value := call(int(fd), address)
									n.settle(int(fd), value)
									return fmt.Sprintf("%d %s", value, n.stateOf(int(fd)))
								}
								want, got := try(true), try(false)
								// Answers may come a moment after the call on a busy machine. What differs differs each time.
								for again := 0; again < 5 && want != got; again++ {
									want, got = try(true), try(false)
								}
								if n.malformed {
									continue // EINVAL before anybody has asked the socket, which may ignore addresses
								}
								if want != got {
									t.Errorf("%s, %s: %s to %s, nonblock %v:\n kernel %s\n deputy %s", k.name, st.name, callName, name,
										nonblock != 0, want, got)
									if failures++; failures > 30 {
										t.FailNow()
									}
								}
							}
						}
					}
				}
			}
			t.Log(n.kinds, n.left)
			if n.kinds[Done] == 0 || n.kinds[Waits] == 0 {
				t.Errorf("outcomes %v", n.kinds)
			}
		})
	}
}

// netTasks are the tasks that calls on sockets are made for.
func netTasks() []who {
	if os.Geteuid() != 0 {
		return []who{{name: "self", uid: uint32(os.Getuid()), gid: uint32(os.Getgid())}}
	}
	return []who{{name: "root"}, {name: "builder", uid: 1000, gid: 1000, groups: []uint32{2000}}}
}
