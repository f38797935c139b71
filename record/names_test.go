package record

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sydbox/record/trail"
	"sydbox/sandbox/probetest"
)

// asks are the questions of a recording, with their answers.
func asks(tr *trail.Trail) (list []string) {
	for _, a := range tr.Asks {
		list = append(list, strings.Join(append([]string{a.Host, "@" + a.Server}, a.Addresses...), " "))
	}
	return list
}

// reachesOf are the calls on addresses that start with a text.
func reachesOf(tr *trail.Trail, address string) (list []string) {
	for _, r := range tr.Reaches {
		if strings.HasPrefix(r.Address, address) {
			words := []string{r.Op, r.Address, r.Protocol, r.Host, r.Errno}
			words = slices.DeleteFunc(words, func(s string) bool { return s == "" })
			list = append(list, strings.Join(words, " "))
		}
	}
	return list
}

const (
	byUDP  = " @" + theResolver + ":53"
	byNscd = " @unix:/run/nscd/socket"
)

// connects is a command that finds a host by the C library and connects to it. Curl asks for more by itself since it knows
// HTTPS records.
func connects(host string) string {
	return `python3 -c 'import socket; socket.create_connection(("` + host + `", 8080))'`
}

func TestNames(t *testing.T) {
	probetest.Needs(t, "pidfd_getfd")
	if !inNameWorld(t) {
		return
	}
	for name, c := range map[string]struct {
		script  string
		asked   []string
		reached []string
	}{
		"connecting": {connects("web.test"), []string{"web.test" + byUDP + " " + faraway},
			[]string{"connect " + faraway + ":8080 tcp web.test"}},
		"getent": {"getent ahosts one.test two.test; getent ahosts name.nowhere",
			[]string{"one.test" + byUDP + " " + faraway, "two.test" + byUDP + " " + faraway, "name.nowhere" + byUDP}, nil},
		"too long for a datagram": {"getent ahostsv4 long.test", []string{"long.test" + byUDP, "long.test" + byUDP + " " + faraway}, nil},
		"a daemon": {connects("daemon.test"), []string{"daemon.test" + byNscd + " " + faraway},
			[]string{"connect " + faraway + ":8080 tcp daemon.test"}},
		"hosts(5)": {connects("known.test"), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tr := recordOf(t, c.script)
			got := asks(tr)
			// Whom glibc asks first has nothing to do with what is found: a daemon is asked for every name.
			got = slices.DeleteFunc(got, func(s string) bool { return strings.HasSuffix(s, byNscd) })
			if !equalSets(got, c.asked) {
				t.Errorf("asked %q, want %q", got, c.asked)
			}
			if reached := reachesOf(tr, faraway); !slices.Equal(reached, c.reached) {
				t.Errorf("reached %q, want %q", reached, c.reached)
			}
		})
	}
	t.Run("the name of an address", func(t *testing.T) {
		tr := recordOf(t, connects("known.test"))
		if got := reachesOf(tr, deaf); len(got) == 0 || !strings.Contains(got[0], "known.test") {
			t.Errorf("%q", got)
		}
	})
}

func equalSets(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}

// Programs ask in many ways; see testdata/names/asker.c.
func TestNamesAsker(t *testing.T) {
	probetest.Needs(t, "pidfd_getfd")
	if !inNameWorld(t) {
		return
	}
	const host = "www.example.test"
	asker := filepath.Join(t.TempDir(), "asker")
	out, err := exec.Command("cc", "-pthread", "-o", asker, "../testdata/names/asker.c").CombinedOutput()
	if err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	for _, how := range []string{"send", "sendmmsg", "write", "sendto", "waiting", "tcp", "threads", "library", "varlink"} {
		t.Run(how, func(t *testing.T) {
			stdout, err := os.Create(filepath.Join(t.TempDir(), "out"))
			if err != nil {
				t.Fatal(err)
			}
			defer stdout.Close()
			tr := recordCmd(t, Command(asker, how, theResolver, host, "8080"), func(c *Cmd) { c.Stdout = stdout })
			if text, _ := os.ReadFile(stdout.Name()); string(text) != "answer: "+faraway+"\nconnected\n" {
				t.Fatalf("it said %q", text)
			}
			server := theResolver + ":53"
			if how == "varlink" {
				server = "unix:/run/systemd/resolve/io.systemd.Resolve"
			}
			if want := host + " @" + server + " " + faraway; !slices.Contains(asks(tr), want) {
				t.Errorf("asked %q, want %q", asks(tr), want)
			}
			if want, got := "connect "+faraway+":8080 tcp "+host, reachesOf(tr, faraway); !slices.Contains(got, want) {
				t.Errorf("reached %q, want %q", got, want)
			}
		})
	}
}
