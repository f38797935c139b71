package landlock

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// netAttempts are what a child can try with sockets: a port and an abstract name of the parent's, which is outside.
var netAttempts = map[string]func(args []string) error{
	"tcp":        func(a []string) error { return reach(unix.SOCK_STREAM, 0, a[0], unix.Connect) },
	"tcp6":       func(a []string) error { return reach6(a[0]) },
	"mptcp":      func(a []string) error { return reach(unix.SOCK_STREAM, unix.IPPROTO_MPTCP, a[0], unix.Connect) },
	"udp":        func(a []string) error { return reach(unix.SOCK_DGRAM, 0, a[0], unix.Connect) },
	"fastopen":   fastOpen,
	"dissolve":   dissolve,
	"tcp bind":   func(a []string) error { return reach(unix.SOCK_STREAM, 0, a[0], unix.Bind) },
	"udp bind":   func(a []string) error { return reach(unix.SOCK_DGRAM, 0, a[0], unix.Bind) },
	"listen":     listenUnbound,
	"abstract":   func(a []string) error { return unixReach(unix.SOCK_STREAM, a[1]) },
	"abstract a": func(a []string) error { return unixReach(unix.SOCK_DGRAM, a[2]) },
	"send":       func(a []string) error { return unixSend(a[2]) },
	"name":       func(a []string) error { return unixBind() },
	"inside":     unixInside,
	"pair":       pair,
}

func init() {
	for name, try := range netAttempts {
		attempts[name] = try
	}
}

func reach(kind, protocol int, port string, call func(int, unix.Sockaddr) error) error {
	fd, err := unix.Socket(unix.AF_INET, kind, protocol)
	if err != nil {
		return err
	}
	return call(fd, &unix.SockaddrInet4{Port: number(port), Addr: [4]byte{127, 0, 0, 1}})
}

// reach6 is an IPv4 address in an IPv6 one.
func reach6(port string) error {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	return unix.Connect(fd, &unix.SockaddrInet6{Port: number(port), Addr: [16]byte{10: 0xff, 0xff, 127, 0, 0, 1}})
}

// fastOpen connects by sending.
func fastOpen(a []string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	to := &unix.SockaddrInet4{Port: number(a[0]), Addr: [4]byte{127, 0, 0, 1}}
	return unix.Sendto(fd, []byte("x"), unix.MSG_FASTOPEN, to)
}

// dissolve is connect(2) with AF_UNSPEC.
func dissolve([]string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	address := [16]byte{}
	return connectRaw(fd, address[:])
}

// listenUnbound lets listen(2) find the port.
func listenUnbound([]string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	return unix.Listen(fd, 1)
}

func unixReach(kind int, name string) error {
	fd, err := unix.Socket(unix.AF_UNIX, kind, 0)
	if err != nil {
		return err
	}
	return unix.Connect(fd, &unix.SockaddrUnix{Name: "@" + name})
}

func unixSend(name string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	return unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrUnix{Name: "@" + name})
}

func unixBind() error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	return unix.Bind(fd, &unix.SockaddrUnix{Name: fmt.Sprintf("@landlock-test-%d", os.Getpid())})
}

// unixInside talks to itself, and to a process in a further domain, over an abstract name.
func unixInside([]string) error {
	name := fmt.Sprintf("landlock-test-%d", os.Getpid())
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: "@" + name}); err != nil {
		return err
	}
	if err := unix.Listen(fd, 8); err != nil {
		return err
	}
	if err := unixReach(unix.SOCK_STREAM, name); err != nil {
		return err
	}
	further := spellRuleset(&Ruleset{Handled: MakeFIFO})
	p, err := os.StartProcess("/proc/self/exe", []string{childName, further, "abstract", "", name},
		&os.ProcAttr{Files: []*os.File{nil, os.Stdout, os.Stderr}})
	if err != nil {
		return err
	}
	state, err := p.Wait()
	if err == nil && state.ExitCode() != 0 {
		return unix.Errno(state.ExitCode())
	}
	return err
}

func pair([]string) error {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	_, err = unix.Write(p[0], []byte("x"))
	return err
}

// outside has what a child may try to reach: a port that a server holds, a name of a stream and one of datagrams.
func outside(t *testing.T) (port string, args []string) {
	t.Helper()
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("landlock-outside-%d", os.Getpid())
	stream, err := net.Listen("unix", "@"+name)
	if err != nil {
		t.Fatal(err)
	}
	datagram, err := net.ListenPacket("unixgram", "@"+name+"-dgram")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		tcp.Close()
		stream.Close()
		datagram.Close()
	})
	port = strconv.Itoa(tcp.Addr().(*net.TCPAddr).Port)
	return port, []string{port, name, name + "-dgram"}
}

// TestNetwork says what the rights to ports and the scope of abstract names stop, and what they do not: the second is
// why they are a second wall and not the first.
func TestNetwork(t *testing.T) {
	supported(t, 0, ScopeAbstract)
	port, args := outside(t)
	free := func(what string) string { // a port that nobody has, for bind
		if what == "tcp bind" || what == "udp bind" {
			return "0"
		}
		return port
	}
	all := &Ruleset{HandledNet: BindTCP | ConnectTCP, Scoped: ScopeAbstract}
	number := uint16(number(port))
	for _, c := range []struct {
		name  string
		r     *Ruleset
		stops map[string]unix.Errno
	}{
		{"without a domain", &Ruleset{}, nil},
		{"another domain", &Ruleset{Handled: MakeFIFO}, nil},
		{"no port and no name", all, map[string]unix.Errno{
			"tcp": unix.EACCES, "tcp6": unix.EACCES, "tcp bind": unix.EACCES,
			"abstract": unix.EPERM, "abstract a": unix.EPERM, "send": unix.EPERM,
		}},
		{"connecting alone", &Ruleset{HandledNet: ConnectTCP}, map[string]unix.Errno{
			"tcp": unix.EACCES, "tcp6": unix.EACCES}},
		{"one port", &Ruleset{HandledNet: all.HandledNet, Ports: []PortRule{{number, ConnectTCP}}},
			map[string]unix.Errno{"tcp bind": unix.EACCES}},
		{"another port", &Ruleset{HandledNet: all.HandledNet, Ports: []PortRule{{number ^ 1, ConnectTCP}, {0, BindTCP}}},
			map[string]unix.Errno{"tcp": unix.EACCES, "tcp6": unix.EACCES}},
	} {
		for what := range netAttempts {
			want := c.stops[what]
			got := tryIn(t, c.r, nil, what, slices.Concat([]string{free(what)}, args[1:])...)
			switch {
			case got == want:
			case what == "mptcp" && (got == unix.EPROTONOSUPPORT || got == unix.ENOPROTOOPT):
				// This kernel has none.
			case what == "mptcp" && want == 0 && got == unix.EACCES && c.stops["tcp"] != 0 && Probe().Errata&1 == 0:
				// Before erratum 1 was mended it counted as TCP.
			case what == "fastopen" && got == unix.EACCES && c.stops["tcp"] != 0:
				// Linux 7.2 asks about a connection that data makes, as about any other.
			default:
				t.Errorf("%s, %s: %v, want %v", c.name, what, got, want)
			}
		}
	}
}

// What was connected from outside of the domain, by whoever does calls for its members, can be used inside.
func TestConnectedFromOutside(t *testing.T) {
	supported(t, 0, ScopeAbstract)
	_, args := outside(t)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	socket := os.NewFile(uintptr(fd), "socket")
	defer socket.Close()
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: "@" + args[2]}); err != nil {
		t.Fatal(err)
	}
	all := &Ruleset{HandledNet: BindTCP | ConnectTCP, Scoped: ScopeAbstract}
	if got := tryIn(t, all, []*os.File{socket}, "write to", "3"); got != 0 {
		t.Errorf("through a connected socket: %v", got)
	}
	if got := tryIn(t, all, []*os.File{socket}, "send by", "3", args[2]); got != unix.EPERM {
		t.Errorf("anew: %v", got)
	}
}

func init() {
	attempts["write to"] = func(a []string) error {
		_, err := unix.Write(number(a[0]), []byte("x"))
		return err
	}
	attempts["send by"] = func(a []string) error {
		fd := number(a[0])
		if err := connectRaw(fd, make([]byte, 16)); err != nil && !errors.Is(err, unix.EINVAL) {
			return err
		}
		return unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrUnix{Name: "@" + a[1]})
	}
}
