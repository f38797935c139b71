package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is two machines on one wire (testdata/attacks/net/net.h), with outsiders on them who say when they were reached.
type world struct {
	near, far *space
	dir       string // ALLOW and VICTIM are below
	wire      int    // index of near's interface

	mu       sync.Mutex
	settled  *sync.Cond
	contacts []string
	bell     *os.File // gets a byte at the first contact
	servers  []*server
	pending  int // connections of which it is not known yet whose they are
	marks    int
	seen     map[string]bool // marks that have arrived
}

// Ports that mean something.
const (
	decoyPort  = 1111
	victimPort = 2222
	markPort   = 9    // far's, of marks
	innerPort  = 4444 // near's, which the accomplice calls to know that its calls before have come
)

const (
	farDecoy, farDecoy6   = "10.77.0.2", "fd77::2"
	farProber, farProber6 = "10.77.0.4", "fd77::4"
	farProberScoped       = "fe80::4"
)

var farAddresses = []string{
	"10.77.0.2", "10.77.0.3", "10.77.0.4", "fd77::2", "fd77::3", "fd77::4", "fe80::3", "fe80::4",
}

const nearMAC, farMAC = "02:00:00:00:00:01", "02:00:00:00:00:02"

// neighbours are the commands that say where others are.
func neighbours(mac string, addresses []string) (commands []string) {
	for _, a := range addresses {
		commands = append(commands, "neigh add "+a+" lladdr "+mac+" dev wire nud permanent")
	}
	return commands
}

const (
	nobody   = ""
	outsider = "an outsider"
)

func newWorld(t *testing.T, dir string) *world {
	t.Helper()
	w := &world{dir: dir, seen: map[string]bool{}}
	w.settled = sync.NewCond(&w.mu)
	var err error
	for _, s := range []**space{&w.near, &w.far} {
		if *s, err = newSpace(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*s).file.Close() })
	}
	t.Cleanup(func() { w.closeSince(0) })
	if err := w.build(); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) build() error {
	sysctls := map[string]string{
		"ipv6/conf/all/accept_dad": "0", "ipv6/conf/default/accept_dad": "0", "ipv6/conf/default/accept_ra": "0",
		// Anybody may ping; Fast Open for clients and servers without a cookie; a machine that takes source routes.
		"ipv4/ping_group_range": "0 2147483647", "ipv4/tcp_fastopen": "1543",
		"ipv4/conf/all/accept_source_route": "1", "ipv4/conf/default/accept_source_route": "1",
	}
	steps := []func() error{
		func() error { return w.near.set(sysctls) },
		func() error { return w.far.set(sysctls) },
		func() error {
			return w.near.ip([]*os.File{w.far.file}, "link set lo up",
				"link add wire address "+nearMAC+" type veth peer name wire address "+farMAC+" netns /proc/self/fd/3",
				"link set wire addrgenmode none",
				"addr add 10.77.0.1/24 broadcast + dev wire", "addr add fd77::1/64 dev wire nodad",
				"addr add fe80::1/64 dev wire nodad", "link set wire up")
		},
		func() error {
			commands := []string{"link set lo up", "link set wire addrgenmode none", "addr add 203.0.113.9/32 dev lo"}
			for _, a := range farAddresses {
				if strings.Contains(a, ":") {
					commands = append(commands, "addr add "+a+"/64 dev wire nodad")
				} else {
					commands = append(commands, "addr add "+a+"/24 broadcast + dev wire")
				}
			}
			commands = append(commands, "link set wire up")
			return w.far.ip(nil, append(commands, neighbours(nearMAC, []string{"10.77.0.1", "fd77::1", "fe80::1"})...)...)
		},
		func() error {
			// Who is where is known: nothing waits for a neighbour to be found.
			return w.near.ip(nil, append(neighbours(farMAC, farAddresses), "route add default via 10.77.0.2",
				"route add ::/0 via fd77::2")...)
		},
		func() error {
			return w.near.do(func() error {
				i, err := net.InterfaceByName("wire")
				if err == nil {
					w.wire = i.Index
				}
				return err
			})
		},
		w.tapWire,
		w.populate,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("make two machines: %w", err)
		}
	}
	return nil
}

// populate starts the servers that are there all the time. Those at far only answer: who was reached there, the wire says.
func (w *world) populate() error {
	var all []error
	for port, name := range map[int]string{decoyPort: nobody, victimPort: outsider} {
		for _, network := range []string{"tcp", "udp"} {
			address := fmt.Sprint("[::]:", port)
			all = append(all, w.serve(&server{space: w.far, network: network, address: address}),
				w.serve(&server{space: w.near, network: network, address: address, name: name}))
		}
	}
	all = append(all, w.serve(&server{space: w.near, network: "tcp", address: fmt.Sprint("[::]:", innerPort)}))
	return errors.Join(all...)
}

// unixNetworks are what package net calls the kinds of unix sockets.
var unixNetworks = map[string]string{"stream": "unix", "dgram": "unixgram", "seqpacket": "unixpacket"}

// populateNames makes the unix sockets of a fresh VICTIM, and the harmless ones.
func (w *world) populateNames(uid int) error {
	var all []error
	for kind, network := range unixNetworks {
		for address, name := range map[string]string{
			filepath.Join(w.dir, "victim", kind): outsider, "@victim-" + kind: outsider,
			filepath.Join(w.dir, "allow", "decoy-"+kind): nobody, "@decoy-" + kind: nobody,
		} {
			all = append(all, w.serve(&server{space: w.near, network: network, address: address, name: name, uid: uid}))
		}
	}
	return errors.Join(all...)
}

// heard records that an outsider was reached.
func (w *world) heard(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.contacts) < 20 {
		w.contacts = append(w.contacts, fmt.Sprintf(format, args...))
	}
	if w.bell != nil {
		_, _ = w.bell.Write([]byte{'!'})
		w.bell = nil
	}
}

// forget begins anew. bell gets a byte when somebody is heard.
func (w *world) forget(bell *os.File) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.contacts, w.bell = nil, bell
}

func (w *world) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.servers)
}

// closeSince ends the servers that were started after there were n.
func (w *world) closeSince(n int) {
	w.mu.Lock()
	list := slices.Clone(w.servers[n:])
	w.servers = w.servers[:n]
	w.mu.Unlock()
	for _, s := range list {
		s.close()
	}
}

// judge waits until everything that was said so far has been heard, and tells by whom.
func (w *world) judge() ([]string, error) {
	w.mu.Lock()
	servers := slices.Clone(w.servers)
	w.mu.Unlock()
	err := w.flush("the wire", func(text string) error {
		return w.near.do(func() error { return say("udp", fmt.Sprintf("%s:%d", farDecoy, markPort), text) })
	})
	for _, s := range servers {
		if s.name != nobody && err == nil {
			err = w.flush(s.String(), s.say)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.pending > 0 {
		w.settled.Wait()
	}
	return slices.Clone(w.contacts), err
}

// markPrefix begins what the runner says itself, to know that whatever was said before has been heard.
const markPrefix = "mark "

// flush says a mark until it is heard.
func (w *world) flush(who string, say func(text string) error) error {
	w.mu.Lock()
	w.marks++
	name := fmt.Sprint(markPrefix, w.marks, ".")
	w.mu.Unlock()
	for end := time.Now().Add(hang); time.Now().Before(end); {
		if err := say(name); err != nil {
			return fmt.Errorf("%s cannot be told a mark: %w", who, err)
		}
		// A datagram may have been dropped: it is said again.
		for again := time.Now().Add(time.Second); time.Now().Before(again); time.Sleep(time.Millisecond) {
			w.mu.Lock()
			seen := w.seen[name]
			w.mu.Unlock()
			if seen {
				return nil
			}
		}
	}
	return fmt.Errorf("%s does not hear any more", who)
}

// isMark takes a mark in.
func (w *world) isMark(text []byte) bool {
	if !strings.HasPrefix(string(text), markPrefix) {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[string(text)] = true
	return true
}
