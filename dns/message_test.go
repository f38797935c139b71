package dns

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"
)

var inet = dnsmessage.ClassINET

func question(name string, kind dnsmessage.Type) dnsmessage.Question {
	return dnsmessage.Question{Name: dnsmessage.MustNewName(name), Type: kind, Class: inet}
}

func resource(name string, seconds uint32, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Class: inet, TTL: seconds},
		Body:   body,
	}
}

func a(name string, seconds uint32, ip string) dnsmessage.Resource {
	addr := netip.MustParseAddr(ip)
	if addr.Is4() {
		return resource(name, seconds, &dnsmessage.AResource{A: addr.As4()})
	}
	return resource(name, seconds, &dnsmessage.AAAAResource{AAAA: addr.As16()})
}

func alias(name string, seconds uint32, to string) dnsmessage.Resource {
	return resource(name, seconds, &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(to)})
}

func service(name string, priority uint16, target string, params ...dnsmessage.SVCParam) dnsmessage.Resource {
	return resource(name, 60, &dnsmessage.HTTPSResource{SVCBResource: dnsmessage.SVCBResource{
		Priority: priority, Target: dnsmessage.MustNewName(target), Params: params,
	}})
}

func pack(t testing.TB, m dnsmessage.Message) []byte {
	t.Helper()
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func answerTo(name string, kind dnsmessage.Type, records ...dnsmessage.Resource) dnsmessage.Message {
	return dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 7, Response: true, RecursionAvailable: true},
		Questions: []dnsmessage.Question{question(name, kind)},
		Answers:   records,
	}
}

func edns(t testing.TB) dnsmessage.Resource {
	t.Helper()
	header := dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(".")}
	r := dnsmessage.Resource{Header: header, Body: &dnsmessage.OPTResource{}}
	if err := r.Header.SetEDNS0(1232, dnsmessage.RCodeSuccess, true); err != nil {
		t.Fatal(err)
	}
	return r
}

func gives(list ...string) []Address {
	var want []Address
	for _, s := range list {
		ip, seconds, _ := strings.Cut(s, " ")
		ttl, err := time.ParseDuration(seconds)
		if err != nil {
			panic(err)
		}
		want = append(want, Address{IP: netip.MustParseAddr(ip), TTL: ttl})
	}
	return want
}

var byValue = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestParse(t *testing.T) {
	hint4 := dnsmessage.SVCParam{Key: dnsmessage.SVCParamIPv4Hint, Value: []byte{192, 0, 2, 1, 192, 0, 2, 2}}
	hint6 := dnsmessage.SVCParam{Key: dnsmessage.SVCParamIPv6Hint, Value: netip.MustParseAddr("2001:db8::1").AsSlice()}
	kindA := dnsmessage.TypeA
	cases := map[string]struct {
		msg  dnsmessage.Message
		want Message
	}{
		"question": {
			dnsmessage.Message{
				Header:      dnsmessage.Header{ID: 7, RecursionDesired: true},
				Questions:   []dnsmessage.Question{question("Example.ORG.", dnsmessage.TypeAAAA)},
				Additionals: []dnsmessage.Resource{edns(t)},
			},
			Message{ID: 7, Name: "example.org"},
		},
		"address": {
			answerTo("example.org.", kindA, a("example.org.", 300, "192.0.2.1"), a("EXAMPLE.org.", 60, "192.0.2.2")),
			Message{ID: 7, Response: true, Name: "example.org", Addresses: gives("192.0.2.1 300s", "192.0.2.2 60s")},
		},
		"ipv6, also mapped": {
			answerTo("e.test.", dnsmessage.TypeAAAA, a("e.test.", 5, "2001:db8::9"),
				resource("e.test.", 5, &dnsmessage.AAAAResource{AAAA: netip.MustParseAddr("::ffff:192.0.2.7").As16()})),
			Message{ID: 7, Response: true, Name: "e.test", Addresses: gives("2001:db8::9 5s", "192.0.2.7 5s")},
		},
		"aliases, in any order, with the shortest time": {
			answerTo("www.e.test.", kindA, a("edge.cdn.test.", 300, "192.0.2.1"),
				alias("cdn.test.", 20, "edge.cdn.test."), alias("www.e.test.", 3600, "cdn.test.")),
			Message{ID: 7, Response: true, Name: "www.e.test", Addresses: gives("192.0.2.1 20s")},
		},
		"nothing about other names": {
			answerTo("evil.test.", kindA, a("good.test.", 300, "192.0.2.1"), a("evil.test.", 300, "192.0.2.2")),
			Message{ID: 7, Response: true, Name: "evil.test", Addresses: gives("192.0.2.2 300s")},
		},
		"a ring of aliases": {
			answerTo("a.test.", kindA, alias("a.test.", 1, "b.test."), alias("b.test.", 1, "a.test.")),
			Message{ID: 7, Response: true, Name: "a.test"},
		},
		"hints": {
			answerTo("e.test.", dnsmessage.TypeHTTPS, service("e.test.", 1, ".", hint4, hint6)),
			Message{ID: 7, Response: true, Name: "e.test",
				Addresses: gives("192.0.2.1 60s", "192.0.2.2 60s", "2001:db8::1 60s")},
		},
		"hints behind an alias": {
			answerTo("e.test.", dnsmessage.TypeHTTPS, service("e.test.", 0, "s.test."),
				service("s.test.", 1, "t.test.", hint6)),
			Message{ID: 7, Response: true, Name: "e.test", Addresses: gives("2001:db8::1 60s")},
		},
		"no such name": {
			dnsmessage.Message{
				Header:    dnsmessage.Header{ID: 7, Response: true, RCode: dnsmessage.RCodeNameError},
				Questions: []dnsmessage.Question{question("no.test.", kindA)},
				Answers:   []dnsmessage.Resource{a("no.test.", 300, "192.0.2.1")},
			},
			Message{ID: 7, Response: true, Failed: true, Name: "no.test"},
		},
		"cut, with other records and EDNS": {
			dnsmessage.Message{
				Header:    dnsmessage.Header{ID: 7, Response: true, Truncated: true},
				Questions: []dnsmessage.Question{question("e.test.", kindA)},
				Answers: []dnsmessage.Resource{
					resource("e.test.", 9, &dnsmessage.TXTResource{TXT: []string{"hello"}}),
					a("e.test.", 9, "192.0.2.3"),
				},
				Additionals: []dnsmessage.Resource{a("ns.test.", 9, "192.0.2.53"), edns(t)},
			},
			Message{ID: 7, Response: true, Cut: true, Name: "e.test", Addresses: gives("192.0.2.3 9s")},
		},
		"a time of no sense": {
			answerTo("e.test.", kindA, a("e.test.", 1<<31, "192.0.2.1")),
			Message{ID: 7, Response: true, Name: "e.test", Addresses: gives("192.0.2.1 0s")},
		},
		"another class": {
			func() dnsmessage.Message {
				m := answerTo("e.test.", kindA, a("e.test.", 9, "192.0.2.1"))
				m.Answers[0].Header.Class = dnsmessage.ClassCHAOS
				return m
			}(),
			Message{ID: 7, Response: true, Name: "e.test"},
		},
		"two questions": {
			func() dnsmessage.Message {
				m := answerTo("e.test.", kindA, a("e.test.", 9, "192.0.2.1"))
				m.Questions = append(m.Questions, question("f.test.", kindA))
				return m
			}(),
			Message{ID: 7, Response: true, Name: "e.test"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(pack(t, c.msg))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got, byValue); d != "" {
				t.Error(d)
			}
		})
	}
}

// What does not parse to its end is taken for as much as it says.
func TestParseCutOff(t *testing.T) {
	whole := pack(t, answerTo("e.test.", dnsmessage.TypeA, a("e.test.", 9, "192.0.2.1"), a("e.test.", 9, "192.0.2.2")))
	for n := range whole {
		m, err := Parse(whole[:n])
		switch {
		case err != nil && len(m.Addresses) > 0:
			t.Errorf("%d bytes: %v, with addresses", n, err)
		case err == nil && !m.Cut:
			t.Errorf("%d of %d bytes: nobody says that it is cut", n, len(whole))
		case n == len(whole)-1 && len(m.Addresses) != 1:
			t.Errorf("all but the last byte: %v", m.Addresses)
		}
	}
}

// An address of another length than its kind's would be read into the next record.
func TestParseOddLengths(t *testing.T) {
	msg := pack(t, answerTo("e.test.", dnsmessage.TypeA, a("e.test.", 9, "192.0.2.1"), a("e.test.", 9, "192.0.2.2")))
	short := bytes.Replace(msg, []byte{0, 4, 192, 0, 2, 1}, []byte{0, 0, 192, 0, 2, 1}, 1)
	if m, err := Parse(short); err != nil || len(m.Addresses) != 0 {
		t.Errorf("%+v, error %v", m, err)
	}
}

func TestParseRefuses(t *testing.T) {
	header := func(flags byte, counts ...byte) []byte {
		b := []byte{0, 7, flags, 0, 0, 0, 0, 0, 0, 0, 0, 0}
		for i, n := range counts {
			b[5+2*i] = n
		}
		return b
	}
	asks := func(name ...byte) []byte { return append(append(header(1, 1), name...), 0, 1, 0, 1) }
	long := append([]byte{63}, bytes.Repeat([]byte{'a'}, 63)...)
	for name, msg := range map[string][]byte{
		"nothing":              nil,
		"less than a header":   header(1, 1)[:11],
		"no question":          header(1),
		"an update":            append(header(0x28, 1), 1, 'a', 0, 0, 1, 0, 1),
		"the root":             asks(0),
		"an endless pointer":   asks(0xc0, 12),
		"a pointer beyond":     asks(0xc3, 0xff),
		"a label beyond":       asks(63, 'a'),
		"a reserved label":     asks(0x80, 'a', 0),
		"a dot in a label":     asks(3, 'a', '.', 'b', 0),
		"too long":             asks(append(bytes.Repeat(long, 4), 0)...),
		"an address":           asks(3, '1', '2', '7', 1, '1', 0),
		"another class":        append(append(header(1, 1), 1, 'a', 0), 0, 1, 0, 3),
		"a web server's hello": []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
	} {
		if m, err := Parse(msg); err == nil {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func TestParseIsBounded(t *testing.T) {
	var records []dnsmessage.Resource
	for i := range 2000 {
		records = append(records, a("e.test.", 9, fmt.Sprintf("10.0.%d.%d", i>>8, i&255)))
	}
	m, err := Parse(pack(t, answerTo("e.test.", dnsmessage.TypeA, records...)))
	if err != nil || len(m.Addresses) != addressesMax || !m.Cut {
		t.Errorf("%d addresses, cut %v, error %v", len(m.Addresses), m.Cut, err)
	}
	records = []dnsmessage.Resource{}
	for i := range 100 {
		records = append(records, alias(fmt.Sprintf("n%d.test.", i), 9, fmt.Sprintf("n%d.test.", i+1)))
	}
	records = append(records, a("n100.test.", 9, "192.0.2.1"))
	m, err = Parse(pack(t, answerTo("n0.test.", dnsmessage.TypeA, records...)))
	if err != nil || len(m.Addresses) != 0 {
		t.Errorf("the end of a chain of 100 aliases: %v, error %v", m.Addresses, err)
	}
}

func TestQuestion(t *testing.T) {
	asks := pack(t, dnsmessage.Message{Questions: []dnsmessage.Question{question("Example.org.", dnsmessage.TypeA)}})
	framed := append([]byte{0, byte(len(asks))}, asks...)
	hostile := pack(t, dnsmessage.Message{
		Questions: []dnsmessage.Question{question("\x1b[2J\u202e.org.", dnsmessage.TypeA)},
	})
	for name, c := range map[string]struct {
		payload []byte
		want    string
	}{
		"by UDP":             {asks, "example.org"},
		"by TCP":             {framed, "example.org"},
		"two by TCP":         {append(framed[:len(framed):len(framed)], framed...), "example.org"},
		"cut in its options": {framed[:len(framed)-1], ""},
		"an answer":          {pack(t, answerTo("e.test.", dnsmessage.TypeA)), ""},
		"hostile bytes":      {hostile, `\027\0912j\226\128\174.org`},
		"only its length":    {framed[:2], ""},
		"nothing":            {nil, ""},
		"something else":     {[]byte("GET / HTTP/1.1\r\n\r\n"), ""},
	} {
		if got := Question(c.payload); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestNext(t *testing.T) {
	stream := []byte{0, 2, 'a', 'b', 0, 0, 0, 3, 'c'}
	msg, rest, whole := Next(stream)
	if string(msg) != "ab" || !whole {
		t.Fatalf("first: %q %v", msg, whole)
	}
	if msg, rest, whole = Next(rest); len(msg) != 0 || !whole {
		t.Fatalf("second: %q %v", msg, whole)
	}
	if msg, rest, whole = Next(rest); string(msg) != "c" || whole || rest != nil {
		t.Fatalf("third: %q %q %v", msg, rest, whole)
	}
	if msg, _, whole = Next([]byte{1}); msg != nil || whole {
		t.Fatalf("half a length: %q %v", msg, whole)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(pack(f, answerTo("www.e.test.", dnsmessage.TypeA, alias("www.e.test.", 3, "e.test."),
		a("e.test.", 9, "192.0.2.1"))))
	f.Add(pack(f, answerTo("e.test.", dnsmessage.TypeHTTPS, service("e.test.", 1, ".",
		dnsmessage.SVCParam{Key: dnsmessage.SVCParamIPv4Hint, Value: []byte{192, 0, 2, 1}}))))
	asks := pack(f, dnsmessage.Message{Questions: []dnsmessage.Question{question("\x1b.org.", 1)}})
	f.Add(append([]byte{0, byte(len(asks))}, asks...))
	f.Fuzz(func(t *testing.T, msg []byte) {
		m, err := Parse(msg)
		if !printable(m.Name) || err == nil && m.Name == "" {
			t.Errorf("name %q, error %v", m.Name, err)
		}
		if len(m.Addresses) > addressesMax || len(m.Addresses) > 0 && (err != nil || !m.Response || m.Failed) {
			t.Errorf("%+v, error %v", m, err)
		}
		for _, a := range m.Addresses {
			if !a.IP.IsValid() || a.IP.Is4In6() || a.TTL < 0 {
				t.Errorf("address %v for %v", a.IP, a.TTL)
			}
		}
		if name := Question(msg); !printable(name) {
			t.Errorf("question %q", name)
		}
		for rest, whole := msg, true; whole; {
			_, rest, whole = Next(rest)
		}
	})
}
