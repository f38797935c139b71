package sandbox

import (
	"net/netip"
	"slices"
	"syscall"
	"time"

	"sydbox/access/talk"
	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// What programs ask name services is sent by calls that no filter stops: write(2) to a socket that is connected. So who
// has just connected to one is escorted: its calls are looked at for a while, until it has asked and, where that was
// allowed, until it has been answered (names_answer.go).
//
// Where the question is denied, a datagram socket is connected to a decoy (decoy.go), and the program believes to have
// reached its resolver: it then says what it wants to know, is told that the network cannot be reached, and the denial
// names the host. Programs give up as quickly as if connect(2) itself had failed, also those that ignore what a send
// returns, and those whose send is not seen: nobody hears at the decoy, as the next call on the socket tells.
//
// Threads: a socket is followed for every thread of its process that begins or makes a call that stops while it is.
// Others run on unseen, as stopping them for this alone would interrupt what they wait for. A program that hands
// sockets from thread to thread without a word can be answered unseen, and then an address has no name: measured, one
// lookup of ten of Go's own resolver, of four on a busy machine. A question that is missed so is rarely the only one
// about a name.

const (
	// escortCalls is how many calls of a process are looked at for one socket. A C library makes ten.
	escortCalls = 256
	// escortsMax bounds the sockets of one process that are followed at a time, toldMax the names it was reported with.
	escortsMax = 16
	toldMax    = 64
	// sameLookup is how far apart two questions of one lookup are: for both kinds of addresses, to several servers, by
	// TCP after UDP. All of them were refused at once.
	sameLookup = 2 * time.Second
	// nameless is for how many calls more a denial waits whose socket was closed before a question was seen: another
	// thread may ask the same on another socket.
	nameless = 64
)

// escorts are the processes that are followed.
type escorts map[*tracer.Process]*escorted

// escorted is what is known of one process.
type escorted struct {
	list []escort
	// held are denials that will have no name, unless that was told of another question of the same lookup.
	held []held
	// told are the names of which it was reported that they were denied, and asked the servers that were asked for
	// them, and when last.
	told  []string
	asked map[netip.AddrPort]time.Time
}

// held is a denial of a connect to a resolver of which no question was seen.
type held struct {
	denial *event.Denial
	server netip.AddrPort
	left   int
}

// escort is one socket that is followed.
type escort struct {
	fd      int32
	inode   uint64
	service talk.Service
	left    int
	// denial is of a connect that the task believes to have succeeded; nil once it was reported. errno is what it is
	// told when it sends.
	denial *event.Denial
	server netip.AddrPort
	errno  syscall.Errno
	// question is what was asked last, of a service whose answers do not repeat it, and all which sort of answer comes.
	question string
	all      bool
	stream   stream
}

// escort follows a socket of a task that was allowed to talk to a name service: connected, or about to send with an
// address.
func (n *names) escort(t *tracer.Task, fd int32, inode uint64, s talk.Service) {
	p := n.process(t.Process)
	if e := p.find(fd); e != nil && e.inode == inode && e.service == s && e.errno == 0 {
		e.left = escortCalls
	} else {
		n.add(p, escort{fd: fd, inode: inode, service: s})
	}
	t.Follow(escortCalls)
}

// pretend follows a datagram socket of a task that is told that it is connected to a resolver. The denial is reported
// when it has said what it asks, or will not.
func (n *names) pretend(t *tracer.Task, fd int32, inode uint64, server netip.AddrPort, d *event.Denial,
	errno syscall.Errno) {
	p := n.process(t.Process)
	n.add(p, escort{fd: fd, inode: inode, service: talk.DNSDatagrams, denial: d, server: server, errno: errno})
	t.Follow(escortCalls)
}

func (n *names) process(p *tracer.Process) *escorted {
	e := n.escorts[p]
	if e == nil {
		e = new(escorted)
		n.escorts[p] = e
	}
	return e
}

// add takes a socket in, instead of whatever else had its number.
func (n *names) add(p *escorted, e escort) {
	e.left = escortCalls
	for i := range p.list {
		if p.list[i].fd == e.fd {
			n.drop(p, i)
			break
		}
	}
	if len(p.list) == escortsMax {
		n.drop(p, 0)
	}
	p.list = append(p.list, e)
}

func (p *escorted) find(fd int32) *escort {
	for i := range p.list {
		if p.list[i].fd == fd {
			return &p.list[i]
		}
	}
	return nil
}

// drop ends an escort. A denial that waits for a name is kept for a while.
func (n *names) drop(p *escorted, i int) {
	if e := &p.list[i]; e.denial != nil {
		if len(p.held) == escortsMax {
			n.release(p, 0)
		}
		p.held = append(p.held, held{e.denial, e.server, nameless})
	}
	p.list = slices.Delete(p.list, i, i+1)
}

// release reports a denial without a name, if it says anything that was not said already.
func (n *names) release(p *escorted, i int) {
	h := p.held[i]
	p.held = slices.Delete(p.held, i, i+1)
	if !p.askedNear(h.server, h.denial.Time) {
		n.report(h.denial)
	}
}

// askedNear says whether it was reported of about that time that the process asked a server for a name in vain.
func (p *escorted) askedNear(server netip.AddrPort, at time.Time) bool {
	when, asked := p.asked[server]
	return asked && when.Sub(at).Abs() < sameLookup
}

// pass counts a call of the process, and ends what has waited long enough.
func (n *names) pass(p *escorted) {
	for i := len(p.list) - 1; i >= 0; i-- {
		if p.list[i].left--; p.list[i].left <= 0 {
			n.drop(p, i)
		}
	}
	for i := len(p.held) - 1; i >= 0; i-- {
		if p.held[i].left--; p.held[i].left <= 0 {
			n.release(p, i)
		}
	}
}

// idle says that nothing of the process is followed.
func (p *escorted) idle() bool { return len(p.list) == 0 && len(p.held) == 0 }

// join follows one more thread of a process that is followed. It is for every task that a Handler is asked about: one
// look into a map where nobody is.
func (n *names) join(t *tracer.Task) {
	if len(n.escorts) == 0 {
		return
	}
	if p := n.escorts[t.Process]; p != nil && !p.idle() {
		t.Follow(escortCalls)
	}
}

// gone forgets a process that has ended or become another program.
func (n *names) gone(process *tracer.Process) {
	p := n.escorts[process]
	if p == nil {
		return
	}
	for len(p.list) > 0 {
		n.drop(p, 0)
	}
	for len(p.held) > 0 {
		n.release(p, 0)
	}
	delete(n.escorts, process)
}

// followed looks at a call of a task. done says that the action is the answer to it; else the call is to be judged as
// any other, and only Action.Exit of it counts.
func (n *names) followed(t *tracer.Task, inv *syscalls.Invocation) (action tracer.Action, done bool) {
	p := n.escorts[t.Process]
	if p == nil || p.idle() {
		t.Unfollow()
		return action, false
	}
	t.Follow(escortCalls)
	n.pass(p)
	if inv.Call == nil {
		return action, false
	}
	u, ok := talk.UseOf(t, inv)
	if !ok {
		return action, false
	}
	if u.Purpose == talk.Closes || u.Purpose == talk.Connects {
		for i := len(p.list) - 1; i >= 0; i-- {
			if fd := p.list[i].fd; u.Ends(fd) || u.Purpose == talk.Connects && u.FD == fd {
				n.drop(p, i)
			}
		}
		return action, false
	}
	e := p.find(u.FD)
	switch {
	case e == nil:
		return action, false
	case e.errno != 0:
		return n.refuse(t, inv, p, e, &u)
	case u.Purpose == talk.Sends:
		n.asks(t, inv, e, &u)
		return action, false
	}
	return n.answers(t, inv, e, &u)
}

// refuse answers a call on a socket that is not connected as its task believes.
func (n *names) refuse(t *tracer.Task, inv *syscalls.Invocation, p *escorted, e *escort,
	u *talk.Use) (tracer.Action, bool) {
	if u.Purpose != talk.Sends || talk.Addressed(t, inv, u) {
		return tracer.Action{}, false
	}
	socket, errno := borrowSocket(t.TID, t.Process.TGID, e.fd, e.inode)
	if errno != 0 {
		return tracer.Action{}, false // another socket, or one of a thread that has its own descriptors
	}
	defer socket.close()
	if host := sentQuestion(t, inv, u, n.buf[:]); host != "" {
		n.denied(p, e, host)
	}
	socket.complain()
	return tracer.Deny(e.errno), true
}

// denied reports that a name was asked for in vain: once for each name, however many servers were asked for it, of
// however many kinds of addresses, and with how many domains behind it.
func (n *names) denied(p *escorted, e *escort, host string) {
	d := e.denial
	e.denial = nil
	if d != nil && n.first(p, host, e.server, d.Time) {
		d.Host = host
		n.report(d)
	}
}

// first says whether a denial for a name would be the first one of the process.
func (n *names) first(p *escorted, host string, server netip.AddrPort, at time.Time) bool {
	if p.asked == nil || len(p.asked) >= escortsMax {
		p.asked = make(map[netip.AddrPort]time.Time)
	}
	p.asked[server] = at
	host = n.resolvers.Asked(host)
	if slices.Contains(p.told, host) {
		return false
	}
	if len(p.told) == toldMax {
		p.told = slices.Delete(p.told, 0, 1)
	}
	p.told = append(p.told, host)
	return true
}
