package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestNameless races for a file that may not be read while an outsider replaces it again and again, as editors do that
// save: what was opened then has no name by the time that it is looked at, where that is only done afterwards. It has to
// be judged by the name that it had.
func TestNameless(t *testing.T) {
	t.Parallel()
	h := newHeadquarters(t)
	a := h.assault(t, "../testdata/attacks/races.c", variants["static"], plainUser())
	for _, trick := range a.tricks(t) {
		switch trick.name {
		case "read_.thread_flips_byte", "read_.link_swapped_for_dir", "read_.last_link_swapped":
		default:
			continue
		}
		t.Run(trick.name, func(t *testing.T) {
			won := false
			for range raceRounds {
				won = won || len(a.readReplaced(t, trick, cage{raceMS: raceWin}).won) != 0
			}
			if !won {
				t.Fatal("it does not win without the box")
			}
			boxed := a.readReplaced(t, trick, cage{sydbox: a.w.sydbox, policy: "read", raceMS: raceWin})
			if len(boxed.won) != 0 && lost(trick, &boxed) == "" {
				t.Errorf("ESCAPED: %s\n%s", strings.Join(boxed.won, "\n"), boxed.stderr)
			}
			if boxed.notStarted() || boxed.hung {
				t.Errorf("status %d\n%s", boxed.status, boxed.stderr)
			}
		})
	}
}

// readReplaced runs a trick against a victim whose secret is replaced all the time.
func (a *assault) readReplaced(t *testing.T, trick trick, box cage) trial {
	t.Helper()
	a.arrange(t)
	defer removeAll(t, a.base)
	victim, allow := filepath.Join(a.base, "victim"), filepath.Join(a.base, "allow")
	stop := make(chan struct{})
	var outsider sync.WaitGroup
	outsider.Go(func() {
		next := a.base + ".next"
		for {
			select {
			case <-stop:
				os.Remove(next)
				return
			default:
			}
			if os.WriteFile(next, []byte(secret+"\n"), 0o644) == nil {
				_ = os.Rename(next, victim+"/secret") // or the next time
			}
		}
	})
	j := job{
		argv: []string{a.binary, trick.name, victim, allow}, dir: allow, uid: a.uid,
		env: []string{fmt.Sprint("ATTACK_MS=", box.raceMS)},
	}
	log := a.base + ".log"
	if box.sydbox != "" {
		a.blank(t, log)
		defer os.Remove(log)
		j.argv = append([]string{box.sydbox, "run", "--log", log, "-p", a.policy(t, trick, box), "--"}, j.argv...)
	}
	r := trial{outcome: j.run(t)}
	close(stop)
	outsider.Wait()
	if box.sydbox != "" {
		r.denials = readLog(t, log)
	}
	r.won = plunder(t, allow, victim)
	return r
}
