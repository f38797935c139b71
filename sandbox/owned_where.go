package sandbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/deputy"
	"sydbox/netres"
)

// Which network a socket belongs to is decided when it is made: it stays in the namespace of the task that made it,
// whoever uses it. SO_NETNS_COOKIE tells (5.14). Before that the namespace of the task has to do, and a socket that
// came from elsewhere (inherited, or passed by somebody) is taken for one of the task's.

// network is what a network namespace is known by.
type network struct {
	cookie uint64 // SO_NETNS_COOKIE; 0 where it is not known
	link   string // the text of /proc/TID/ns/net
}

// ownNetwork is that of the calling thread.
func ownNetwork() (network, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return network{}, fmt.Errorf("make a socket to tell which network namespace this is: %w", err)
	}
	defer unix.Close(fd)
	return networkOf(unix.Gettid(), fd)
}

// networkOf is that of a task, and of a socket that was made there; fd may be -1.
func networkOf(tid, fd int) (n network, err error) {
	if fd >= 0 {
		n.cookie, err = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
		if err != nil && err != unix.ENOPROTOOPT {
			return n, fmt.Errorf("ask a socket for its network namespace: %w", err)
		}
	}
	if n.link, err = os.Readlink("/proc/" + strconv.Itoa(tid) + "/ns/net"); errors.Is(err, unix.ENOENT) {
		return network{n.cookie, "the only one"}, nil // a kernel without network namespaces, or the task is gone
	}
	return n, err
}

// in says whether the asking socket is in a network namespace. What cannot be told is in none.
func (o *owned) in(w *network) bool {
	if w.cookie != 0 && o.asker.fd >= 0 {
		cookie, err := unix.GetsockoptUint64(o.asker.fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
		return err == nil && cookie == w.cookie
	}
	if *w == (network{}) {
		return false
	}
	task, err := networkOf(o.asker.tid, -1)
	return err == nil && task.link == w.link
}

// where returns who can be asked about the network namespace of the asking socket, nil if nobody can.
func (o *owned) where() *netres.Net {
	switch {
	case o.in(&o.here):
		return o.net
	case o.in(&o.there):
		return o.inside
	}
	return nil
}

// device is the interface that the asking socket sends by, 0 if that is for the route to say. known is false if it
// cannot be told.
func (o *owned) device(a *access.Address) (device uint32, known bool) {
	if a.IP.Is6() && a.IP.IsLinkLocalUnicast() {
		device = a.Zone // that of others means nothing (__ipv6_addr_needs_scope_id)
	}
	fd := o.asker.fd
	if fd < 0 {
		return device, true
	}
	bound, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX)
	if err != nil { // before 5.0; SO_BINDTODEVICE tells the name
		name, err := unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_BINDTODEVICE)
		if err != nil || name != "" {
			return 0, false
		}
	}
	if bound == 0 {
		if bound, err = unicastDevice(fd, unix.IPPROTO_IP, unix.IP_UNICAST_IF); err != nil {
			return 0, false
		}
	}
	if bound == 0 && o.asker.domain == unix.AF_INET6 {
		if bound, err = unicastDevice(fd, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_IF); err != nil {
			return 0, false
		}
	}
	switch {
	case bound == 0:
		return device, true
	case device != 0 && device != uint32(bound):
		return 0, false // EINVAL, or a race
	}
	return uint32(bound), true
}

// unicastDevice is the interface that datagrams go out by, which the kernel has in network order.
func unicastDevice(fd, level, name int) (int, error) {
	v, err := unix.GetsockoptInt(fd, level, name)
	if err == unix.ENOPROTOOPT || err == unix.EOPNOTSUPP {
		return 0, nil // MPTCP has no such option
	}
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], uint32(v))
	return int(binary.BigEndian.Uint32(b[:])), err
}

// cookieOf is what tells a socket from all others ever made; 0 where it is not known. MPTCP has sockets of TCP inside
// that are told of with a cookie of theirs and the inode of the whole (mptcp_subflow_create_socket in
// net/mptcp/subflow.c).
func cookieOf(s *deputy.Socket) uint64 {
	if s.Protocol == unix.IPPROTO_MPTCP {
		return 0
	}
	cookie, err := unix.GetsockoptUint64(s.FD, unix.SOL_SOCKET, unix.SO_COOKIE)
	if err != nil {
		return 0
	}
	return cookie
}

// at asks which socket the file of the asker is. The kernel tells the device of the file system; stat(2) shows another
// one on btrfs and on overlays of several file systems, and then the mount says which it is.
func (o *owned) at(n *netres.Net, typ int, list []netres.Socket) ([]netres.Socket, error) {
	found, err := n.UnixAt(typ, o.asker.fileDev, o.asker.fileIno, list)
	if err != nil || len(found) > len(list) || o.asker.pin < 0 {
		return found, err
	}
	dev, err := filesystemOf(o.asker.pin)
	if err != nil || dev == o.asker.fileDev {
		return found, err
	}
	return n.UnixAt(typ, dev, o.asker.fileIno, list)
}

// filesystemOf tells the device of the file system that a handle of this thread is on.
func filesystemOf(fd int) (uint64, error) {
	info, err := os.ReadFile("/proc/thread-self/fdinfo/" + strconv.Itoa(fd))
	if err != nil {
		return 0, err
	}
	var mount []byte
	for line := range bytes.Lines(info) {
		if rest, is := bytes.CutPrefix(line, []byte("mnt_id:")); is {
			mount = bytes.TrimSpace(rest)
		}
	}
	mounts, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(mounts) {
		fields := bytes.SplitN(line, []byte(" "), 4)
		if len(fields) < 4 || !bytes.Equal(fields[0], mount) {
			continue
		}
		major, minor, _ := bytes.Cut(fields[2], []byte(":"))
		ma, err := strconv.ParseUint(string(major), 10, 32)
		mi, err2 := strconv.ParseUint(string(minor), 10, 32)
		if err := errors.Join(err, err2); err != nil {
			return 0, err
		}
		return unix.Mkdev(uint32(ma), uint32(mi)), nil
	}
	return 0, fmt.Errorf("mount %s is not in this mount namespace: %w", mount, unix.ENOENT)
}
