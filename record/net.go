package record

import (
	"slices"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/access/talk"
	"sydbox/deputy"
	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Calls on addresses are only watched: the kernel does them, and their result is what it says at their exit. Which
// protocol a socket has the kernel tells of a copy of it (pidfd_getfd(2), Linux 5.6), or else in /proc.

// reach is a call on an address under way.
type reach struct {
	event.Reached
	// index is that of the message that has the address.
	index int
	// local: it is an address of this machine, where a denied call may fail by itself.
	local bool
	// service is the name service that is reached, by the task's descriptor fd.
	service talk.Service
	fd      int32
	stops   *Break
}

// reachesMost bounds how many different addresses without a connection a process is remembered to have sent to.
const reachesMost = 64

// netOps are what calls on addresses are recorded as.
var netOps = map[string]string{
	"connect": "connect", "bind": "bind", "listen": "listen", "sendto": "send", "sendmsg": "send", "sendmmsg": "send",
}

// onSocket looks at a call on a socket before it runs. The names of hosts are looked at by talks.
func (r *recorder) onSocket(t *tracer.Task, p *process, inv *syscalls.Invocation) (action tracer.Action) {
	list := r.reaches(t, p, inv)
	for _, w := range list {
		if w.service != talk.NoService {
			r.follow(t, p, w.fd, w.service, w.Address) // a message with an address asks at once
		}
	}
	action = r.talks(t, p, inv)
	if len(list) > 0 {
		if p.reaches == nil {
			p.reaches = make(map[int][]*reach)
		}
		p.reaches[t.TID] = list
		action.Exit = true
	}
	return action
}

// reaches lists what a call reaches.
func (r *recorder) reaches(t *tracer.Task, p *process, inv *syscalls.Invocation) (list []*reach) {
	r.slow.Task(t.TID, t.Process.TGID)
	if errno := access.Describe(inv, t, r.slow, &r.acc); errno != 0 || r.acc.Socket.Call == nil {
		return nil // the kernel fails it too, or it names no address
	}
	if w := r.reachOf(t, p, 0); w != nil {
		list = append(list, w)
	}
	if r.acc.Socket.Call != callSendmmsg {
		return list
	}
	count := min(int(uint32(r.acc.Socket.Args[2])), messagesMost)
	for i := 1; i < count; i++ {
		if access.DescribeMessage(inv, i, t, r.slow, &r.acc) != 0 {
			break
		}
		if w := r.reachOf(t, p, i); w != nil {
			list = append(list, w)
		}
	}
	return list
}

// messagesMost is how many messages of one call are looked at.
const messagesMost = 16

var callSendmmsg = syscalls.ByName("sendmmsg")

// reachOf says what the described call does to which address, by its message of that index; nil if it reaches nobody new.
func (r *recorder) reachOf(t *tracer.Task, p *process, index int) *reach {
	call := r.acc.Socket.Call.Name
	if r.acc.N == 0 {
		return nil
	}
	a := &r.acc.List[0]
	if call != "listen" && (a.Op == 0 || a.Addr.Family == 0 || a.Addr.Family == unix.AF_NETLINK) {
		return nil // netlink reaches the kernel alone
	}
	w := &reach{index: index, fd: r.acc.Socket.FD}
	w.ID = p.id
	s, errno := deputy.CopySocket(t.TID, t.Process.TGID, w.fd)
	if errno == unix.EBADF || errno == unix.ENOTSOCK {
		return nil // the kernel will say so
	}
	if errno != 0 {
		s.FD = -1
	}
	defer s.Close()
	if call == "listen" && !listensAt(&s, &a.Addr) {
		return nil
	}
	if s.FD >= 0 && a.Addr.Depends() {
		a.On(s.Domain, s.Local().Addr())
	}
	r.settle(p, call)
	w.Op, w.Protocol = netOps[call], s.ProtocolName()
	w.Address = addressText(a)
	if a.Addr.Inet() && !a.Addr.IP.IsLoopback() {
		w.Host = r.names.host(a.Addr.IP)
	}
	if w.Op == "send" && !p.sendsAnew(w.Address) {
		return nil
	}
	protocol := s.Protocol
	if s.FD < 0 {
		w.Protocol, protocol = protocolOf(t.TID, w.fd)
	}
	if a.Op&access.Connect != 0 {
		w.service = talk.ServiceOf(a, protocol)
	}
	w.local = !a.Addr.Inet() || a.Addr.IP.IsLoopback()
	if r.against != nil {
		w.Denied = r.against.socket(t, &s, a, r.slow.Object(0), w.Host)
	}
	for _, b := range r.breaks[breakConnect] {
		if a.Op&access.Connect != 0 && b.reaches(a, w.Host) {
			w.stops = b
		}
	}
	return w
}

// listensAt finds out where a socket will be heard; false for those that are no one's to reach.
func listensAt(s *deputy.Socket, a *access.Address) bool {
	if s.FD < 0 {
		return false
	}
	switch s.Domain {
	case unix.AF_INET, unix.AF_INET6:
		local := s.Local()
		a.Family, a.IP, a.Port = uint16(s.Domain), local.Addr(), local.Port()
		return true
	}
	return false // a unix socket's name was told when it was bound
}

// sendsAnew says whether a process has not sent to an address before: to a server of logs or names it sends all the
// time.
func (p *process) sendsAnew(address string) bool {
	if slices.Contains(p.sent, address) {
		return false
	}
	if len(p.sent) == reachesMost {
		p.sent = slices.Delete(p.sent, 0, 1)
	}
	p.sent = append(p.sent, address)
	return true
}

// reached writes what came of a call on addresses.
func (r *recorder) reached(t *tracer.Task, p *process, result int64) {
	list := p.reaches[t.TID]
	delete(p.reaches, t.TID)
	errno := errnoName(result)
	if result <= -firstRestart && result >= -lastRestart {
		errno = "EINTR" // a signal came: it starts over, and is told of again, or fails so
	}
	for _, w := range list {
		if w.index > 0 && int64(w.index) >= result {
			return // sendmmsg(2): it was not sent, nor tried
		}
		w.At, w.Errno = r.now(), errno
		again := false
		if failed := errno != "" && errno != "EINPROGRESS"; failed && w.local {
			w.Denied = ""                                 // it fails without a rule as well
			again = !p.sendsAnew(errno + " " + w.Address) // C libraries look for nscd again and again
		}
		if !again {
			r.emit(&w.Reached)
		}
		if w.stops != nil {
			r.halt(t, p, w.stops, came(w.Op+" "+event.Quote(w.Address), w.Errno))
		}
	}
}

// firstRestart and lastRestart are the ERESTART* that a tracer sees in the place of EINTR (linux/errno.h).
const (
	firstRestart = 512
	lastRestart  = 516
)

// addressText is an address as lines have it: unix sockets by their canonical path.
func addressText(a *access.Access) string {
	if a.Addr.Path() && len(a.Object.Path) > 0 {
		return a.Addr.Text(a.Object.Path)
	}
	return a.Addr.String()
}

// netRow says when a call on a socket is looked at. Without an address sendto(2) reaches nobody new.
func netRow(row *syscalls.Row, call *syscalls.Call) {
	switch call.Name {
	case "sendto":
		row.Clauses = append(row.Clauses, syscalls.Clause{
			Tests: []syscalls.Test{{Arg: 4, Mask: ^uint64(0), Not: true}}, Verdict: stop,
		})
	case "socketcall":
		for _, number := range []uint64{2, 3, 4, 11, 16, 20} { // bind, connect, listen, sendto, sendmsg, sendmmsg: linux/net.h
			row.Clauses = append(row.Clauses, syscalls.Clause{
				Tests: []syscalls.Test{{Arg: 0, Mask: 1<<32 - 1, Value: number}}, Verdict: stop,
			})
		}
	default:
		row.Else = stop
	}
}
