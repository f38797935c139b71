package sandbox

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNetCapabilities: root loses the capabilities by which addresses lead elsewhere, and no others, for good, wherever
// addresses are judged and the policy does not lift that. Nobody else loses anything.
func TestNetCapabilities(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	const some = 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_NET_RAW
	for _, uid := range users() {
		had := w.capabilitiesOf(t, uid, nil)
		for _, c := range []struct {
			policy string
			flags  []string
			drops  bool
		}{
			{"", nil, true},
			{"", []string{"--no-new-privs", "off"}, true},
			{"[syscalls]\nallow = ['net_admin']\n", nil, false},
			{"extends = ['open']\n", nil, false},
			{"extends = ['open']\n[bind]\ndeny = ['*:80']\n", nil, true},
			{"", []string{"--mode", "warn"}, false},
		} {
			if uid != 0 && len(c.flags) != 0 && c.flags[1] == "off" {
				continue // without root the kernel takes no filter then
			}
			file := filepath.Join(w.dir, "capabilities.toml")
			if err := os.WriteFile(file, []byte(c.policy), 0o644); err != nil {
				t.Fatal(err)
			}
			got := w.capabilitiesOf(t, uid, append([]string{w.sydbox, "run", "-p", file}, c.flags...))
			want := had
			if c.drops {
				want &^= some
			}
			if got != want {
				t.Errorf("user %d, %q %q: %x of %x, want %x", uid, c.policy, c.flags, got, had, want)
			}
		}
	}
}

// capabilitiesOf returns the permitted capabilities of a program that a shell executes.
func (w *workshop) capabilitiesOf(t *testing.T, uid int, box []string) uint64 {
	t.Helper()
	j := job{argv: append(box, "sh", "-c", "exec cat /proc/self/status"), dir: w.dir, uid: uid}
	r := j.run(t)
	_, rest, _ := strings.Cut(r.stdout, "\nCapPrm:\t")
	text, _, _ := strings.Cut(rest, "\n")
	caps, err := strconv.ParseUint(text, 16, 64)
	if err != nil || r.status != 0 {
		t.Fatalf("user %d, %q: %v, status %d\n%s", uid, box, err, r.status, r.stderr)
	}
	return caps
}
