package ask

import (
	"cmp"
	"slices"
	"strings"

	"sydbox/access"
	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// NetAnswer is who used the network, and for what.
type NetAnswer struct {
	// Outside are addresses that are not this machine's own loopback.
	Outside []*NetPlace `json:"outside"`
	// Names were asked for. A question for a name leaves the machine, whoever passes it on.
	Names []*NetName `json:"names"`
	// Services are those of this machine that are not the command's own.
	Services []*NetPlace `json:"services"`
	// Own are the servers of the tree itself, and who reached them.
	Own []*NetPlace `json:"own"`
	// Offered are the addresses that were taken.
	Offered []*NetPlace `json:"offered"`
	// Connect and Bind are the rules that a policy would need.
	Connect []show.Bytes `json:"connect,omitempty"`
	Bind    []show.Bytes `json:"bind,omitempty"`
	Notes   []string     `json:"notes,omitempty"`
}

// NetPlace is an address, or a host by its name and port, and who did something with it.
type NetPlace struct {
	Address  show.Bytes   `json:"address"`
	Others   []show.Bytes `json:"addresses,omitempty"` // of a host that has several
	Host     show.Bytes   `json:"host,omitempty"`
	Protocol string       `json:"protocol,omitempty"`
	Uses     []*NetUse    `json:"uses"`
	routed   bool         // nothing but connect(2) of a datagram socket, which sends nothing
}

// NetUse is what one process did there.
type NetUse struct {
	At     int64    `json:"at"`
	By     *Actor   `json:"by"`
	Op     string   `json:"op"`
	Result string   `json:"result"` // "ok", "begun" or an error
	Count  int      `json:"count"`
	Denied []string `json:"denied,omitempty"`
}

// NetName is a name that was asked for.
type NetName struct {
	Host      show.Bytes   `json:"host"`
	Servers   []show.Bytes `json:"servers,omitempty"`
	Addresses []show.Bytes `json:"addresses,omitempty"`
	Uses      []*NetUse    `json:"uses"`
}

// Net says who used the network.
func Net(t *trail.Trail) *NetAnswer {
	n := netter{places: make(map[string]*NetPlace), bound: make(map[string]bool), names: make(map[string]*NetName)}
	for i := range t.Reaches {
		if r := &t.Reaches[i]; (r.Op == "bind" || r.Op == "listen") && r.Errno == "" {
			n.bound[ownKey(r.Address)] = true
		}
	}
	for i := range t.Reaches {
		n.reach(&t.Reaches[i])
	}
	for i := range t.Asks {
		n.ask(&t.Asks[i])
	}
	a := &n.NetAnswer
	n.rules()
	n.notes()
	for _, list := range [][]*NetPlace{a.Outside, a.Services, a.Own, a.Offered} {
		slices.SortStableFunc(list, func(x, y *NetPlace) int { return cmp.Compare(x.Uses[0].At, y.Uses[0].At) })
	}
	return a
}

// Status is 1 if anything outside of the machine was tried.
func (a *NetAnswer) Status() int {
	if len(a.Outside) > 0 || len(a.Names) > 0 {
		return 1
	}
	return 0
}

// netter collects.
type netter struct {
	NetAnswer
	places map[string]*NetPlace
	names  map[string]*NetName
	bound  map[string]bool // see ownKey
}

// ownKey is an address as a server of the tree may be known by: a port of the loopback, or the name of a unix socket.
func ownKey(address string) string {
	a, _, err := access.ParseAddress(address)
	if err == nil && a.Inet() {
		return "port:" + address[strings.LastIndexByte(address, ':')+1:]
	}
	return address
}

// reach takes in a call on an address.
func (n *netter) reach(r *trail.Reach) {
	list := n.listOf(r)
	if list == nil {
		return
	}
	name := r.Address
	if port := strings.LastIndexByte(r.Address, ':'); r.Host != "" && port >= 0 && list == &n.Outside {
		name = r.Host + r.Address[port:]
	}
	key := strings.Join([]string{n.nameOf(list), name, r.Protocol}, "\x00")
	p := n.places[key]
	if p == nil {
		p = &NetPlace{Address: show.Bytes(r.Address), Host: show.Bytes(r.Host), Protocol: r.Protocol, routed: true}
		n.places[key] = p
		*list = append(*list, p)
	}
	if a := show.Bytes(r.Address); a != p.Address && !slices.Contains(p.Others, a) {
		p.Others = append(p.Others, a)
	}
	if r.Op != "connect" || r.Protocol != "udp" {
		p.routed = false
	}
	p.Uses = addUse(p.Uses, r)
}

// listOf is where a call belongs; nil if it reached for nothing.
func (n *netter) listOf(r *trail.Reach) *[]*NetPlace {
	if r.Address == "" {
		return nil
	}
	if r.Op == "bind" || r.Op == "listen" {
		return &n.Offered
	}
	a, _, err := access.ParseAddress(r.Address)
	switch {
	case err != nil:
		if strings.HasPrefix(r.Address, "family:") {
			return &n.Services
		}
		return &n.Outside
	case a.Inet() && !a.IP.IsLoopback() && !a.IP.IsUnspecified():
		return &n.Outside
	case n.bound[ownKey(r.Address)]:
		return &n.Own
	}
	return &n.Services
}

func (n *netter) nameOf(list *[]*NetPlace) string {
	switch list {
	case &n.Outside:
		return "outside"
	case &n.Offered:
		return "offered"
	case &n.Own:
		return "own"
	}
	return "service"
}

// addUse adds a call, to an earlier one of the same process if it was the same.
func addUse(uses []*NetUse, r *trail.Reach) []*NetUse {
	result := "ok"
	switch r.Errno {
	case "":
	case "EINPROGRESS":
		result = "begun"
	default:
		result = r.Errno
	}
	for _, u := range uses {
		if u.By != nil && r.Proc != nil && u.By.Proc == r.Proc.ID && u.Op == r.Op && u.Result == result {
			u.Count++
			return uses
		}
	}
	u := &NetUse{At: r.At, By: actor(r.Proc, r.At), Op: r.Op, Result: result, Count: 1}
	if r.Denied != "" {
		u.Denied = []string{r.Denied}
	}
	return append(uses, u)
}

// ask takes in a question for a name.
func (n *netter) ask(q *trail.Ask) {
	host := strings.ToLower(strings.TrimSuffix(q.Host, "."))
	if host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return
	}
	name := n.names[host]
	if name == nil {
		name = &NetName{Host: show.Bytes(host)}
		n.names[host] = name
		n.Names = append(n.Names, name)
	}
	name.Servers = addBytes(name.Servers, q.Server)
	for _, a := range q.Addresses {
		name.Addresses = addBytes(name.Addresses, a)
	}
	r := trail.Reach{Reached: event.Reached{At: q.At, ID: q.ID, Op: "ask"}, Proc: q.Proc}
	name.Uses = addUse(name.Uses, &r)
}

func addBytes(list []show.Bytes, s string) []show.Bytes {
	if s == "" || slices.Contains(list, show.Bytes(s)) {
		return list
	}
	return append(list, show.Bytes(s))
}
