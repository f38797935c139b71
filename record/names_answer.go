package record

import (
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"sydbox/access/talk"
	"sydbox/dns"
	"sydbox/event"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// asks reads the questions that a call is about to send.
func (r *recorder) asks(t *tracer.Task, p *process, inv *syscalls.Invocation, c *conversation, u *talk.Use) {
	talk.Contents(t, inv, u, -1, r.names.buf[:], func(payload []byte) bool {
		host := ""
		switch c.service {
		case talk.Nscd:
			host, c.all = dns.NscdRequest(payload)
		case talk.Resolved:
			host = dns.ResolvedRequest(payload)
		default:
			host = dns.Question(payload)
		}
		if host != "" {
			c.stream = nil
			c.ask(&event.Asked{At: r.now(), ID: p.id, Host: host, Server: c.server})
		}
		return false
	})
}

// ask notes a question. The same name is asked for once for each kind of address, and again where no answer came.
func (c *conversation) ask(a *event.Asked) {
	if c.question(a.Host) == nil {
		c.asked = append(c.asked, a)
	}
}

// question is what was noted of a name; of the last one if host is empty.
func (c *conversation) question(host string) *event.Asked {
	for i := len(c.asked) - 1; i >= 0; i-- {
		if host == "" || c.asked[i].Host == host {
			return c.asked[i]
		}
	}
	return nil
}

// received reads what a call has received on a socket that a process talks by.
func (r *recorder) received(t *tracer.Task, p *process, inv *syscalls.Invocation, result int64) {
	u, ok := talk.UseOf(t, inv)
	if !ok || u.Purpose != talk.Receives || result <= 0 || u.Flags()&(unix.MSG_ERRQUEUE|unix.MSG_PEEK) != 0 {
		return
	}
	c := p.talk(u.FD)
	if c == nil {
		return
	}
	size := int(min(result, talk.ContentMax))
	if u.Form == talk.ManyMessages {
		size = -1 // the result counts messages
	}
	talk.Contents(t, inv, &u, size, r.names.buf[:], func(payload []byte) bool {
		r.answered(p, c, payload)
		return false
	})
}

// answered takes in an answer, or a piece of one.
func (r *recorder) answered(p *process, c *conversation, payload []byte) {
	if c.service == talk.DNSDatagrams {
		if m, err := dns.Parse(payload); err == nil && m.Response {
			r.told(p, c, m.Name, m.Addresses)
		}
		return
	}
	if len(c.stream)+len(payload) > answerMost {
		c.stream = nil
		return
	}
	c.stream = append(c.stream, payload...)
	switch c.service {
	case talk.DNSStream:
		for msg, rest, whole := dns.Next(c.stream); whole; msg, rest, whole = dns.Next(rest) {
			c.stream = rest
			if m, err := dns.Parse(msg); err == nil && m.Response {
				r.told(p, c, m.Name, m.Addresses)
			}
		}
	case talk.Nscd:
		r.told(p, c, "", dns.NscdAnswer(c.stream, c.all))
	case talk.Resolved:
		r.told(p, c, "", dns.ResolvedAnswer(c.stream))
	}
}

// told takes in the addresses of a host; of what was asked last if the answer does not name it.
func (r *recorder) told(p *process, c *conversation, host string, list []dns.Address) {
	a := c.question(host)
	if a == nil {
		if host == "" || len(list) == 0 {
			return
		}
		// The question was another thread's, or it was written already.
		a = &event.Asked{At: r.now(), ID: p.id, Host: host, Server: c.server}
		c.asked = append(c.asked, a)
	}
	for _, addr := range list {
		ip := addr.IP.Unmap().WithZone("")
		if ip.IsUnspecified() {
			continue
		}
		r.names.hear(ip, a.Host)
		if text := ip.String(); len(a.Addresses) < addressesMost && !slices.Contains(a.Addresses, text) {
			a.Addresses = append(a.Addresses, text)
		}
	}
}

// hear notes by which name an address is known.
func (n *names) hear(ip netip.Addr, host string) {
	if _, known := n.heard[ip]; !known && len(n.heard) >= heardMost {
		for old := range n.heard { // any: nobody has this many servers
			delete(n.heard, old)
			break
		}
	}
	n.heard[ip] = host
}
