package sandbox

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/event"
)

const (
	inNamespace = `network_namespace = "required"`
	enclosed    = "[harden]\n" + inNamespace + "\n"
)

// needNamespace skips a test where the kernel, or a sandbox around the test, gives this user no network namespace.
func needNamespace(t *testing.T, w *workshop, uid int) {
	t.Helper()
	policy := filepath.Join(w.dir, "enclosed.toml")
	if err := os.WriteFile(policy, []byte(enclosed), 0o644); err != nil {
		t.Fatal(err)
	}
	j := job{argv: []string{w.sydbox, "run", "-p", policy, "true"}, dir: w.dir, uid: uid}
	r := j.run(t)
	if r.status == 125 && strings.Contains(r.stderr, "cannot make a network namespace") && !w.canUnshare(t, uid) {
		t.Skip(r.stderr)
	}
	if r.status != 0 {
		t.Fatalf("user %d: status %d\n%s", uid, r.status, r.stderr)
	}
}

// canUnshare says whether unshare(1) can do what sydbox could not: then it is sydbox's fault.
func (w *workshop) canUnshare(t *testing.T, uid int) bool {
	argv := []string{"unshare", "-n", "true"}
	if uid != 0 {
		argv = []string{"unshare", "-U", "-n", "true"}
	}
	j := job{argv: argv, dir: w.dir, uid: uid}
	return j.run(t).status == 0
}

// TestBenignEnclosed: programs that do everyday things, and talk to themselves by the network, do not notice that it is
// a network of their own.
func TestBenignEnclosed(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		needNamespace(t, w, uid)
	}
	for _, name := range []string{
		"net_tcp", "net_udp", "net_unix", "net_dual", "net_waits", "signals", "metadata", "links", "names", "threads",
		"exec_thread", "tmpfile", "posix_ipc", "umask", "members", "landlock",
	} {
		for _, v := range buildable("dynamic", "m32") {
			if v.name == "m32" && !strings.HasPrefix(name, "net_") {
				continue
			}
			t.Run(name+"/"+v.name, func(t *testing.T) {
				t.Parallel()
				binary, err := w.compile("../testdata/benign/"+name+".c", v)
				if err != nil {
					t.Fatal(err)
				}
				for _, uid := range users() {
					t.Run(userName(uid), func(t *testing.T) { w.compareUnder(t, binary, uid, enclosed) })
				}
			})
		}
	}
}

// TestEnclosed: what is outside is not reached, whatever the rules say of this machine; but for paths of sockets, which
// the rules open. It is reported, and the log says what was in force.
func TestEnclosed(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	client, err := w.compile("../testdata/landlock/reach_sockets.c", variants["static"])
	if err != nil {
		t.Fatal(err)
	}
	for _, uid := range users() {
		t.Run(userName(uid), func(t *testing.T) {
			needNamespace(t, w, uid)
			dir := filepath.Join(w.dir, "enclosed-"+userName(uid))
			freshDir(t, dir, uid)
			open, shut := dir+"/open", dir+"/shut"
			name := fmt.Sprintf("sydbox-%d-%d", os.Getpid(), uid)
			tcp := listenAt(t, "tcp4", "127.0.0.1:0")
			port := tcp.Addr().(*net.TCPAddr).Port
			for _, at := range []string{"@" + name, open, shut} {
				listenAt(t, "unix", at)
			}
			for _, path := range []string{open, shut} {
				if err := os.Chmod(path, 0o777); err != nil {
					t.Fatal(err)
				}
			}
			rules := fmt.Sprintf("[connect]\nallow = ['bound', 'loopback', 'abstract:*', 'unix:%s']\n", open)
			log := filepath.Join(dir, "log")
			try := func(harden string) (map[string]string, outcome, []event.Event) {
				t.Helper()
				policy := filepath.Join(dir, "policy.toml")
				if err := os.WriteFile(policy, []byte(rules+harden), 0o644); err != nil {
					t.Fatal(err)
				}
				_ = os.Remove(log)
				j := job{dir: dir, uid: uid, argv: []string{w.sydbox, "run", "--log", log, "-p", policy, "--",
					client, strconv.Itoa(port), name, open, shut}}
				r := j.run(t)
				got := map[string]string{}
				for line := range strings.Lines(r.stdout) {
					what, errno, _ := strings.Cut(strings.TrimSpace(line), " ")
					got[what] = errno
				}
				return got, r, eventsOf(t, log)
			}
			errno := func(e unix.Errno) string { return strconv.Itoa(int(e)) }
			want := map[string]string{
				"own-tcp": "0", "own-name": "0", "own-path": "0", "open": "0", "shut": errno(unix.EACCES),
				"far": errno(unix.ENETUNREACH), "tcp": "0", "name": "0",
			}
			compare := func(what string, got map[string]string, r outcome) {
				t.Helper()
				for name := range want {
					if got[name] != want[name] {
						t.Errorf("%s, %s: %q, want %q\n%s", what, name, got[name], want[name], r.stderr)
					}
				}
			}
			got, r, events := try("")
			compare("without a namespace", got, r)
			if s := summaryOf(t, events); s.Network != "" {
				t.Errorf("without a namespace the log says %q", s.Network)
			}
			want["tcp"], want["name"] = errno(unix.ECONNREFUSED), errno(unix.ECONNREFUSED)
			got, r, events = try(enclosed)
			compare("in one", got, r)
			if s := summaryOf(t, events); s.Network != "netns" {
				t.Errorf("the log says %q of the network", s.Network)
			}
			reported := false
			for _, e := range events {
				d, ok := e.(*event.Denial)
				reported = reported || ok && strings.Contains(d.Address, "192.0.2.1")
			}
			if !reported {
				t.Errorf("it is not reported that somebody reached for 192.0.2.1: %q", r.stderr)
			}
		})
	}
}

func listenAt(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// eventsOf reads a log.
func eventsOf(t *testing.T, log string) (list []event.Event) {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		e, err := event.Parse(line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		list = append(list, e)
	}
	return list
}

func summaryOf(t *testing.T, events []event.Event) *event.Summary {
	t.Helper()
	if n := len(events); n > 0 {
		if s, ok := events[n-1].(*event.Summary); ok {
			return s
		}
	}
	t.Fatalf("the log has no last line: %v", events)
	return nil
}

// TestAttacksEnclosed: what the rules about files and programs stop they stop in a network namespace too, where an
// ordinary user's tasks are in a user namespace as well.
func TestAttacksEnclosed(t *testing.T) {
	t.Parallel()
	h := newHeadquarters(t)
	for _, uid := range users() {
		needNamespace(t, h.workshop, uid)
		h.sample(t, uid, []string{inNamespace}, "paths", "links", "descriptors", "reads", "execs")
	}
}
