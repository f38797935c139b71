package sandbox

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/deputy"
	"sydbox/netres"
)

// owned knows the sockets that the tree has bound, listened on, connected or sent from, and says whether what is sent
// to an address reaches them alone: what a rule calls `bound`. It is a policy.Owner.
//
// An address is the tree's if it is one of this machine, in the network namespace of the socket that asks, and the
// kernel tells now of at least one socket that would receive there, and of none that is not the tree's. Ports need not
// be learned for that, nor closes watched.
//
// What that holds against:
//   - A group of SO_REUSEPORT that a program of the tree has joined, whose other members are outside, is not the
//     tree's: all members are told of, whomever the kernel would choose. The same goes for UDP sockets that share an
//     address (SO_REUSEADDR), be one closer to it than the other, or connected.
//   - A TCP socket that is bound and does not listen receives nothing and is not told of. If an outsider has one it
//     cannot listen while the tree does (inet_csk_get_port looks for conflicts again in listen), except in a group.
//   - A program that closes its socket right after the question makes the address nobody's. To be let through to an
//     outsider, that outsider would have to bind the address in the microseconds until the call is done. That is the
//     one gap, it takes an outsider's help, and nobody gains what that outsider could not give in other ways.
//   - Skipping: an answer in which closing sockets could hide another one is not taken (package netres). Nobody of the
//     tree can add sockets meanwhile: the calls that bind and listen wait for the thread that asks.
//   - Numbers of sockets come again after 2^32. A socket is told by its cookie too, which does not; only where there is
//     no sock_diag or no SO_COOKIE (before 4.12) somebody who makes four billion sockets and has kept the number of one
//     that is closed could wait for an outsider to get it.
//   - A socket that is bound to an interface sends there what is addressed to this machine by other interfaces: the
//     route is asked for with that interface. Setting it after the question is refused (refusal "routing").
//   - A UDP socket that is connected stays so, whoever has the address later. Somebody who takes a port that an
//     outsider wants, connects to it and lets go of it can send to that outsider if it comes back for the port.
//
// What it does not say: a socket that the tree made and passed to an outsider, or inherited from one and listens on, is
// the tree's. Whoever passes a socket has a connection to do it by, which was judged; an inherited descriptor is the
// right to what it is open on. What an administrator put before the tables that the kernel tells of is not seen.
//
// Memory is bounded: see add. Thread rule: the tracer's thread, which stays in the network namespace it was made in.
type owned struct {
	net  *netres.Net
	here network // the tracer's

	inside *netres.Net // asks in the tree's own network namespace; nil if it has none, or if it cannot be asked
	there  network     // that namespace; the zero value if there is none

	cookies map[uint64]uint64 // by inode; 0 for a socket whose cookie is not known
	room    int               // at so many it is looked which are gone

	asker asker
	list  []netres.Socket
}

const (
	ownedRoom = 1024
	ownedMost = 1 << 16
)

// newOwned makes an empty set for the network namespace of the calling thread.
func newOwned() (*owned, error) {
	n, err := netres.Open()
	if err != nil {
		return nil, err
	}
	o := &owned{net: n, cookies: make(map[uint64]uint64, ownedRoom), room: ownedRoom, list: make([]netres.Socket, 0, 64)}
	if o.here, err = ownNetwork(); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return o, nil
}

// close gives back what it holds.
func (o *owned) close() error {
	err := o.net.Close()
	if o.inside != nil {
		err = errors.Join(err, o.inside.Close())
	}
	return err
}

// enclose says that the tree, of which tid is a task, has a network namespace of its own: there every address of this
// machine and every abstract name is the tree's. Others lead nowhere, and are denied so that it is reported. diag and
// route are netlink sockets in there, owned from then on; -1 if there are none, which leaves the paths of sockets to
// nobody.
func (o *owned) enclose(tid, diag, route int) (err error) {
	if diag >= 0 || route >= 0 {
		if o.inside, err = netres.New(diag, route); err != nil {
			return err
		}
	}
	o.there, err = networkOf(tid, diag)
	return err
}

// add notes that a socket is one of the tree's. It is called before the call is done by which something can be sent to
// the socket: bind, listen, and connect and sending, which bind a socket that is not bound yet. Noting a socket again,
// or one whose call fails, does no harm: it is the tree's.
//
// When there are many the kernel is asked which are gone. A socket that is forgotten, because there are more than
// 65536 that are not gone, is an outsider's from then on.
func (o *owned) add(s *deputy.Socket) {
	if !noted(s) {
		return
	}
	if have, known := o.cookies[s.Inode]; known && (have == 0 || have == cookieOf(s)) {
		return
	}
	if len(o.cookies) >= o.room {
		o.forget()
	}
	if len(o.cookies) < ownedMost {
		o.cookies[s.Inode] = cookieOf(s)
	}
}

// addNumber is add where the kernel lets nobody have the descriptors of others (before Linux 5.6). Another thread may put
// another socket under the number meanwhile: one that the tree holds as well.
func (o *owned) addNumber(tid int, fd int32) {
	link, err := os.Readlink("/proc/" + strconv.Itoa(tid) + "/fd/" + strconv.Itoa(int(fd)))
	number, is := strings.CutPrefix(strings.TrimSuffix(link, "]"), "socket:[")
	inode, err2 := strconv.ParseUint(number, 10, 64)
	if err != nil || !is || err2 != nil {
		return
	}
	if len(o.cookies) >= o.room {
		o.forget()
	}
	if _, known := o.cookies[inode]; !known && len(o.cookies) < ownedMost {
		o.cookies[inode] = 0
	}
}

// noted says whether sockets of that kind are ever told of.
func noted(s *deputy.Socket) bool {
	switch s.Domain {
	case unix.AF_UNIX:
		return true
	case unix.AF_INET, unix.AF_INET6:
		return carries(s.Type, s.Protocol)
	}
	return false
}

// carries says whether a socket of the internet sends by TCP or UDP, whose receivers the kernel tells of.
func carries(typ, protocol int) bool {
	switch protocol {
	case unix.IPPROTO_TCP, unix.IPPROTO_MPTCP:
		return typ == unix.SOCK_STREAM
	case unix.IPPROTO_UDP, unix.IPPROTO_UDPLITE:
		return typ == unix.SOCK_DGRAM
	}
	return false
}

// forget drops sockets that are gone. One of TCP that is bound and does not listen yet seems to be, and is noted again
// when it listens.
func (o *owned) forget() {
	alive := make(map[uint64]uint64, ownedRoom)
	note := func(s netres.Socket) {
		if o.has(s) {
			alive[s.Inode] = o.cookies[s.Inode]
		}
	}
	err := o.net.Each(note)
	if err == nil && o.inside != nil {
		err = o.inside.Each(note)
	}
	if err == nil {
		o.cookies = alive
	}
	o.room = min(max(ownedRoom, 2*len(o.cookies)), ownedMost)
}

// has says whether a socket is the tree's.
func (o *owned) has(s netres.Socket) bool {
	cookie, known := o.cookies[s.Inode]
	switch {
	case !known || s.Inode == 0:
		return false
	case cookie == 0 && s.Cookie != 0:
		o.cookies[s.Inode] = s.Cookie // that of the TCP socket by which one of MPTCP listens
		return true
	}
	return s.Cookie == 0 || s.Cookie == cookie
}
