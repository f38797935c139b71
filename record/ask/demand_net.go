package ask

import (
	"strings"

	"sydbox/access"
	"sydbox/record/trail"
)

// reach takes in a call on an address.
func (d *demands) reach(r *trail.Reach) {
	if r.Address == "" {
		return
	}
	a, path, err := access.ParseAddress(r.Address)
	n := demand{op: access.Connect, address: r.Address, by: r.Proc, at: r.At}
	if r.Op == "bind" || r.Op == "listen" {
		if r.Errno == "" {
			d.anyPort = d.anyPort || r.Protocol == "udp" && strings.HasSuffix(r.Address, ":0")
			d.offer(n, r.Op, path)
		}
		return // if it failed it will fail again
	}
	inet := err == nil && a.Inet()
	here := !inet || a.IP.IsLoopback() || a.IP.IsUnspecified()
	switch r.Errno {
	case "", "EINPROGRESS", "EALREADY", "EISCONN", "EAGAIN":
	default:
		if here {
			return // nobody listens: it fails by itself, and is not reported
		}
		n.failed = true
	}
	n.own = here && (d.bound[ownKey(r.Address)] || inet && d.anyPort && r.Protocol == "udp")
	if n.host = r.Host; n.host != "" && inet {
		d.hosts[r.Host] = append(d.hosts[r.Host], a.IP)
	}
	d.add(n, 1)
}

// offer takes in an address that was bound, or listened at. Rules judge a port that the kernel chose as port 0.
func (d *demands) offer(n demand, op string, path []byte) {
	n.op = access.Bind
	host, port, inet := cutPort(n.address)
	known := d.bound[n.address]
	d.bound[ownKey(n.address)], d.bound[n.address] = true, true
	switch {
	case path != nil && op == "bind":
		d.add(demand{op: access.Create, path: string(path), kind: "socket", by: n.by, at: n.at}, 1)
	case inet && op == "listen" && port != "0" && !known:
		n.address = host + ":0"
	}
	d.add(n, 1)
}

// cutPort takes an internet address apart.
func cutPort(address string) (host, port string, inet bool) {
	a, _, err := access.ParseAddress(address)
	if err != nil || !a.Inet() {
		return address, "", false
	}
	i := strings.LastIndexByte(address, ':')
	return address[:i], address[i+1:], true
}
