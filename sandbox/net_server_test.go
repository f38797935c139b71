package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// say calls, says something, and hangs up.
func say(network, address, text string) error {
	c, err := net.Dial(network, address)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte(text))
	return err
}

// server is somebody who can be reached. With a name it counts who does; a server without one only answers.
type server struct {
	space            *space
	network, address string
	name             string
	shared           bool // others of the same user may take the address as well
	uid              int  // whose it is
	w                *world
	closer           interface{ Close() error }
	handle           *os.File      // of a unix socket with a path: the path may come to lead elsewhere
	done             chan struct{} // closed when nobody reads any more: only then is the address free
}

func (s *server) String() string { return fmt.Sprintf("%s at %s %s", s.name, s.network, s.address) }

// serve starts a server.
func (w *world) serve(s *server) error {
	s.w, s.done = w, make(chan struct{})
	err := s.space.do(s.start)
	// Whatever this process starts meanwhile has copies of its descriptors until it executes something.
	for end := time.Now().Add(hang); errors.Is(err, unix.EADDRINUSE) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
		err = s.space.do(s.start)
	}
	if err != nil {
		return fmt.Errorf("serve %s %s: %w", s.network, s.address, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.servers = append(w.servers, s)
	return nil
}

func (s *server) start() error {
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		cerr := c.Control(func(fd uintptr) { err = s.prepare(int(fd)) })
		return errors.Join(cerr, err)
	}}
	config.SetMultipathTCP(false) // its sockets are the kernel's own, and shared with nobody
	var err error
	if s.datagrams() {
		var conn net.PacketConn
		if conn, err = config.ListenPacket(context.Background(), s.network, s.address); err != nil {
			return err
		}
		s.closer = conn
		go s.receive(conn)
	} else {
		var l net.Listener
		if l, err = config.Listen(context.Background(), s.network, s.address); err != nil {
			return err
		}
		s.closer = l
		go s.accept(l)
	}
	if !s.path() {
		return nil
	}
	if err := errors.Join(os.Chmod(s.address, 0o777), os.Lchown(s.address, s.uid, s.uid)); err != nil {
		return err
	}
	fd, err := unix.Open(s.address, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err == nil {
		s.handle = os.NewFile(uintptr(fd), s.address)
	}
	return err
}

func (s *server) datagrams() bool {
	return strings.HasPrefix(s.network, "udp") || s.network == "unixgram"
}

// path says that it is reached by a path.
func (s *server) path() bool { return strings.HasPrefix(s.network, "unix") && s.address[0] == '/' }

// prepare sets the socket up before it is bound.
func (s *server) prepare(fd int) error {
	if !s.shared {
		return nil
	}
	// Who may share an address is the user whose socket it is (sk_reuseport_match).
	return errors.Join(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1), unix.Fchown(fd, s.uid, s.uid))
}

func (s *server) close() {
	s.closer.Close()
	<-s.done
	if s.handle != nil {
		s.handle.Close()
	}
}

// say is the runner's way to reach it.
func (s *server) say(text string) error {
	address := s.address
	if s.path() {
		address = fmt.Sprintf("/proc/self/fd/%d", s.handle.Fd())
	}
	for wildcard, host := range map[string]string{"0.0.0.0:": "127.0.0.1:", "[::]:": "[::1]:"} {
		if port, ok := strings.CutPrefix(address, wildcard); ok {
			address = host + port
		}
	}
	return s.space.do(func() error { return say(s.network, address, text) })
}

func (s *server) receive(conn net.PacketConn) {
	defer close(s.done)
	buf := make([]byte, 2048)
	for {
		n, _, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if !s.w.isMark(buf[:n]) && s.name != nobody {
			s.w.heard("%v got %q", s, buf[:n])
		}
	}
}

// accept takes calls. Only one that turns out to be a mark does not count: whoever hangs up without a word was there, too.
func (s *server) accept(l net.Listener) {
	defer close(s.done)
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.w.mu.Lock()
		s.w.pending++
		s.w.mu.Unlock()
		go func() {
			defer c.Close()
			line := make([]byte, 2048)
			n, _ := c.Read(line)
			if !s.w.isMark(line[:n]) && s.name != nobody {
				s.w.heard("%v was called, and told %q", s, line[:n])
			}
			s.w.mu.Lock()
			s.w.pending--
			s.w.settled.Broadcast()
			s.w.mu.Unlock()
			for err := error(nil); err == nil; {
				_, err = c.Read(line)
			}
		}()
	}
}
