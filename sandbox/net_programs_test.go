package sandbox

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
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// client is a program that people download with.
type client struct {
	name string
	argv []string // $URL and so on are filled in; the first word is what has to be installed
	// allow is what it takes, gets what it then prints, says what it tells whoever is denied.
	allow, gets string
	says        []string
	asks        int // how often it may try at most before it gives up
}

// repoHost is the host that everything is on. Its name is known to the resolver alone.
const (
	repoHost = "repo.test"
	repoIP   = "10.77.0.3"
	repoText = "what was to be downloaded"
)

var clients = []client{
	{"curl", []string{"curl", "-sS", "http://repo.test/file"}, "repo.test:80", repoText, []string{"resolve host"}, 4},
	{"curl-address", []string{"curl", "-sS", "http://10.77.0.3/file"}, repoIP + ":80", repoText,
		[]string{"unreachable", "connect to"}, 1},
	{"wget", []string{"wget", "-nv", "-O-", "http://repo.test/file"}, "repo.test:80", repoText,
		[]string{"unable to resolve host"}, 4},
	{"wget-address", []string{"wget", "-nv", "-O-", "http://10.77.0.3/file"}, repoIP + ":80", repoText,
		[]string{"unreachable"}, 1},
	{"git-http", []string{"git", "clone", "-q", "http://repo.test/repo.git", "clone"}, "repo.test:80", "",
		[]string{"resolve host"}, 4},
	{"git-protocol", []string{"git", "clone", "-q", "git://repo.test/repo.git", "clone"}, "repo.test:9418", "",
		[]string{"look up repo.test", "resolve"}, 4},
	{"python", []string{"python3", "-c", `import urllib.request; print(urllib.request.urlopen("http://repo.test/file").read().decode())`},
		"repo.test:80", repoText, []string{"URLError", "name resolution"}, 4},
	{"python-address", []string{"python3", "-c", `import urllib.request; print(urllib.request.urlopen("http://10.77.0.3/file").read().decode())`},
		repoIP + ":80", repoText, []string{"unreachable"}, 1},
	{"node-fetch", []string{"node", "-e", `fetch("http://repo.test/file").then(r => r.text()).then(console.log)`}, "repo.test:80",
		repoText, []string{"fetch failed"}, 4},
	{"node-http", []string{"node", "-e", `require("http").get("http://repo.test/file", r => r.pipe(process.stdout))`}, "repo.test:80",
		repoText, []string{"getaddrinfo"}, 4},
	{"go", []string{"$GOCLIENT", "http://repo.test/file"}, "repo.test:80", repoText, []string{"repo.test"}, 4},
	{"go-address", []string{"$GOCLIENT", "http://10.77.0.3/file"}, repoIP + ":80", repoText, []string{"unreachable"}, 1},
	{"busybox", []string{"busybox", "wget", "-q", "-O-", "http://repo.test/file"}, "repo.test:80", repoText,
		[]string{"bad address", "resolve"}, 4},
	{"busybox-address", []string{"busybox", "wget", "-q", "-O-", "http://10.77.0.3/file"}, repoIP + ":80", repoText,
		[]string{"unreachable"}, 1},
	{"nc", []string{"nc", "-N", "repo.test", "7777"}, "repo.test:7777", repoText, []string{"name resolution", "unreachable"}, 4},
	{"nc-address", []string{"nc", "-v", "-N", repoIP, "7777"}, repoIP + ":7777", repoText, []string{"unreachable"}, 1},
	{"dig", []string{"dig", "+short", "repo.test"}, "10.77.0.2:53", repoIP, []string{"no servers could be reached", "failed"}, 6},
}

// TestNetPrograms lets programs download from another machine, natively, where a rule allows it, and under the default
// profile, where each must fail at once, say why in its own words, and be reported with address and host.
func TestNetPrograms(t *testing.T) {
	needSpaces(t)
	if os.Getuid() != 0 {
		t.Skip("another resolv.conf(5) takes a mount, which takes root")
	}
	t.Parallel()
	shop := newWorkshop(t)
	w := newWorld(t, shop.dir)
	names := &nameWorld{workshop: shop, space: w.near, files: map[string]string{
		"resolv.conf": "nameserver 10.77.0.2\n", "hosts": "127.0.0.1 localhost\n", "nsswitch.conf": "hosts: files dns\n",
	}}
	for name, text := range names.files {
		if err := os.WriteFile(filepath.Join(shop.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(names.runDir(""), 0o755); err != nil {
		t.Fatal(err)
	}
	goClient := shop.buildGoClient(t)
	shop.serveRepository(t, w)
	for _, c := range clients {
		for i, word := range c.argv {
			if word == "$GOCLIENT" {
				c.argv[i] = goClient
			}
		}
		path, err := lookSystem(c.argv[0])
		if err != nil {
			t.Logf("not applicable: %v (make test installs it)", err)
			continue
		}
		c.argv[0] = path
		for _, uid := range users() {
			t.Run(c.name+"/"+userName(uid), func(t *testing.T) {
				t.Parallel()
				c.native(t, names, uid)
				c.allowed(t, names, uid)
				c.denied(t, names, uid)
			})
		}
	}
}

// lookSystem looks for a program where every user's programs are: this user's own may be out of others' reach.
func lookSystem(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range []string{"/usr/local/bin", "/usr/bin", "/bin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}

// buildGoClient builds a client as Go programs are: static, with a resolver of their own.
func (w *workshop) buildGoClient(t *testing.T) string {
	t.Helper()
	source, binary := filepath.Join(w.dir, "client.go"), filepath.Join(w.dir, "goclient")
	const text = `package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	r, err := http.Get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	io.Copy(os.Stdout, r.Body)
}
`
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-o", binary, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// serveRepository starts a name server, a web server, git's daemon, and somebody who says one line, at far.
func (w *workshop) serveRepository(t *testing.T, world *world) {
	t.Helper()
	root := filepath.Join(w.dir, "srv")
	script := `set -e
mkdir -p srv/repo.git && printf %s "$0" >srv/file
git init -q tree && cd tree && echo text >readme
git -c user.name=a -c user.email=a@test add readme
git -c user.name=a -c user.email=a@test commit -q -m first
git clone -q --bare . ../srv/repo.git && cd ../srv/repo.git && git update-server-info && touch git-daemon-export-ok`
	cmd := exec.Command("sh", "-c", script, repoText)
	cmd.Dir = w.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make a repository: %v\n%s", err, out)
	}
	listen := func(network, address string) (l net.Listener) {
		err := world.far.do(func() (err error) { l, err = net.Listen(network, address); return err })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	web := &http.Server{Handler: http.FileServer(http.Dir(root)), ReadHeaderTimeout: hang}
	for _, address := range []string{repoIP + ":80", "[fd77::3]:80"} {
		go func(l net.Listener) { _ = web.Serve(l) }(listen("tcp", address))
	}
	line := listen("tcp", repoIP+":7777")
	go func() {
		for {
			c, err := line.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(c, repoText)
			c.Close()
		}
	}()
	daemon := exec.Command("git", "daemon", "--reuseaddr", "--base-path="+root, "--listen="+repoIP, root)
	daemon.Env = append(os.Environ(), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*")
	daemon.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // git starts git-daemon, which would outlive it
	if err := world.far.do(daemon.Start); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-daemon.Process.Pid, syscall.SIGKILL)
		_ = daemon.Wait()
	})
	var conn net.PacketConn
	if err := world.far.do(func() (err error) { conn, err = net.ListenPacket("udp", farDecoy+":53"); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go answerNames(conn)
	for end := time.Now().Add(hang); ; time.Sleep(10 * time.Millisecond) {
		err := world.near.do(func() error { return say("tcp", repoIP+":9418", "") })
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("git's daemon does not come up: %v", err)
		}
	}
}

// answerNames is a name server that knows one name.
func answerNames(conn net.PacketConn) {
	buf := make([]byte, 2048)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		q := m.Questions[0]
		m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
		header := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 60}
		switch {
		case q.Name.String() != repoHost+".":
			m.RCode = dnsmessage.RCodeNameError
		case q.Type == dnsmessage.TypeA:
			m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: netip.MustParseAddr(repoIP).As4()}}}
		}
		if msg, err := m.Pack(); err == nil {
			_, _ = conn.WriteTo(msg, from)
		}
	}
}

func (c *client) native(t *testing.T, w *nameWorld, uid int) {
	t.Helper()
	w.inhabit(t)
	dir := filepath.Join(w.dir, strings.ReplaceAll(t.Name(), "/", "-"))
	freshDir(t, dir, uid)
	r := (&job{argv: c.argv, dir: dir, uid: uid}).run(t)
	c.done(t, "natively", dir, r)
}

// done holds what a download has to come to.
func (c *client) done(t *testing.T, where, dir string, r outcome) {
	t.Helper()
	if r.hung || r.status != 0 || !strings.Contains(r.stdout, c.gets) {
		t.Errorf("%s it ends with %d and prints %q\n%s", where, r.status, r.stdout, r.stderr)
	}
	if strings.HasPrefix(c.name, "git") && dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "clone", "readme")); errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s nothing was cloned\n%s", where, r.stderr)
		}
	}
}

func (c *client) allowed(t *testing.T, w *nameWorld, uid int) {
	t.Helper()
	r := w.run(t, uid, fmt.Sprintf("[connect]\nallow = [%q]\n", c.allow), c.argv...)
	c.done(t, "with "+c.allow+" allowed", "", r.outcome)
	if len(r.denials) != 0 {
		t.Errorf("with %s allowed it is denied %+v\n%s", c.allow, r.denials, r.stderr)
	}
}

func (c *client) denied(t *testing.T, w *nameWorld, uid int) {
	t.Helper()
	r := w.run(t, uid, "", c.argv...)
	if r.status == 0 {
		t.Errorf("under the default profile it ends with 0\n%s%s", r.stdout, r.stderr)
	}
	if strings.Contains(r.stdout, repoText) {
		t.Errorf("under the default profile it downloads")
	}
	if n := len(r.denials); n == 0 || n > c.asks {
		t.Errorf("it tries %d times, up to %d are sensible: %+v", n, c.asks, r.denials)
	}
	told := false
	for _, d := range r.denials {
		byName := strings.Contains(strings.Join(c.argv, " "), repoHost)
		told = told || strings.HasPrefix(d.Address, "10.77.0.") && (!byName || d.Host == repoHost)
	}
	if !told {
		t.Errorf("no denial names address and host: %+v", r.denials)
	}
	output, sensible := r.stdout+r.stderr, false
	for _, text := range c.says {
		sensible = sensible || strings.Contains(output, text)
	}
	if !sensible {
		t.Errorf("it does not say why it failed\n%s", output)
	}
}
