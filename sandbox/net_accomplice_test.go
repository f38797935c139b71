package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// accomplice is outside, and does what a trick asks it for.
type accomplice struct {
	*world
	conn   *net.UnixConn
	uid    int
	given  net.Listener
	calls  chan error // of who called a listener that was given away or taken
	socket *os.File   // to be given
}

// hire makes an accomplice, and the trick's end of the channel.
func (w *world) hire(uid int) (*accomplice, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	own, theirs := os.NewFile(uintptr(fds[0]), "accomplice"), os.NewFile(uintptr(fds[1]), "trick")
	defer own.Close()
	conn, err := net.FileConn(own)
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	a := &accomplice{world: w, conn: conn.(*net.UnixConn), uid: uid, calls: make(chan error, 1)}
	go a.answer()
	return a, theirs, nil
}

// answer obeys until nobody has the other end any more.
func (a *accomplice) answer() {
	defer a.conn.Close()
	line := make([]byte, 512)
	for {
		n, err := a.conn.Read(line)
		if err != nil || n == 0 {
			break
		}
		words := strings.Fields(string(line[:n]))
		reply := "ok"
		if err := a.obey(words); err != nil {
			reply = err.Error()
		}
		if _, err := a.conn.Write([]byte(reply)); err != nil {
			break
		}
		switch {
		case a.socket != nil:
			_, _, _ = a.conn.WriteMsgUnix([]byte{'x'}, unix.UnixRights(int(a.socket.Fd())), nil)
			a.socket.Close()
			a.socket = nil
		case words[0] == "receive":
			a.receive()
		}
	}
	if a.given != nil {
		a.given.Close()
	}
}

func (a *accomplice) obey(words []string) error {
	if len(words) == 0 {
		return errors.New("nothing was asked")
	}
	switch words[0] {
	case "take":
		return a.take(a.near, words[1:])
	case "take-far":
		return a.take(a.far, words[1:])
	case "probe":
		return a.far.do(func() error { return a.probe(words[1], words[2]) })
	case "give":
		return a.near.do(func() error { return a.give(words[1]) })
	case "call":
		go func() { a.calls <- a.near.do(a.call) }()
		return nil
	case "answered":
		return <-a.calls
	case "receive":
		return nil
	}
	return fmt.Errorf("%q is not understood", words[0])
}

// take makes an outsider's server: NETWORK ADDRESS [shared].
func (a *accomplice) take(where *space, words []string) error {
	s := &server{space: where, network: words[0], address: words[1], name: "an outsider who took it", uid: a.uid,
		shared: slices.Contains(words, "shared")}
	if s.network == "unix-dgram" {
		s.network = "unixgram"
	}
	if strings.HasPrefix(s.address, "0.0.0.0:") {
		s.network += "4"
	}
	return a.serve(s)
}

// probe tries to get in from far: NETWORK ADDRESS. That it did not is known when near has taken later calls of the same
// caller.
func (a *accomplice) probe(network, address string) error {
	from := &net.TCPAddr{IP: net.ParseIP(farProber)}
	if strings.HasPrefix(address, "[fe80:") {
		from = &net.TCPAddr{IP: net.ParseIP(farProberScoped), Zone: "wire"}
	} else if strings.HasPrefix(address, "[") {
		from.IP = net.ParseIP(farProber6)
	}
	if network == "udp" {
		d := net.Dialer{LocalAddr: &net.UDPAddr{IP: from.IP, Zone: from.Zone}}
		c, err := d.Dial("udp", address)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := c.Write([]byte("a call from outside\n")); err != nil {
			return err
		}
		return a.callInner()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	in, calls := make(chan error, 1), make(chan struct{}, 1)
	go func() {
		in <- a.far.do(func() error {
			d := net.Dialer{LocalAddr: from, Control: func(string, string, syscall.RawConn) error {
				select {
				case calls <- struct{}{}:
				default:
				}
				return nil
			}}
			c, err := d.DialContext(ctx, network, address)
			if err == nil {
				a.heard("the accomplice got in at %s", address)
				c.Close()
			}
			return err
		})
	}()
	select {
	case <-calls: // it is about to
	case <-in:
		return nil
	}
	for range 3 {
		if err := a.callInner(); err != nil {
			return err
		}
		select {
		case <-in:
			return nil
		case <-time.After(50 * time.Millisecond): // its goroutine may not have run on yet
		}
	}
	cancel()
	<-in
	return nil
}

// callInner calls a server of near's and hears it hang up.
func (a *accomplice) callInner() error {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(farProber)}}
	c, err := d.Dial("tcp", fmt.Sprintf("10.77.0.1:%d", innerPort))
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, c)
	return err
}

// give prepares a socket to give away.
func (a *accomplice) give(what string) error {
	type filer interface{ File() (*os.File, error) }
	var from filer
	var err error
	dial := func(network, address string) {
		var c net.Conn
		if c, err = net.Dial(network, address); err == nil {
			from = c.(filer)
			defer c.Close()
			a.socket, err = from.File()
		}
	}
	raw := func(family, kind, protocol int) {
		var fd int
		if fd, err = unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol); err == nil {
			a.socket = os.NewFile(uintptr(fd), what)
		}
	}
	switch what {
	case "connected":
		dial("tcp", fmt.Sprintf("127.0.0.1:%d", victimPort))
	case "dgram-connected":
		dial("udp", fmt.Sprintf("127.0.0.1:%d", victimPort))
	case "dgram-decoy":
		dial("udp", fmt.Sprintf("%s:%d", farDecoy, decoyPort))
	case "dgram":
		raw(unix.AF_INET, unix.SOCK_DGRAM, 0)
	case "stream":
		raw(unix.AF_INET, unix.SOCK_STREAM, 0)
	case "raw":
		raw(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)
	case "packet":
		raw(unix.AF_PACKET, unix.SOCK_DGRAM, 0)
	case "listening":
		if a.given, err = net.Listen("tcp", "127.0.0.1:0"); err == nil {
			a.socket, err = a.given.(*net.TCPListener).File()
		}
	default:
		err = fmt.Errorf("there is no %q to give", what)
	}
	return err
}

// call calls the listener that was given away.
func (a *accomplice) call() error {
	c, err := net.Dial("tcp", a.given.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	line := make([]byte, 64)
	n, err := c.Read(line)
	if n > 0 {
		a.heard("who called a listener that was given away got %q", line[:n])
	}
	return err
}

// receive takes a listener that a trick hands out, and answers there.
func (a *accomplice) receive() {
	room, text := make([]byte, unix.CmsgSpace(4)), make([]byte, 8)
	_, n, _, _, err := a.conn.ReadMsgUnix(text, room)
	if err != nil {
		return
	}
	messages, err := unix.ParseSocketControlMessage(room[:n])
	if err != nil || len(messages) == 0 {
		a.calls <- fmt.Errorf("no descriptor came: %w", err)
		return
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		a.calls <- err
		return
	}
	file := os.NewFile(uintptr(fds[0]), "handed out")
	defer file.Close()
	l, err := net.FileListener(file)
	if err != nil {
		a.calls <- err
		return
	}
	go func() {
		defer l.Close()
		c, err := l.Accept()
		if err != nil {
			a.calls <- err
			return
		}
		defer c.Close()
		line := make([]byte, 64)
		n, err := c.Read(line)
		if n > 0 {
			a.heard("who was handed a listener got %q", line[:n])
		}
		a.calls <- err
	}()
}
