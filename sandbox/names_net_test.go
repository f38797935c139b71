package sandbox

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sydbox/access/talk"
)

// nameRun is a program that was run by sydbox in a nameWorld.
type nameRun struct {
	outcome
	denials []loggedDenial
	asked   []string
}

type loggedDenial struct{ Type, Action, Address, Host, Errno, Call string }

// run runs a program under a policy file's text; "" is the default profile.
func (w *nameWorld) run(t *testing.T, uid int, policy string, argv ...string) nameRun {
	t.Helper()
	dir := t.TempDir()
	// Two users need to get there.
	for d := dir; d != os.TempDir() && len(d) > 1; d = filepath.Dir(d) {
		_ = os.Chmod(d, 0o755)
	}
	own(t, dir, uid)
	log := filepath.Join(dir, "log")
	args := []string{w.sydbox, "run", "--log", log}
	if policy != "" {
		file := filepath.Join(dir, "policy.toml")
		if err := os.WriteFile(file, []byte("version = 1\n"+policy), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-p", file)
	}
	w.inhabit(t)
	w.forget()
	r := nameRun{outcome: (&job{argv: append(append(args, "--"), argv...), dir: dir, uid: uid}).run(t)}
	r.asked = w.forget()
	if r.hung {
		t.Fatalf("%v never ends\n%s%s", argv, r.stdout, r.stderr)
	}
	f, err := os.Open(log)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, r.stdout, r.stderr)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var d loggedDenial
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		if d.Type == "denial" && d.Action != actionMute {
			r.denials = append(r.denials, d)
		}
	}
	return r
}

// expect compares the denials with "address host errno", and the output.
func (r *nameRun) expect(t *testing.T, stdout string, denials ...string) {
	t.Helper()
	got := make([]string, len(r.denials))
	for i, d := range r.denials {
		got[i] = strings.TrimSpace(d.Address + " " + d.Host + " " + d.Errno)
	}
	if !slices.Equal(got, denials) {
		t.Errorf("denied %q, want %q\n%s%s", got, denials, r.stdout, r.stderr)
	}
	if r.stdout != stdout {
		t.Errorf("output %q, want %q\n%s", r.stdout, stdout, r.stderr)
	}
}

const nameRulePolicy = `
extends = []
[write]
default = "allow"
[connect]
default = "deny"
allow = ["bound", "svc.test:8080", "` + deadServer + `:53", "` + stranger + `:53"]
mute = ["unix:/run/nscd"]
[bind]
allow = ["loopback"]
default = "deny"
`

const resolverPolicy = `
extends = []
[write]
default = "allow"
[connect]
default = "deny"
allow = ["bound", "` + theResolver + `:53"]
mute = ["unix:/run/nscd"]
[bind]
allow = ["any"] # dig binds the socket that it asks by
`

const servicesPolicy = `
extends = []
[write]
default = "allow"
[connect]
default = "deny"
allow = ["unix:` + talk.NscdSocket + `", "unix:` + talk.ResolvedSocket + `"]
`

// TestNameServices: who asks for a name in vain is reported once, with the name, and told at once; an address that is
// reached in vain is reported with the name that the program had it from; a rule by name lets reach what a resolver
// said lately, and nothing that somebody made up.
func TestNameServices(t *testing.T) {
	w := newNameWorld(t)
	for _, v := range buildable("dynamic", "m32") {
		asker, err := w.compile("../testdata/names/asker.c", v)
		if err != nil {
			t.Fatal(err)
		}
		for _, uid := range users() {
			t.Run(v.name+"/"+userName(uid), func(t *testing.T) { w.testAsker(t, asker, uid) })
		}
	}
}

func (w *nameWorld) testAsker(t *testing.T, asker string, uid int) {
	const host = "www.example.test"
	const refused = theResolver + ":53  ECONNREFUSED"
	notReached := faraway + ":" + servicePort + " " + host + " ECONNREFUSED"
	sending := map[string]string{
		"send": "send", "sendmmsg": "sendmmsg", "write": "writev", "sendto": "sendto", "waiting": "send",
		"threads": "send",
	}
	for how, call := range sending {
		t.Run("denied/"+how, func(t *testing.T) {
			r := w.run(t, uid, "", asker, how, theResolver, host)
			r.expect(t, call+": ECONNREFUSED\n", theResolver+":53 "+host+" ECONNREFUSED")
			if len(r.asked) > 0 {
				t.Errorf("the resolver was asked for %q", r.asked)
			}
		})
		t.Run("learned/"+how, func(t *testing.T) {
			r := w.run(t, uid, resolverPolicy, asker, how, theResolver, host, servicePort)
			r.expect(t, "answer: "+faraway+"\nconnect: ECONNREFUSED\n", notReached)
		})
	}
	for _, how := range []string{"library", "varlink"} {
		t.Run("learned from a daemon/"+how, func(t *testing.T) {
			r := w.run(t, uid, servicesPolicy, asker, how, theResolver, host, servicePort)
			r.expect(t, "answer: "+faraway+"\nconnect: ECONNREFUSED\n", notReached)
			if len(r.asked) > 0 {
				t.Errorf("the resolver was asked for %q", r.asked)
			}
		})
	}
	for name, c := range map[string]struct {
		how, name, stdout string
		denial            string
	}{
		"tcp":         {"tcp", host, "connect to the resolver: ECONNREFUSED\n", refused},
		"no question": {"no-question", host, "nothing asked\n", refused},
		"nonsense":    {"nonsense", host, "write: ECONNREFUSED\n", refused},
		"hostile": {"send", "\x1b]0;x\a.test", "send: ECONNREFUSED\n",
			theResolver + `:53 \027\0930\059x\007.test ECONNREFUSED`},
		"library": {"library", host, "no answer\n", theResolver + ":53 " + host + " ECONNREFUSED"},
	} {
		t.Run("denied/"+name, func(t *testing.T) {
			r := w.run(t, uid, "", asker, c.how, theResolver, c.name)
			r.expect(t, c.stdout, c.denial)
			if strings.ContainsAny(r.stderr, "\x1b\a") {
				t.Errorf("hostile bytes reached the terminal: %q", r.stderr)
			}
		})
	}
	for _, how := range []string{"send", "sendmmsg", "write", "sendto", "tcp", "threads", "library"} {
		t.Run("rule/"+how, func(t *testing.T) {
			r := w.run(t, uid, nameRulePolicy, asker, how, theResolver, "svc.test", servicePort)
			r.expect(t, "answer: "+later+"\nconnected\n")
		})
	}
	t.Run("rule/other name", func(t *testing.T) {
		r := w.run(t, uid, nameRulePolicy, asker, "send", theResolver, host, servicePort)
		r.expect(t, "answer: "+faraway+"\nconnect: ECONNREFUSED\n", notReached)
	})
	for name, c := range map[string]struct{ how, server, name string }{
		"a resolver of its own":        {"own-resolver", stranger, "svc.test"},
		"the place of a resolver":      {"own-resolver", deadServer, "svc.test"},
		"an answer from somebody else": {"spoofing", theResolver, "svc.test"},
		"another memory":               {"scribbling", theResolver, "svc.test"},
		"the middle of a datagram":     {"peeking-within", theResolver, "evil.test"},
		"the middle of a stream":       {"reading-within", theResolver, "evil.test"},
	} {
		t.Run("attack/"+name, func(t *testing.T) {
			r := w.run(t, uid, nameRulePolicy, asker, c.how, c.server, c.name, servicePort, wanted)
			if r.stdout != "answer: "+wanted+"\nconnect: ECONNREFUSED\n" {
				t.Errorf("%s%s", r.stdout, r.stderr)
			}
			if len(r.denials) != 1 || r.denials[0].Address != wanted+":"+servicePort {
				t.Errorf("denied %+v", r.denials)
			}
		})
	}
}

// lookup is a program of Go's own resolver.
const lookup = `package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	addrs, err := net.LookupHost(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if len(os.Args) > 2 {
		_, err = net.Dial("tcp", net.JoinHostPort(addrs[0], os.Args[2]))
		fmt.Println(err)
	}
}
`

// TestNameClients asks with what people use.
func TestNameClients(t *testing.T) {
	w := newNameWorld(t)
	source, binary := filepath.Join(w.dir, "lookup.go"), filepath.Join(w.dir, "lookup")
	if err := os.WriteFile(source, []byte(lookup), 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", binary, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	const python = `import socket, sys
a = socket.getaddrinfo(sys.argv[1], %s, socket.AF_INET, socket.SOCK_STREAM)[0][4]
socket.create_connection(a)`
	clients := map[string][]string{
		"go":       {binary, "HOST", servicePort},
		"getent":   {"getent", "ahosts", "HOST"},
		"busybox":  {"busybox", "wget", "-O", "-", "http://HOST:" + servicePort},
		"nslookup": {"busybox", "nslookup", "HOST"},
		"curl":     {"curl", "-sS", "http://HOST:" + servicePort},
		"wget":     {"wget", "-t", "1", "-O", "-", "http://HOST:" + servicePort},
		"python":   {"python3", "-c", fmt.Sprintf(python, servicePort), "HOST"},
		"perl":     {"perl", "-MIO::Socket::INET", "-e", `IO::Socket::INET->new("HOST:` + servicePort + `") or die $@`},
		"node": {"node", "-e",
			`require("http").get("http://HOST:` + servicePort + `").on("error", (e) => process.exit(1))`},
		"c-ares": {"node", "-e", `require("dns").resolve4("HOST", (e, a) => process.exit(e ? 1 : 0))`},
		"dig":    {"dig", "+tries=1", "HOST"},
	}
	for name, argv := range clients {
		path, err := exec.LookPath(argv[0])
		if err != nil {
			t.Logf("%s is not here", argv[0])
			continue
		}
		host := name + ".clients.test"
		args := []string{path}
		for _, a := range argv[1:] {
			args = append(args, strings.ReplaceAll(a, "HOST", host))
		}
		connects := slices.ContainsFunc(argv, func(a string) bool { return strings.Contains(a, servicePort) })
		t.Run("denied/"+name, func(t *testing.T) {
			r := w.run(t, 0, "", args...)
			if len(r.denials) != 1 || r.denials[0].Host != host || r.status == 0 && name != "nslookup" {
				t.Errorf("denied %+v, status %d\n%s%s", r.denials, r.status, r.stdout, r.stderr)
			}
			if len(r.asked) > 0 {
				t.Errorf("the resolver was asked for %q", r.asked)
			}
		})
		t.Run("learned/"+name, func(t *testing.T) {
			r := w.run(t, 0, resolverPolicy, args...)
			if len(r.denials) != 1 && (connects || len(r.denials) > 1) {
				t.Fatalf("denied %+v\n%s%s", r.denials, r.stdout, r.stderr)
			}
			if !connects {
				return
			}
			d := r.denials[0]
			missed := name == "go" && d.Host == "" // see names_escort.go, "Threads"
			if d.Address != faraway+":"+servicePort || d.Host != host && !missed {
				t.Errorf("denied %+v\n%s%s", r.denials, r.stdout, r.stderr)
			}
		})
	}
}
