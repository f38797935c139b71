package dns

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Limits of what is read of one message. Real answers have a handful of records; one of 64 KiB could have thousands.
const (
	// MessageMax is the longest message: over TCP its length is 16 bits.
	MessageMax = 1<<16 - 1

	recordsMax   = 256 // records of an answer that are looked at
	addressesMax = 128 // addresses that are kept
	aliasesMax   = 16  // links of a chain of aliases that are followed
)

// Address is an address that an answer gives.
type Address struct {
	IP netip.Addr // an IPv4-mapped one is the IPv4 address
	// TTL is for how long it may be used: the shortest of the records that lead to it.
	TTL time.Duration
}

// Message is what a DNS message says about the address of one host.
type Message struct {
	ID uint16
	// Response: it is an answer, not a question.
	Response bool
	// Failed: the answer is that there is none (a response code other than 0).
	Failed bool
	// Cut: the answer did not fit, or was not read to its end, so there may be more addresses.
	Cut bool
	// Name is what is asked about, Normal; "" if that is no name.
	Name string
	// Addresses are what an answer gives for Name: by A and AAAA records, through aliases, and by hints of HTTPS and
	// SVCB records. Nothing that it says about other names is here.
	Addresses []Address
}

var (
	errNoQuery  = errors.New("dns: not a query, or the answer to one")
	errNoName   = errors.New("dns: no name is asked about")
	errNoPrefix = errors.New("dns: shorter than its header")
)

// headerSize is the length of a message's header (RFC 1035, 4.1.1).
const headerSize = 12

// Parse reads a message as it is sent by UDP, or by TCP behind its length. The error says that it is no DNS message, or
// one that asks nothing; what is wrong or cut off behind the question only ends the reading.
func Parse(msg []byte) (Message, error) {
	if len(msg) < headerSize {
		return Message{}, errNoPrefix
	}
	var p dnsmessage.Parser
	h, err := p.Start(msg[:min(len(msg), MessageMax)])
	if err != nil {
		return Message{}, err
	}
	if h.OpCode != 0 {
		return Message{}, errNoQuery
	}
	q, err := p.Question()
	if err != nil {
		return Message{}, err
	}
	m := Message{ID: h.ID, Response: h.Response, Failed: h.RCode != dnsmessage.RCodeSuccess, Cut: h.Truncated}
	m.Name = Normal(q.Name.String())
	switch {
	case m.Name == "":
		return m, errNoName
	case q.Class != dnsmessage.ClassINET && q.Class != dnsmessage.ClassANY:
		return m, errNoQuery
	case !m.Response || m.Failed:
		return m, nil
	}
	if err := p.SkipQuestion(); err != dnsmessage.ErrSectionDone {
		return m, nil // with more than one question it is not said whose answer this is
	}
	var a answer
	m.Cut = a.read(&p) || m.Cut
	m.Addresses = a.of(m.Name)
	return m, nil
}

// record is one thing that an answer says about a name.
type record struct {
	name  string
	alias string // what the name is another name of; "" for addresses
	ip    netip.Addr
	ttl   time.Duration
}

// answer is the first section of an answer.
type answer struct{ records []record }

// read reads the answers; cut says that not all of them were read.
func (a *answer) read(p *dnsmessage.Parser) (cut bool) {
	for range recordsMax {
		h, err := p.AnswerHeader()
		if err != nil {
			return err != dnsmessage.ErrSectionDone
		}
		if !a.record(p, &h) {
			return true
		}
	}
	_, err := p.AnswerHeader()
	return err != dnsmessage.ErrSectionDone
}

// record reads one record; ok is false if it cannot be read.
func (a *answer) record(p *dnsmessage.Parser, h *dnsmessage.ResourceHeader) (ok bool) {
	r := record{name: Normal(h.Name.String()), ttl: ttl(h.TTL)}
	if r.name == "" || h.Class != dnsmessage.ClassINET {
		return p.SkipAnswer() == nil
	}
	var err error
	switch h.Type {
	case dnsmessage.TypeA:
		var body dnsmessage.AResource
		if body, err = p.AResource(); err == nil && h.Length == 4 {
			r.ip = netip.AddrFrom4(body.A)
			a.add(r)
		}
		return err == nil
	case dnsmessage.TypeAAAA:
		var body dnsmessage.AAAAResource
		if body, err = p.AAAAResource(); err == nil && h.Length == 16 {
			r.ip = netip.AddrFrom16(body.AAAA).Unmap()
			a.add(r)
		}
		return err == nil
	case dnsmessage.TypeCNAME:
		var body dnsmessage.CNAMEResource
		if body, err = p.CNAMEResource(); err == nil {
			r.alias = Normal(body.CNAME.String())
			a.add(r)
		}
		return err == nil
	case dnsmessage.TypeSVCB, dnsmessage.TypeHTTPS:
		return a.service(p, h, r)
	}
	return p.SkipAnswer() == nil
}

// add keeps a record that says something.
func (a *answer) add(r record) {
	if r.alias != "" || r.ip.IsValid() {
		a.records = append(a.records, r)
	}
}

// service reads the hints of a service binding (RFC 9460, 7.3). Those for another target are for whoever asked about
// the name all the same: it is where that leads.
func (a *answer) service(p *dnsmessage.Parser, h *dnsmessage.ResourceHeader, r record) (ok bool) {
	var body dnsmessage.SVCBResource
	var err error
	if h.Type == dnsmessage.TypeSVCB {
		body, err = p.SVCBResource()
	} else {
		var https dnsmessage.HTTPSResource
		https, err = p.HTTPSResource()
		body = https.SVCBResource
	}
	if err != nil {
		return false
	}
	if body.Priority == 0 { // the mode of an alias
		r.alias = Normal(body.Target.String())
		a.add(r)
		return true
	}
	for _, hint := range []struct {
		key  dnsmessage.SVCParamKey
		size int
	}{{dnsmessage.SVCParamIPv4Hint, 4}, {dnsmessage.SVCParamIPv6Hint, 16}} {
		value, _ := body.GetParam(hint.key)
		for len(value) >= hint.size && len(a.records) < recordsMax+addressesMax {
			ip, _ := netip.AddrFromSlice(value[:hint.size])
			r.ip = ip.Unmap()
			a.add(r)
			value = value[hint.size:]
		}
	}
	return true
}

// of returns the addresses of a name, following its aliases. Servers put them in order (RFC 1034, 4.3.2), but need not.
func (a *answer) of(name string) []Address {
	chain := []string{name}
	limit := time.Duration(1<<63 - 1)
	var list []Address
	for i := 0; i < len(chain); i++ {
		shortest := limit
		for j := range a.records {
			r := &a.records[j]
			switch {
			case r.name != chain[i]:
			case r.alias == "":
				if len(list) < addressesMax {
					list = append(list, Address{IP: r.ip, TTL: min(r.ttl, limit)})
				}
			case len(chain) <= aliasesMax && !slices.Contains(chain, r.alias):
				chain = append(chain, r.alias)
				shortest = min(shortest, r.ttl)
			}
		}
		limit = shortest
	}
	return list
}

// ttl is a time to live in seconds. One with the highest bit set is none (RFC 2181, 8).
func ttl(seconds uint32) time.Duration {
	if seconds > 1<<31-1 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
