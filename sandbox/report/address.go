package report

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sydbox/access"
	"sydbox/event"
)

// onAddress says that a denial is about where a socket was to reach or to be reached.
func onAddress(d *event.Denial) bool {
	return d.Address != "" && (d.Op == "connect" || d.Op == "bind")
}

// where names the address of a denial, by the host's name too if one is known.
func where(d *event.Denial) string {
	if d.Host == "" {
		return event.Quote(d.Address)
	}
	return event.Quote(d.Host) + " (" + event.Quote(d.Address) + ")"
}

// asksForName says that what was denied is a question for the address of Host, to a name server or service at Address.
func asksForName(d *event.Denial) bool {
	if d.Host == "" || d.Op != "connect" {
		return false
	}
	a, _, err := access.ParseAddress(d.Address)
	return err == nil && (!a.Inet() || a.Port == domainPort)
}

// place is what makes two denials of addresses the same for a reader: one host has several addresses, and a program
// tries them all.
func place(d *event.Denial) string {
	if !onAddress(d) {
		return ""
	}
	if a, _, err := access.ParseAddress(d.Address); err == nil && d.Host != "" && a.Inet() {
		return d.Host + ":" + strconv.Itoa(int(a.Port))
	}
	return d.Address
}

// manyAddresses is how many addresses of the internet a suggestion names; those who reach for more need the network.
const manyAddresses = 4

// chooseAddresses finds grants for the addresses that are wanted. A program that tries very many costs no more than one
// that tries a few: each grant is tried on a policy of its own.
func chooseAddresses(d decider, wanted []*entry, command []string) []grant {
	var grants []grant
	if internet := ofInternet(wanted); len(internet) > manyAddresses {
		network := grant{network: true}
		if with, err := d.withGrants([]grant{network}); err == nil && len(denied(with, internet)) == 0 {
			d, wanted, grants = with, denied(with, wanted), []grant{network}
		}
	}
	for i, e := range wanted {
		if i == 2*maxGrants {
			break
		}
		for _, g := range addressGrants(e.first, wanted, command) {
			if works(d, g, []*entry{e}) {
				grants = append(grants, g)
				break
			}
		}
	}
	return unique(grants)
}

// ofInternet are the entries about addresses of the internet, one for each.
func ofInternet(list []*entry) []*entry {
	seen := make(map[string]bool)
	var internet []*entry
	for _, e := range list {
		a, _, err := access.ParseAddress(e.first.Address)
		if at := place(e.first); err == nil && a.Inet() && a.IP.IsValid() && !seen[at] {
			seen[at] = true
			internet = append(internet, e)
		}
	}
	return internet
}

// addressGrants are the rules that may allow what was denied, the best first.
func addressGrants(d *event.Denial, all []*entry, command []string) []grant {
	a, path, err := access.ParseAddress(d.Address)
	g := grant{section: d.Op}
	switch {
	case err != nil:
		return nil
	case strings.HasPrefix(d.Address, "family:"):
		g.section, g.rule = "connect", d.Address // families are judged there, whatever for
		return []grant{g}
	case path != nil:
		g.rule = "unix:" + patternEscaper.Replace(string(path))
		return []grant{g}
	case !a.Inet():
		name := patternEscaper.Replace(string(a.Abstract))
		if strings.HasPrefix(name, "@") {
			name = `\` + name
		}
		g.rule = "abstract:" + strings.ReplaceAll(name, "\x00", "?") // which no argument can hold
		return []grant{g}
	}
	a.Zone = 0 // a rule holds on every interface
	g.rule = a.String()
	if d.Host == "" || d.Op != "connect" {
		return []grant{g}
	}
	byName := g
	port := a.Port
	if asksForName(d) {
		port = wantedPort(d, all, command)
	}
	byName.rule = strings.TrimSuffix(d.Host, ".") + ":" + strconv.Itoa(int(port))
	return []grant{byName, g}
}

const (
	domainPort = 53
	httpsPort  = 443
)

// lookers are programs that want a host's address and nothing else of it.
var lookers = []string{"delv", "dig", "drill", "getent", "host", "kdig", "nslookup", "resolvectl"}

// wantedPort is for a host whose address was asked for: what the answer would have been wanted for. If that can be told
// neither from another denial nor from an URL in the command, it is most likely HTTPS; with another one the next denial
// tells. For a look at the address alone it is the port of the question: that lets the name be asked for, and opens no
// service that anybody wanted.
func wantedPort(d *event.Denial, all []*entry, command []string) uint16 {
	for _, e := range all {
		if e.first.Host == d.Host && e.first.Op == "connect" {
			if a, _, err := access.ParseAddress(e.first.Address); err == nil && a.Inet() && a.Port != domainPort {
				return a.Port
			}
		}
	}
	if len(d.Chain) > 0 && slices.Contains(lookers, d.Chain[0].Name) {
		return domainPort
	}
	if port, ok := urlPort(command, strings.TrimSuffix(d.Host, ".")); ok {
		return port
	}
	return httpsPort
}

// schemePorts are the ports of URLs that name none.
var schemePorts = map[string]uint16{
	"ftp": 21, "ssh": 22, "http": 80, "ws": 80, "https": 443, "wss": 443, "rsync": 873, "svn": 3690, "git": 9418,
}

// anURL is a scheme, perhaps a user, a host, and perhaps a port, wherever it stands in a word (RFC 3986, section 3). Most
// runs need none of it.
var anURL = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)([a-z]+)://(?:[^\s/@'"]*@)?([a-z0-9._-]+)(?::([0-9]{1,5}))?`)
})

// urlPort is the port at which a command names a host, if all URLs of it in the command say the same.
func urlPort(command []string, host string) (port uint16, ok bool) {
	for _, word := range command {
		for _, url := range anURL().FindAllStringSubmatch(word, -1) {
			if !strings.EqualFold(strings.TrimSuffix(url[2], "."), host) {
				continue
			}
			this := schemePorts[strings.ToLower(url[1])]
			if url[3] != "" {
				n, err := strconv.ParseUint(url[3], 10, 16)
				if err != nil {
					return 0, false
				}
				this = uint16(n)
			}
			if this == 0 || ok && this != port {
				return 0, false
			}
			port, ok = this, true
		}
	}
	return port, ok
}

// hostsOf are the hosts of denials with the addresses that they are known by. A host that was only asked for has an
// address that nobody has.
func hostsOf(entries []*entry) map[string][]netip.Addr {
	hosts := make(map[string][]netip.Addr)
	for _, e := range entries {
		a, _, err := access.ParseAddress(e.first.Address)
		switch {
		case e.first.Host == "" || err != nil || !a.Inet():
		case a.Port == domainPort && len(hosts[e.first.Host]) == 0:
			hosts[e.first.Host] = []netip.Addr{netip.IPv6Unspecified()}
		case a.Port != domainPort:
			hosts[e.first.Host] = append(hosts[e.first.Host], a.IP)
		}
	}
	return hosts
}
