package sandbox

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"

	"sydbox/dns/dnstest"
)

// nameWorld is a network namespace of a test's own, where names are asked of a resolver that the test is, and where
// outsiders answer at addresses that look far away.
type nameWorld struct {
	*workshop
	space *space
	files map[string]string // what stands at the names of /etc

	mu    sync.Mutex
	asked []string
}

// Its addresses.
const (
	theResolver = "192.0.2.53"
	deadServer  = "127.0.0.54" // configured, and nobody is there
	stranger    = "127.0.0.66" // not configured

	atLoad  = "203.0.113.1" // svc.test, as long as the policy is loaded
	later   = "203.0.113.2" // and from then on
	faraway = "203.0.113.80"
	wanted  = "203.0.113.9" // what hostile programs want svc.test to be

	servicePort = "8080"
)

func newNameWorld(t *testing.T) *nameWorld {
	t.Helper()
	needSpaces(t)
	if os.Getuid() != 0 {
		t.Skip("another resolv.conf(5) takes a mount, which takes root")
	}
	w := &nameWorld{workshop: newWorkshop(t), files: map[string]string{
		"resolv.conf": "nameserver " + theResolver + "\nnameserver " + deadServer +
			"\nsearch corp.test\noptions timeout:30\n",
		"hosts":         "127.0.0.1 localhost\n203.0.113.77 known.test\n",
		"nsswitch.conf": "hosts: files dns\n",
	}}
	for name, text := range w.files {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	err := errors.Join(os.MkdirAll(w.runDir("systemd/resolve"), 0o755), os.Mkdir(w.runDir("nscd"), 0o755))
	if err != nil {
		t.Fatal(err)
	}
	if w.space, err = newSpace(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.space.file.Close() })
	commands := []string{"link set lo up", "route add default dev lo"}
	for _, addr := range []string{theResolver, atLoad, later, wanted, faraway} {
		commands = append(commands, "addr add "+addr+"/32 dev lo")
	}
	err = errors.Join(w.space.ip(nil, commands...),
		w.space.set(map[string]string{"ipv4/ip_unprivileged_port_start": "0"}),
		w.space.do(func() error { return w.serve(t) }))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// serve starts the servers.
func (w *nameWorld) serve(t *testing.T) error {
	conn, err := net.ListenPacket("udp", theResolver+":53")
	if err != nil {
		return err
	}
	t.Cleanup(func() { conn.Close() })
	resolver := dnstest.Resolver(w.reply)
	go resolver.Datagrams(conn)
	listen := func(network, address string, serve func(net.Conn)) error {
		l, err := net.Listen(network, address)
		if err != nil {
			return err
		}
		t.Cleanup(func() { l.Close() })
		if network == "unix" {
			if err := os.Chmod(address, 0o777); err != nil {
				return err
			}
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go serve(c)
			}
		}()
		return nil
	}
	all := listen("tcp", theResolver+":53", resolver.Stream)
	all = errors.Join(all, listen("unix", w.runDir("nscd/socket"), dnstest.Nscd("", netip.MustParseAddr(faraway))),
		listen("unix", w.runDir("systemd/resolve/io.systemd.Resolve"), dnstest.Resolved(netip.MustParseAddr(faraway))))
	for _, addr := range []string{atLoad, later, wanted, faraway} {
		all = errors.Join(all, listen("tcp", addr+":"+servicePort, func(c net.Conn) { c.Close() }))
	}
	return all
}

// runDir is a path below what stands at /run.
func (w *nameWorld) runDir(path string) string { return filepath.Join(w.dir, "run", path) }

// reply is the resolver. It knows any name below "test".
func (w *nameWorld) reply(query []byte, stream bool) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	w.mu.Lock()
	w.asked = append(w.asked, q.Name.String())
	w.mu.Unlock()
	addr := faraway
	loading := len(m.Additionals) > 0 // Go's resolver, which sydbox uses, asks with EDNS; C libraries do not
	switch name := q.Name.String(); {
	case name == "svc.test." && loading:
		addr = atLoad
	case name == "svc.test.":
		addr = later
	}
	m.Response, m.RecursionAvailable, m.Authoritative, m.AuthenticData, m.Additionals = true, true, false, false, nil
	header := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60}
	switch {
	case q.Name.String() == "long.test." && !stream:
		m.Truncated = true
	case q.Type == dnsmessage.TypeA:
		body := &dnsmessage.AResource{A: netip.MustParseAddr(addr).As4()}
		m.Answers = []dnsmessage.Resource{{Header: header, Body: body}}
	case q.Type == dnsmessage.TypeTXT:
		body := &dnsmessage.TXTResource{TXT: []string{string(embedded())}}
		m.Answers = []dnsmessage.Resource{{Header: header, Body: body}}
	}
	msg, err := m.Pack()
	if err != nil {
		return nil
	}
	return msg
}

// embedded looks like an answer that says that svc.test is at the wanted address: a text that anybody can have served
// by the best of resolvers, under a name of his own.
func embedded() []byte {
	name := dnsmessage.MustNewName("svc.test.")
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: 0x1234, Response: true, RecursionDesired: true, RecursionAvailable: true},
		Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}},
		Answers: []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: 60},
			Body:   &dnsmessage.AResource{A: netip.MustParseAddr(wanted).As4()},
		}},
	}
	msg, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return msg
}

// forget returns what the resolver has been asked since the last time.
func (w *nameWorld) forget() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := slices.Compact(w.asked)
	w.asked = nil
	return list
}

// inhabit moves the test's goroutine, and what it starts, into the namespace, with the world's own files in /etc.
func (w *nameWorld) inhabit(t *testing.T) {
	t.Helper()
	w.space.inhabit(t)
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount(w.runDir(""), "/run", "", unix.MS_BIND, ""))
	for name := range w.files {
		// The file that the name leads to: resolv.conf(5) is often a link.
		if path, e := filepath.EvalSymlinks("/etc/" + name); e == nil {
			err = errors.Join(err, unix.Mount(filepath.Join(w.dir, name), path, "", unix.MS_BIND, ""))
		} else {
			err = errors.Join(err, e)
		}
	}
	if err != nil {
		t.Fatalf("put other files into /etc: %v", err)
	}
}
