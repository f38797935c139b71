package record

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"

	"sydbox/dns/dnstest"
)

// A nameWorld is a network namespace of a test's own, where the test is the resolver, the daemons that know names, and
// a web server that seems far away.
type nameWorld struct{ dir string }

const (
	theResolver = "192.0.2.53"
	faraway     = "203.0.113.80"
	deaf        = "203.0.113.77" // nobody listens there
)

// inNameWorld says whether the test runs in such a world, with files of its own in /etc. If not it has now: a process of
// its own has run it there.
func inNameWorld(t *testing.T) bool {
	t.Helper()
	const mark = "RECORD_TEST_NAME_WORLD"
	if os.Getenv(mark) != "" {
		makeNameWorld(t)
		return true
	}
	if os.Getuid() != 0 {
		t.Skip("another resolv.conf(5) takes a mount, which takes root")
	}
	inside := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=10m")
	inside.Env = append(os.Environ(), mark+"=1")
	inside.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	out, err := inside.CombinedOutput()
	if errors.Is(err, unix.EPERM) {
		t.Skipf("no namespaces to throw away: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return false
}

func makeNameWorld(t *testing.T) {
	t.Helper()
	w := &nameWorld{dir: t.TempDir()}
	err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), w.etc(), w.runs())
	if err != nil {
		t.Fatalf("put other files into /etc and /run: %v", err)
	}
	ip := exec.Command("ip", "-batch", "-")
	ip.Stdin = strings.NewReader("link set lo up\nroute add default dev lo\n" +
		"addr add " + theResolver + "/32 dev lo\naddr add " + faraway + "/32 dev lo\naddr add " + deaf + "/32 dev lo\n")
	if out, err := ip.CombinedOutput(); err != nil {
		t.Fatalf("ip: %v (make test installs iproute2)\n%s", err, out)
	}
	if err := w.serve(t); err != nil {
		t.Fatal(err)
	}
}

func (w *nameWorld) etc() (err error) {
	for name, text := range map[string]string{
		"resolv.conf":   "nameserver " + theResolver + "\noptions timeout:30\n",
		"hosts":         "127.0.0.1 localhost\n" + deaf + " known.test\n",
		"nsswitch.conf": "hosts: files dns\n",
	} {
		own := filepath.Join(w.dir, name)
		// The file that the name leads to: resolv.conf(5) is often a link.
		path, e := filepath.EvalSymlinks("/etc/" + name)
		err = errors.Join(err, e, os.WriteFile(own, []byte(text), 0o644), unix.Mount(own, path, "", unix.MS_BIND, ""))
	}
	return err
}

func (w *nameWorld) runs() error {
	run := filepath.Join(w.dir, "run")
	return errors.Join(os.MkdirAll(filepath.Join(run, "systemd/resolve"), 0o755), os.Mkdir(filepath.Join(run, "nscd"), 0o755),
		unix.Mount(run, "/run", "", unix.MS_BIND, ""))
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
	web, err := net.Listen("tcp", faraway+":8080")
	if err != nil {
		return err
	}
	t.Cleanup(func() { web.Close() })
	go func() {
		_ = http.Serve(web, http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) { fmt.Fprint(out, "hello") }))
	}()
	return errors.Join(listen(t, "tcp", theResolver+":53", resolver.Stream),
		listen(t, "unix", "/run/nscd/socket", dnstest.Nscd("daemon.test", netip.MustParseAddr(faraway))),
		listen(t, "unix", "/run/systemd/resolve/io.systemd.Resolve", dnstest.Resolved(netip.MustParseAddr(faraway))))
}

func listen(t *testing.T, network, address string, serve func(net.Conn)) error {
	l, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	t.Cleanup(func() { l.Close() })
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

// reply is the resolver. It knows any name but those below "nowhere".
func (w *nameWorld) reply(query []byte, stream bool) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	switch name := q.Name.String(); {
	case strings.HasSuffix(name, "nowhere."):
		m.RCode = dnsmessage.RCodeNameError
	case name == "long.test." && !stream:
		m.Truncated = true
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60},
			Body:   &dnsmessage.AResource{A: netip.MustParseAddr(faraway).As4()},
		}}
	}
	msg, err := m.Pack()
	if err != nil {
		return nil
	}
	return msg
}
