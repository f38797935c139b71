package sandbox

import (
	"golang.org/x/sys/unix"

	"sydbox/access/talk"
	"sydbox/dns"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Answers are taken from the kernel's queue of a copy of the task's socket, where nobody can change them, at the entry
// of the call that will receive them: they are looked at and stay where they are (MSG_PEEK).
//
// Who waits in the receiving call itself, with nothing there yet, is answered while it waits. What it got is then read
// from its memory, where another thread may have written anything: it is good for reports alone. C libraries, c-ares
// and Go wait elsewhere (poll(2), epoll(7)) before they receive.

// peekMax is how much is looked at of a queue.
const peekMax = 16 << 10

// asks reads what a task asks a service whose answers do not repeat the question.
func (n *names) asks(t *tracer.Task, inv *syscalls.Invocation, e *escort, u *talk.Use) {
	e.left = escortCalls
	if e.service != talk.Nscd && e.service != talk.Resolved {
		return
	}
	talk.Contents(t, inv, u, -1, n.buf[:], func(payload []byte) bool {
		host, all := "", false
		if e.service == talk.Nscd {
			host, all = dns.NscdRequest(payload)
		} else {
			host = dns.ResolvedRequest(payload)
		}
		if host != "" {
			e.question, e.all = host, all
		}
		return true
	})
}

// answers looks at what a task is about to receive.
func (n *names) answers(t *tracer.Task, inv *syscalls.Invocation, e *escort,
	u *talk.Use) (action tracer.Action, done bool) {
	if u.Flags()&unix.MSG_ERRQUEUE != 0 {
		return action, false // not what was sent to it
	}
	socket, errno := borrowSocket(t.TID, t.Process.TGID, e.fd, e.inode)
	if errno != 0 {
		return action, false
	}
	defer socket.close()
	if socket.movesPeeks() {
		return action, false // a look would not go unnoticed
	}
	if socket.queued() == 0 {
		action.Exit = e.service == talk.DNSDatagrams && u.Form != talk.ManyMessages
		return action, false
	}
	if e.service == talk.DNSStream {
		n.streamAnswers(socket, e)
		return action, false
	}
	payload, from, whole, errno := socket.peek(n.buf[:])
	if errno != 0 && errno != unix.EAGAIN {
		// An error that waited to be received: it is gone now, so it is the answer.
		return tracer.Deny(errno), true
	}
	n.answered(e, payload, whole && n.believes(from))
	return action, false
}

// answered takes in an answer of any service but a stream.
func (n *names) answered(e *escort, payload []byte, trusted bool) {
	switch e.service {
	case talk.DNSDatagrams:
		if m, err := dns.Parse(payload); err == nil && m.Response {
			n.heard(m.Name, m.Addresses, trusted)
		}
	case talk.Nscd:
		n.heard(e.question, dns.NscdAnswer(payload, e.all), false)
	case talk.Resolved:
		n.heard(e.question, dns.ResolvedAnswer(payload), false)
	}
}

// exit is for the exit of a call for which followed asked; it says whether it was that.
func (n *names) exit(t *tracer.Task, inv *syscalls.Invocation, result int64) bool {
	p := n.escorts[t.Process]
	if p == nil {
		return false
	}
	u, ok := talk.UseOf(t, inv)
	if !ok || u.Purpose != talk.Receives {
		return false
	}
	e := p.find(u.FD)
	if e == nil || e.service != talk.DNSDatagrams || e.errno != 0 {
		return false
	}
	if result > 0 {
		talk.Contents(t, inv, &u, int(min(result, talk.ContentMax)), n.buf[:], func(payload []byte) bool {
			n.answered(e, payload, false)
			return true
		})
	}
	return true
}
