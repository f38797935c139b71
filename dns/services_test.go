package dns

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// words makes a message of 32-bit numbers and what follows them.
func words(order binary.AppendByteOrder, rest string, numbers ...uint32) []byte {
	var b []byte
	for _, n := range numbers {
		b = order.AppendUint32(b, n)
	}
	return append(b, rest...)
}

func TestNscd(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, c := range []struct {
			payload []byte
			name    string
			all     bool
		}{
			{words(order, "Example.org\x00", 2, nscdAddrInfo, 12), "example.org", true},
			{words(order, "example.org\x00", 2, nscdByName, 12), "example.org", false},
			{words(order, "example.org\x00more", 2, nscdByName6, 12), "example.org", false},
			{words(order, "a\x1bb\x00", 2, nscdByName, 4), `a\027b`, false},
			{words(order, "example.org", 2, nscdByName, 7), "example", false},
			{words(order, "example.org\x00", 2, nscdByName, 1<<32-1), "example.org", false},
			{words(order, "root\x00", 2, 0, 5), "", false}, // GETPWBYNAME
			{words(order, "example.org\x00", 1, nscdByName, 12), "", false},
			{words(order, "", 2, nscdByName), "", false},
			{nil, "", false},
		} {
			if name, all := NscdRequest(c.payload); name != c.name || all != c.all {
				t.Errorf("%q: %q, %v", c.payload, name, all)
			}
		}
		six := string(netip.MustParseAddr("2001:db8::1").AsSlice())
		for _, c := range []struct {
			payload []byte
			all     bool
			want    []Address
		}{
			{words(order, "\xc0\x00\x02\x01"+six+"\x02\x0ae.test\x00", 2, 1, 2, 20, 7, 0), true,
				gives("192.0.2.1 0s", "2001:db8::1 0s")},
			{words(order, "\xc0\x00\x02\x01"+six+"\x02", 2, 1, 2, 20, 0, 0), true, nil},  // cut
			{words(order, "\xc0\x00\x02\x01\x09", 2, 1, 1, 4, 0, 0), true, nil},          // a family of no address
			{words(order, "\xc0\x00\x02\x01\x02\x02", 2, 1, 2, 4, 0, 0), true, nil},      // too few addresses
			{words(order, strings.Repeat("x", 64), 2, 1, 1<<31, 1<<31, 0, 0), true, nil}, // too many
			{words(order, "\xc0\x00\x02\x01\x02", 2, 0, 1, 4, 0, 0), true, nil},          // not found
			{words(order, "e.test\x00\x05\x00\x00\x00\xc0\x00\x02\x01\xc0\x00\x02\x02",
				2, 1, 7, 1, afInet, 4, 2, 0), false, gives("192.0.2.1 0s", "192.0.2.2 0s")},
			{words(order, six, 2, 1, 0, 0, afInet6, 16, 1, 0), false, gives("2001:db8::1 0s")},
			{words(order, six, 2, 1, 0, 0, afInet6, 4, 1, 0), false, nil},
			{words(order, six, 2, 1, 1<<32-1, 1<<32-1, afInet6, 16, 1, 0), false, nil},
			{words(order, six, 2, 1, 0, 0, afInet6, 16, 1, 3), false, nil}, // an error
		} {
			if d := cmp.Diff(c.want, NscdAnswer(c.payload, c.all), byValue); d != "" {
				t.Errorf("%q: %s", c.payload, d)
			}
		}
	}
}

func TestResolved(t *testing.T) {
	const call = `{"method":"io.systemd.Resolve.ResolveHostname",` +
		`"parameters":{"name":"Example.org","family":2,"flags":0}}`
	named := func(method, name string) string {
		return `{"method":"io.systemd.Resolve.` + method + `","parameters":{"name":` + name + `}}` + "\x00"
	}
	for payload, want := range map[string]string{
		call + "\x00":      "example.org",
		call + "\x00{\x00": "example.org",
		call:               "",
		"":                 "",
		"\x00":             "",
		"null\x00":         "",
		"[1]\x00":          "",
		named("ResolveHostname", `"\u001b[2J\u0000.org"`): `\027\0912j\000.org`,
		named("ResolveAddress", `"x"`):                    "",
		named("ResolveHostname", "7"):                     "",
		strings.Repeat("[", 1<<20) + "\x00":               "",
	} {
		if got := ResolvedRequest([]byte(payload)); got != want {
			t.Errorf("%.100q: %q, want %q", payload, got, want)
		}
	}
	const reply = `{"parameters":{"addresses":[{"ifindex":3,"family":2,"address":[192,0,2,1]},` +
		`{"family":10,"address":[32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1]},{"family":10,"address":[1,2]}],"flags":1}}`
	if d := cmp.Diff(gives("192.0.2.1 0s", "2001:db8::1 0s"), ResolvedAnswer([]byte(reply+"\x00")), byValue); d != "" {
		t.Error(d)
	}
	for _, payload := range []string{
		reply, // without its end
		`{"error":"io.systemd.Resolve.NoNameServers"}` + "\x00",
		`{"parameters":{"addresses":[{"family":2,"address":[256]}]}}` + "\x00",
	} {
		if list := ResolvedAnswer([]byte(payload)); list != nil {
			t.Errorf("%s: %v", payload, list)
		}
	}
}

func FuzzServices(f *testing.F) {
	f.Add(words(binary.LittleEndian, "example.org\x00", 2, nscdAddrInfo, 12))
	f.Add(words(binary.LittleEndian, "\xc0\x00\x02\x01\x02", 2, 1, 1, 4, 0, 0))
	f.Add(words(binary.LittleEndian, "e\x00\xc0\x00\x02\x01", 2, 1, 2, 0, afInet, 4, 1, 0))
	f.Add([]byte(`{"method":"io.systemd.Resolve.ResolveHostname","parameters":{"name":"e.test"}}` + "\x00"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		name, _ := NscdRequest(payload)
		if !printable(name) || !printable(ResolvedRequest(payload)) {
			t.Errorf("%q, %q", name, ResolvedRequest(payload))
		}
		for _, list := range [][]Address{
			NscdAnswer(payload, true), NscdAnswer(payload, false), ResolvedAnswer(payload),
		} {
			for _, a := range list {
				if !a.IP.IsValid() || a.IP.Is4In6() {
					t.Errorf("address %v", a.IP)
				}
			}
			if len(list) > addressesMax {
				t.Errorf("%d addresses", len(list))
			}
		}
		if bytes.IndexByte(payload, 0) < 0 && ResolvedRequest(payload) != "" {
			t.Error("a message without an end")
		}
	})
}
