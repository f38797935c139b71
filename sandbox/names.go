package sandbox

import (
	"net/netip"
	"os"
	"strings"
	"time"

	"sydbox/access"
	"sydbox/access/talk"
	"sydbox/dns"
	"sydbox/event"
)

// names knows by which host names a run knows addresses. There are two kinds of knowledge.
//
// Trusted names decide: a rule that names a host holds for the addresses that a trusted answer gave for it. An answer
// is trusted if the tracer took it out of the kernel's own queue of a socket, if the kernel says that it came from a
// configured resolver, and if nobody in the tree can have been that resolver. What a program says that it was told
// counts for nothing.
//
// Likely names are for reports: what anybody was told about an address, most recent first, and hosts(5). A hostile
// program can make them say what it likes, for its own addresses.
//
// It belongs to the tracer's thread.
type names struct {
	resolvers dns.Resolvers
	// believed is, for each resolver, whether its answers are trusted, local whether it is on this machine.
	believed, local []bool
	trusted         map[netip.Addr]*belonging
	hosts           map[netip.Addr]string // hosts(5)
	seen            map[netip.Addr]string
	order           []netip.Addr // the keys of seen, oldest at next once it is full
	next            int
	now             func() time.Time

	escorts escorts
	report  func(*event.Denial)
	decoys  *decoys
	buf     [peekMax]byte
}

// belonging are the names that an address has, each until its time.
type belonging struct {
	hosts []string
	until []time.Time
}

const (
	// trustedMax and seenMax bound the addresses that are known, hostsOfMax the trusted names of one.
	trustedMax = 2048
	seenMax    = 2048
	hostsOfMax = 16

	// An address stays admitted for as long as its answer may be used (its TTL), but at least for trustedLeast:
	// programs look a name up once and connect when they get to it, and again. And at most for trustedMost.
	trustedLeast = 10 * time.Minute
	trustedMost  = 24 * time.Hour
)

// fileMax is how much is read of hosts(5) and resolv.conf(5).
const fileMax = 1 << 20

// newNames reads the files that say what names mean on this machine. own says whether an address is one of this
// machine.
func (b *box) newNames(own func(netip.Addr) bool) *names {
	n := makeNames(readStart("/etc/hosts"), readStart("/etc/resolv.conf"), own, b.pin && b.policy.Polices(access.Bind))
	n.report, n.decoys = b.reports.send, &b.net.decoys
	for _, refusal := range impersonates {
		if b.policy.Lifted(refusal) {
			clear(n.believed)
		}
	}
	return n
}

// impersonates are the refusals without which somebody in the tree can pass for a resolver: by a network of its own, by
// packets or kernel programs of its own, by binds that are not judged, or as the resolver's process itself.
var impersonates = []string{
	"bpf", "clone3", "io_uring", "net_admin", "outsiders", "pidfd_getfd", "ptrace", "sockets", "userns", "vm_write",
}

// makeNames knows what the files say. vouched says that all that the tree binds is judged, so that nobody takes the
// place of a resolver on this machine unseen.
func makeNames(hosts, resolvers string, own func(netip.Addr) bool, vouched bool) *names {
	n := &names{
		resolvers: dns.ParseResolvers(resolvers),
		trusted:   make(map[netip.Addr]*belonging),
		hosts:     make(map[netip.Addr]string),
		seen:      make(map[netip.Addr]string),
		now:       time.Now,
		escorts:   make(escorts),
	}
	for _, server := range n.resolvers.Servers {
		local := server.IsLoopback() || own(server)
		n.local, n.believed = append(n.local, local), append(n.believed, vouched || !local)
	}
	for _, h := range dns.ParseHosts(hosts) {
		// That an address is this machine's goes without saying.
		own := h.IP.IsLoopback() || strings.HasPrefix(h.Name, "localhost") || strings.HasPrefix(h.Name, "ip6-")
		if _, known := n.hosts[h.IP]; !known && !own {
			n.hosts[h.IP] = h.Name
		}
	}
	return n
}

// readStart reads the beginning of a file; "" if there is none.
func readStart(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return ""
	}
	buf := make([]byte, min(st.Size(), fileMax))
	n, _ := f.Read(buf)
	return string(buf[:n])
}

// of returns the trusted names of an address. The list is valid until the next answer.
func (n *names) of(ip netip.Addr) []string {
	b := n.trusted[ip]
	if b == nil {
		return nil
	}
	if b.expire(n.now()); len(b.hosts) == 0 {
		delete(n.trusted, ip)
	}
	return b.hosts
}

// likely returns the name by which the tree probably knows an address; "" if nothing tells one.
func (n *names) likely(ip netip.Addr) string {
	if list := n.of(ip); len(list) > 0 {
		return list[len(list)-1]
	}
	if host := n.seen[ip]; host != "" {
		return host
	}
	return n.hosts[ip]
}

// heard takes in that somebody was told addresses of a host.
func (n *names) heard(host string, list []dns.Address, trusted bool) {
	if host == "" {
		return
	}
	for _, a := range list {
		if a.IP.IsUnspecified() {
			continue
		}
		if trusted {
			n.admit(host, a)
		} else {
			n.note(host, a.IP)
		}
	}
}

// admit takes in a trusted name.
func (n *names) admit(host string, a dns.Address) {
	now := n.now()
	b := n.trusted[a.IP]
	if b == nil {
		if len(n.trusted) >= trustedMax && !n.makeRoom(now) {
			return
		}
		b = new(belonging)
		n.trusted[a.IP] = b
	}
	b.add(host, now.Add(min(max(a.TTL, trustedLeast), trustedMost)), now)
}

// makeRoom forgets what has expired, or else what will be next: whoever still wants that address may ask again.
func (n *names) makeRoom(now time.Time) bool {
	var first netip.Addr
	var soonest time.Time
	for ip, b := range n.trusted {
		if b.expire(now); len(b.hosts) == 0 {
			delete(n.trusted, ip)
			continue
		}
		last := b.until[0]
		for _, t := range b.until {
			if t.After(last) {
				last = t
			}
		}
		if !first.IsValid() || last.Before(soonest) {
			first, soonest = ip, last
		}
	}
	if len(n.trusted) >= trustedMax {
		delete(n.trusted, first)
	}
	return len(n.trusted) < trustedMax
}

// add adds a name, or lengthens its time. The latest is the last.
func (b *belonging) add(host string, until, now time.Time) {
	b.expire(now)
	for i, h := range b.hosts {
		if h == host {
			if b.until[i].After(until) {
				until = b.until[i]
			}
			b.remove(i)
			break
		}
	}
	if len(b.hosts) == hostsOfMax {
		b.remove(0)
	}
	b.hosts, b.until = append(b.hosts, host), append(b.until, until)
}

// expire removes the names whose time is over.
func (b *belonging) expire(now time.Time) {
	for i := len(b.hosts) - 1; i >= 0; i-- {
		if !now.Before(b.until[i]) {
			b.remove(i)
		}
	}
}

func (b *belonging) remove(i int) {
	b.hosts = append(b.hosts[:i], b.hosts[i+1:]...)
	b.until = append(b.until[:i], b.until[i+1:]...)
}

// note takes in a likely name.
func (n *names) note(host string, ip netip.Addr) {
	if _, known := n.seen[ip]; !known {
		if len(n.order) < seenMax {
			n.order = append(n.order, ip)
		} else {
			delete(n.seen, n.order[n.next])
			n.order[n.next] = ip
			n.next = (n.next + 1) % seenMax
		}
	}
	n.seen[ip] = host
}

// believes says whether an answer from an address is a resolver's own.
func (n *names) believes(from netip.AddrPort) bool {
	ip := from.Addr().Unmap().WithZone("")
	if from.Port() != talk.DomainPort {
		return false
	}
	for i, server := range n.resolvers.Servers {
		if server == ip {
			return n.believed[i]
		}
	}
	return false
}

// taken is told what address the tree binds, before it does. A resolver whose place somebody of the tree has taken, for
// however short, is not believed any more: what it has sent may lie in any queue. Who has the port at one address of this
// machine can send from it at any other (ip(7) IP_PKTINFO, ipv6(7) IPV6_PKTINFO), so no resolver here is believed then.
func (n *names) taken(ip netip.Addr, port uint16) {
	if port != talk.DomainPort {
		return
	}
	ip = ip.Unmap().WithZone("")
	for i, server := range n.resolvers.Servers {
		if ip == server || ip.IsUnspecified() || n.local[i] {
			n.believed[i] = false
		}
	}
}
