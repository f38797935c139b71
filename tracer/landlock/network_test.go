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
	path := t.TempDir() + "/s"
	named, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	namedDatagram, err := net.ListenPacket("unixgram", path+"-dgram")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		tcp.Close()
		stream.Close()
		datagram.Close()
		named.Close()
		namedDatagram.Close()
	})
	port = strconv.Itoa(tcp.Addr().(*net.TCPAddr).Port)
	return port, []string{port, name, name + "-dgram", path}
}

// TestNetwork says what the rights to ports and the scope of abstract names stop, and what they do not: the second is
// why they are a second wall and not the first.
func TestNetwork(t *testing.T) {
	kernel := supported(t, 0, ScopeAbstract)
	t.Logf("Landlock of ABI %d", kernel.ABI)
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
		{"nothing of UDP", &Ruleset{HandledNet: BindUDP | ConnectUDP}, map[string]unix.Errno{
			"udp": unix.EACCES, "udp send": unix.EACCES, "to nobody": unix.EACCES, "udp bind": unix.EACCES}},
		{"sending alone", &Ruleset{HandledNet: ConnectUDP}, map[string]unix.Errno{
			"udp": unix.EACCES, "udp send": unix.EACCES}},
		{"no port of its own", &Ruleset{HandledNet: BindUDP}, map[string]unix.Errno{
			"udp": unix.EACCES, "udp send": unix.EACCES, "to nobody": unix.EACCES, "udp bind": unix.EACCES}},
		{"a port of the kernel's choice", &Ruleset{HandledNet: BindUDP | ConnectUDP, Ports: []PortRule{{0, BindUDP}}},
			map[string]unix.Errno{"udp": unix.EACCES, "udp send": unix.EACCES}},
		{"no path", &Ruleset{Handled: ResolveUnix}, map[string]unix.Errno{"path": unix.EACCES, "path send": unix.EACCES}},
	} {
		if c.r.HandledNet&^kernel.Net() != 0 || c.r.Handled&^kernel.Rights() != 0 {
			continue // not of this kernel
		}
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
