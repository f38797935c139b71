package netres

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// The files of /proc/net tell in pieces of 4096 bytes, as sock_diag tells in pieces (readings.go).

// files are those of /proc/net that were opened, to be read from their start each time.
type files struct {
	open map[string]*os.File
	line lines
}

const linesMax = 1 << 20

// errNoFile says that the kernel has no such file, because it does not have that protocol: so nobody uses it.
var errNoFile = errors.New("the kernel does not have that protocol")

// get opens a file of the calling thread's namespace.
func (f *files) get(name string) (*os.File, error) {
	if file := f.open[name]; file != nil {
		return file, nil
	}
	if f.open == nil {
		f.open = map[string]*os.File{}
	}
	file, err := os.Open("/proc/thread-self/net/" + name)
	if errors.Is(err, unix.ENOENT) {
		if _, err := os.Stat("/proc/thread-self/net/sockstat"); err != nil {
			return nil, err // there is no /proc/net at all
		}
		return nil, errNoFile
	}
	if err != nil {
		return nil, err
	}
	f.open[name] = file
	return file, nil
}

func (f *files) close() error {
	var errs []error
	for _, file := range f.open {
		errs = append(errs, file.Close())
	}
	f.open = nil
	return errors.Join(errs...)
}

// stable reads a file until two readings in a row tell the same. each is called for every line but the first and says
// what of it has to be the same: the bytes of a socket, nil if the line is about nothing. reset is called before each
// reading.
func (f *files) stable(name string, reset func(), each func(line []byte) (same []byte, err error)) error {
	err := agree(func(told *maphash.Hash) error {
		reset()
		return f.reading(name, func(line []byte) error {
			same, err := each(line)
			if same != nil {
				told.Write(same)
				told.WriteByte('\n')
			}
			return err
		})
	})
	switch {
	case errors.Is(err, errNoFile):
		return nil
	case err != nil:
		return fmt.Errorf("read /proc/net/%s: %w", name, err)
	}
	return nil
}

// reading reads a file once from its start. errNoFile: the kernel has none of that name.
func (f *files) reading(name string, each func(line []byte) error) error {
	file, err := f.get(name)
	if err != nil {
		return fmt.Errorf("without sock_diag: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read from the start: %w", err)
	}
	return f.line.each(file, each)
}

// inetProc is inetDiag by /proc/net. Whether an IPv6 socket is restricted to IPv6 is not told there: it counts for
// both.
func (n *Net) inetProc(family uint8, protocol int, ip netip.Addr, port uint16, list []Socket) ([]Socket, error) {
	if n.elsewhere {
		return list, fmt.Errorf("ask which sockets have port %d: %w", port, unix.EOPNOTSUPP)
	}
	found := list
	err := n.files.stable(inetFile(family, protocol), func() { found = list }, func(line []byte) ([]byte, error) {
		var e inetEntry
		if !e.parse(line) {
			return nil, ErrMalformed
		}
		if protocol == unix.IPPROTO_TCP && e.state != stateListen {
			return nil, nil
		}
		if e.port == port && overlaps(e.ip, false, ip) {
			if len(found)-len(list) == Most {
				return nil, ErrTooMany
			}
			found = append(found, Socket{Inode: e.inode})
		}
		return e.number, nil
	})
	if err != nil {
		return list, fmt.Errorf("ask which sockets have port %d: %w", port, err)
	}
	return found, nil
}

// inetFile is the file with the sockets of a family and protocol.
func inetFile(family uint8, protocol int) string {
	name := map[int]string{unix.IPPROTO_TCP: "tcp", unix.IPPROTO_UDP: "udp", unix.IPPROTO_UDPLITE: "udplite"}[protocol]
	if family == unix.AF_INET6 {
		name += "6"
	}
	return name
}

// unixProc is UnixNamed by /proc/net/unix, which shows NUL as @ and the path "@name" like the abstract name: whatever
// looks like the name counts.
func (n *Net) unixProc(typ int, abstract []byte, list []Socket) ([]Socket, error) {
	if n.elsewhere {
		return list, fmt.Errorf("ask which unix socket has a name: %w", unix.EOPNOTSUPP)
	}
	found := list
	err := n.files.stable("unix", func() { found = list }, func(line []byte) ([]byte, error) {
		var e unixEntry
		if !e.parse(line) {
			return nil, nil // what follows a newline in a name
		}
		if e.typ == typ && (e.listens || typ == unix.SOCK_DGRAM) && e.named(abstract) {
			if len(found)-len(list) == Most {
				return nil, ErrTooMany
			}
			found = append(found, Socket{Inode: e.inode})
		}
		return e.number, nil
	})
	if err != nil {
		return list, fmt.Errorf("ask which unix socket has a name: %w", err)
	}
	return found, nil
}
