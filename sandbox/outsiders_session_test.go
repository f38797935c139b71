package sandbox

import (
	"os"
	"strings"
	"testing"
)

// TestSessionIsOutsiders: how much of the processors a session gets is written to an entry of any of its processes, one's
// own as well. The tree may not say it for a session that outsiders are in, and may for one of its own.
func TestSessionIsOutsiders(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/autogroup"); err != nil {
		t.Skip("the kernel was built without CONFIG_SCHED_AUTOGROUP")
	}
	w := newWorkshop(t)
	// The kernel takes one change in a tenth of a second from a user (sched(7)): other tests run beside.
	const (
		bystander = `sleep 100 & "$@"; cat /proc/$!/autogroup; kill $!`
		changes   = `for i in 1 2 3 4 5 6 7 8 9; do sleep 0.2; echo 7 2>/dev/null >$1/autogroup && break; done`
	)
	for _, uid := range users() {
		for name, at := range map[string]string{"itself": "/proc/self", "its thread": "/proc/thread-self/../.."} {
			t.Run(name+"/"+userName(uid), func(t *testing.T) {
				t.Parallel()
				attack := []string{"sh", "-c", changes, "sh", at}
				session := func(command ...string) string {
					j := job{argv: append([]string{"setsid", "-w", "sh", "-c", bystander, "sh"}, command...), dir: w.dir, uid: uid}
					return j.run(t).stdout
				}
				if out := session(attack...); !strings.Contains(out, "nice 7") {
					t.Fatalf("nothing comes of it without the box: %s", out)
				}
				if out := session(append([]string{w.sydbox, "run", "-q", "--"}, attack...)...); !strings.Contains(out, "nice 0") {
					t.Errorf("an outsider of the session has %s", out)
				}
				own := append([]string{"setsid", "-w"}, append(attack[:2:2], changes+"; cat /proc/self/autogroup", "sh", at)...)
				j := job{argv: append([]string{w.sydbox, "run", "--"}, own...), dir: w.dir, uid: uid}
				if r := j.run(t); !strings.Contains(r.stdout, "nice 7") {
					t.Errorf("its own session has %s\n%s", r.stdout, r.stderr)
				}
			})
		}
	}
}
