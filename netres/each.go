package netres

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Each calls do for every socket of the network namespace that something can be sent to, in no order: those of TCP that
// listen, those of UDP that are bound and all of unix. It is for forgetting sockets that are gone: where some come and
// go meanwhile, one that was there may be missing.
func (n *Net) Each(do func(Socket)) error {
	for _, protocol := range [...]int{unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_UDPLITE} {
		for _, family := range [...]uint8{unix.AF_INET, unix.AF_INET6} {
			if err := n.eachInet(family, protocol, do); err != nil {
				return fmt.Errorf("list the sockets of protocol %d: %w", protocol, err)
			}
		}
	}
	if err := n.eachUnix(do); err != nil {
		return fmt.Errorf("list the unix sockets: %w", err)
	}
	return nil
}

func (n *Net) eachInet(family uint8, protocol int, do func(Socket)) error {
	if n.diag != nil && !n.missing[protocol] {
		length := n.diag.inetRequest(family, protocol, 0)
		_, err := n.diag.ask(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, length, func(kind uint16, body []byte) error {
			if len(body) < inetReplySize {
				return ErrMalformed
			}
			do(inetSocket(body))
			return nil
		})
		if err == nil || !lacking(err) {
			return err
		}
		n.missing[protocol] = true
	}
	if n.elsewhere {
		return unsupportedElsewhere(protocol)
	}
	var e inetEntry
	return n.files.read(inetFile(family, protocol), func(line []byte) error {
		if !e.parse(line) {
			return ErrMalformed
		}
		do(Socket{Inode: e.inode})
		return nil
	})
}

// unsupportedElsewhere is for what neither sock_diag nor /proc/net of another namespace can tell: nobody misses
// UDP-Lite, which most kernels do not have.
func unsupportedElsewhere(protocol int) error {
	if protocol == unix.IPPROTO_UDPLITE {
		return nil
	}
	return unix.EOPNOTSUPP
}

func (n *Net) eachUnix(do func(Socket)) error {
	if n.diag != nil && !n.missing[protocolUnix] {
		// SOCK_DGRAM: those that do not listen, too.
		length := n.diag.unixRequest(unix.SOCK_DGRAM, 0)
		_, err := n.diag.ask(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, length, func(kind uint16, body []byte) error {
			var a unixAttributes
			s, _, err := unixReply(body, &a)
			if err == nil {
				do(s)
			}
			return err
		})
		if err == nil || !lacking(err) {
			return err
		}
		n.missing[protocolUnix] = true
	}
	if n.elsewhere {
		return unix.EOPNOTSUPP
	}
	var e unixEntry
	return n.files.read("unix", func(line []byte) error {
		if e.parse(line) {
			do(Socket{Inode: e.inode})
		}
		return nil
	})
}

// read reads a file once. A file that the kernel does not have is empty.
func (f *files) read(name string, each func(line []byte) error) error {
	err := f.reading(name, each)
	if errors.Is(err, errNoFile) {
		return nil
	}
	return err
}
