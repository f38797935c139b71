package landlock

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// netAttempts are what a child can try with sockets: a port and an abstract name of the parent's, which is outside.
var netAttempts = map[string]func(args []string) error{
	"tcp":        func(a []string) error { return reach(unix.SOCK_STREAM, 0, a[0], unix.Connect) },
	"tcp6":       func(a []string) error { return reach6(a[0]) },
	"mptcp":      func(a []string) error { return reach(unix.SOCK_STREAM, unix.IPPROTO_MPTCP, a[0], unix.Connect) },
	"udp":        func(a []string) error { return reach(unix.SOCK_DGRAM, 0, a[0], unix.Connect) },
	"udp send":   udpSend,
	"to nobody":  udpToNobody,
	"fastopen":   fastOpen,
	"dissolve":   dissolve,
	"tcp bind":   func(a []string) error { return reach(unix.SOCK_STREAM, 0, a[0], unix.Bind) },
	"udp bind":   func(a []string) error { return reach(unix.SOCK_DGRAM, 0, a[0], unix.Bind) },
	"listen":     listenUnbound,
	"abstract":   func(a []string) error { return unixReach(unix.SOCK_STREAM, a[1]) },
	"abstract a": func(a []string) error { return unixReach(unix.SOCK_DGRAM, a[2]) },
	"send":       func(a []string) error { return unixSend(a[2]) },
	"path":       func(a []string) error { return unixReach(unix.SOCK_STREAM, a[3]) },
	"path send":  func(a []string) error { return unixSend(a[3] + "-dgram") },
	"path own":   pathInside,
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

// udpSend sends from a socket that is neither bound nor connected.
func udpSend(a []string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	return unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrInet4{Port: number(a[0]), Addr: [4]byte{127, 0, 0, 1}})
}

// udpToNobody sends to no address from a socket without a port. That it goes nowhere is found out later than that the
// socket would have to be bound.
func udpToNobody([]string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	if err := unix.Send(fd, []byte("x"), 0); err != unix.EDESTADDRREQ {
		return err
	}
	return nil
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
	return unix.Connect(fd, unixName(name))
}

func unixSend(name string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	return unix.Sendto(fd, []byte("x"), 0, unixName(name))
}

// unixName is a path or an abstract name.
func unixName(name string) *unix.SockaddrUnix {
	if name[0] != '/' {
		name = "@" + name
	}
	return &unix.SockaddrUnix{Name: name}
}

// pathInside reaches a socket of its own by its path.
func pathInside([]string) error {
	dir, err := os.MkdirTemp("", "landlock")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return reachOwn(dir + "/own")
}

// reachOwn makes a server at a path or an abstract name and connects to it.
func reachOwn(name string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	if err := unix.Bind(fd, unixName(name)); err != nil {
		return err
	}
	if err := unix.Listen(fd, 8); err != nil {
		return err
	}
	return unixReach(unix.SOCK_STREAM, name)
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
	if err := reachOwn(name); err != nil {
		return err
	}
	return further("abstract", "", name)
}

func pair([]string) error {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	_, err = unix.Write(p[0], []byte("x"))
	return err
}
