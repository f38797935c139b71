package record

import (
	"net/netip"
	"os"
	"slices"
	"strings"

	"sydbox/access/talk"
	"sydbox/dns"
	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// What programs ask name services is sent and received by calls that no filter stops: write(2) and read(2) on a socket
// that is connected. So who has just reached one is followed for a while, until its socket is closed. Questions are read
// from the memory of who sends them, answers from that of who has received them: a program that wants to can make
// either up, and the recording then has what it wanted to be seen.
//
// Only the threads are followed that make a call that stops meanwhile: stopping others would interrupt what they wait
// for. What a program hands from thread to thread without a word can be missed.

// names are what the tree was told about addresses, latest last.
type names struct {
	hosts map[netip.Addr]string // hosts(5)
	heard map[netip.Addr]string
	buf   [talk.ContentMax]byte
	// talking counts processes that are followed.
	talking int
}

const (
	// followedCalls is how many calls of a thread are looked at; a C library makes ten for one name.
	followedCalls = 256
	// talksMost bounds the sockets of one process that are followed at a time, heardMost the addresses that are known,
	// answerMost what is kept of an answer that comes in pieces, addressesMost what is told of one name.
	talksMost     = 16
	heardMost     = 1 << 16
	answerMost    = 64 << 10
	addressesMost = 64
)

// conversation is a socket that a process talks to a name service by.
type conversation struct {
	fd      int32
	service talk.Service
	server  string
	left    int
	asked   []*event.Asked // that were not written yet
	all     bool           // which answers nscd was asked for
	stream  []byte         // of an answer that comes in pieces
}

// host returns the name by which the tree probably knows an address; "" if nothing told one.
func (n *names) host(ip netip.Addr) string {
	if host := n.heard[ip.Unmap().WithZone("")]; host != "" {
		return host
	}
	return n.hosts[ip.Unmap().WithZone("")]
}

// readHosts takes in hosts(5). That an address is this machine's goes without saying.
func (n *names) readHosts(text string) {
	n.hosts, n.heard = make(map[netip.Addr]string), make(map[netip.Addr]string)
	for _, h := range dns.ParseHosts(text) {
		own := h.IP.IsLoopback() || strings.HasPrefix(h.Name, "localhost") || strings.HasPrefix(h.Name, "ip6-")
		if _, known := n.hosts[h.IP]; !known && !own {
			n.hosts[h.IP] = h.Name
		}
	}
}

// hostsFile is hosts(5), or its beginning; "" if there is none.
func hostsFile() string {
	const most = 1 << 20
	text, err := os.ReadFile("/etc/hosts")
	if err != nil {
		return ""
	}
	return string(text[:min(len(text), most)])
}

// follow begins to look at what a process says on a socket that has just reached a name service.
func (r *recorder) follow(t *tracer.Task, p *process, fd int32, s talk.Service, server string) {
	t.Follow(followedCalls)
	if c := p.talk(fd); c != nil && c.service == s && c.server == server {
		c.left = followedCalls
		return
	}
	r.hangUp(p, func(c *conversation) bool { return c.fd == fd })
	if len(p.talks) == talksMost {
		oldest := p.talks[0].fd
		r.hangUp(p, func(c *conversation) bool { return c.fd == oldest })
	}
	if len(p.talks) == 0 {
		r.names.talking++
	}
	p.talks = append(p.talks, &conversation{fd: fd, service: s, server: server, left: followedCalls})
}

func (p *process) talk(fd int32) *conversation {
	for _, c := range p.talks {
		if c.fd == fd {
			return c
		}
	}
	return nil
}

// hangUp ends conversations and writes what was asked in them.
func (r *recorder) hangUp(p *process, over func(*conversation) bool) {
	if len(p.talks) == 0 {
		return
	}
	p.talks = slices.DeleteFunc(p.talks, func(c *conversation) bool {
		if !over(c) {
			return false
		}
		r.tellAsked(c)
		return true
	})
	if len(p.talks) == 0 {
		p.talks = nil
		r.names.talking--
	}
}

// hangUpAll ends all conversations of a process that has ended or become another program.
func (r *recorder) hangUpAll(p *process) { r.hangUp(p, func(*conversation) bool { return true }) }

// tellAsked writes the questions of a conversation.
func (r *recorder) tellAsked(c *conversation) {
	for _, a := range c.asked {
		r.emit(a)
	}
	c.asked = nil
}

// settle writes what a process has asked before it reaches an address: it has its answer, or will not wait for it.
func (r *recorder) settle(p *process, call string) {
	if call != "connect" {
		return
	}
	for _, c := range p.talks {
		if len(c.asked) > 0 && len(c.asked[len(c.asked)-1].Addresses) > 0 {
			r.tellAsked(c)
		}
	}
}

// talks looks at a call of a process that may be talking to a name service. The action is what the call needs.
func (r *recorder) talks(t *tracer.Task, p *process, inv *syscalls.Invocation) (action tracer.Action) {
	if len(p.talks) == 0 {
		return action
	}
	t.Follow(followedCalls)
	r.hangUp(p, func(c *conversation) bool { c.left--; return c.left <= 0 })
	if inv.Call == nil {
		return action
	}
	u, ok := talk.UseOf(t, inv)
	switch {
	case !ok:
		return action
	case u.Purpose == talk.Closes:
		r.hangUp(p, func(c *conversation) bool { return u.Ends(c.fd) })
		return action
	}
	c := p.talk(u.FD)
	switch {
	case c == nil:
	case u.Purpose == talk.Sends:
		r.asks(t, p, inv, c, &u)
	case u.Purpose == talk.Receives:
		action.Exit = true
	}
	return action
}
