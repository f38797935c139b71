package sandbox

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Trees that die, change or swarm in the middle of everything. Others go on, and what sydbox holds is bounded.

// settles waits until sydbox holds no more than before something that must leave nothing behind: what it gives back, it
// gives back a moment later. Memory is measured where it is what matters; here the runtime decides about it.
func (o *ordeal) settles(before usage) {
	o.Helper()
	o.settlesAt(func(now usage) error { return before.exceeded(now) })
}

// exceeded says what there is more of now, with some room for what the runtime makes once: the busier the machine, the
// more threads. What comes to be left behind comes to be left behind each time.
func (u usage) exceeded(now usage) error {
	switch {
	case now.descriptors > u.descriptors+1:
		return fmt.Errorf("%d descriptors before, %d after", u.descriptors, now.descriptors)
	case now.pollers > u.pollers+2:
		return fmt.Errorf("%d epoll instances and eventfds before, %d after", u.pollers, now.pollers)
	case now.threads > u.threads+12:
		return fmt.Errorf("%d threads before, %d after", u.threads, now.threads)
	}
	return nil
}

// settlesAt measures sydbox until there is nothing wrong with what it holds, for some minutes at most.
func (o *ordeal) settlesAt(wrong func(usage) error) usage {
	o.Helper()
	// What garbage was made at last lies about until the runtime collects without need, every two minutes.
	for end := time.Now().Add(4 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		now := o.measure()
		err := wrong(now)
		if err == nil {
			return now
		}
		if time.Now().After(end) {
			o.Error(err)
			return now
		}
	}
}

func (o *ordeal) killedInCalls() {
	var before usage
	o.start("killed", "5000")
	o.meet("begin", func() { before = o.measure() })
	o.meet("end", func() { o.settles(before) })
	o.expect(0)
}

func (o *ordeal) execInCalls() {
	o.start("execs", "400")
	o.expect(0)
}

func (o *ordeal) memoryGoesAway() {
	o.start("unmapped", "4000")
	o.expect(0)
}

// memoryUnreadable: a process that made itself non-dumpable cannot be looked into by a tracer without privileges, so it
// may do nothing that a rule could forbid.
func (o *ordeal) memoryUnreadable() {
	o.start("undumpable")
	if o.uid == 0 {
		want := "allowed ok\ndenied EACCES\nopen EACCES\n"
		if got := o.expect(0).stdout; got != want {
			o.Errorf("wear says %q, want %q", got, want)
		}
		return
	}
	want := "allowed EACCES\ndenied EACCES\nopen EACCES\n"
	if got := o.expect(0, "non-dumpable").stdout; got != want {
		o.Errorf("wear says %q, want %q", got, want)
	}
}

func (o *ordeal) flood() {
	var before usage
	o.start("flood", "20", "200")
	o.meet("begin", func() { before = o.measure() })
	o.meet("end", func() { o.settles(before) })
	o.expect(0)
}

func (o *ordeal) threadsOnDenied() {
	o.start("threads", "200", "30")
	o.expect(0)
}

// manyNames compares what sydbox holds after some different denials and after ten times as many: with short names, and
// with names as long as a path may be.
func (o *ordeal) manyNames() {
	const slack = 16 << 10 // kB: what the collector leaves lying about
	if err := deepen(o.victim); err != nil {
		o.Fatal(err)
	}
	o.before = fingerprint(o.T, o.victim, "")
	for long, few := range map[string]int{"0": 2000, "1": 600} {
		var held usage
		for i, n := range []int{few, 10 * few} {
			o.flags = []string{"--log", fmt.Sprintf("%s/log-%s-%d", o.work, long, n)}
			o.start("names", strconv.Itoa(n), long)
			o.meet("begin", nil)
			o.meet("end", func() {
				if i == 0 {
					held = o.measure()
					return
				}
				o.settlesAt(func(now usage) error {
					if now.kB > held.kB+slack {
						return fmt.Errorf("long %s: %d kB after %d names, %d kB after ten times as many", long, held.kB, few, now.kB)
					}
					return held.exceeded(now)
				})
			})
			o.expect(0, fmt.Sprintf("%d denials", n))
		}
	}
}

// deepen makes directories in dir as deep as a path can name.
func deepen(dir string) error {
	const name = 250
	for len(dir)+name+300 < unix.PathMax {
		long := make([]byte, name)
		for i := range long {
			long[i] = 'n'
		}
		dir += "/" + string(long)
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// waitingOpens lets 300 threads wait in an open, which is more than may: some are refused, nobody else is held up, and
// all comes back.
func (o *ordeal) waitingOpens() {
	var before, held usage
	o.start("fifos", "300", "20")
	o.meet("begin", func() { before = o.measure() })
	o.meet("waiting", func() { held = o.measure() })
	o.meet("end", func() {
		o.settlesAt(func(now usage) error {
			if now.descriptors > before.descriptors+2 { // the runtime's own
				return fmt.Errorf("%d descriptors before, %d after", before.descriptors, now.descriptors)
			}
			return nil
		})
	})
	if held.threads > maxWaitingOpens+50 {
		o.Errorf("300 waiting opens cost %d threads", held.threads)
	}
	o.expect(0)
}

// hugeArguments: argument vectors are read at each exec, and none is kept.
func (o *ordeal) hugeArguments() {
	var before usage
	o.start("arguments", "40")
	o.meet("begin", func() { before = o.measure() })
	o.meet("end", func() {
		o.settlesAt(func(now usage) error {
			if now.kB > before.kB+(48<<10) {
				return fmt.Errorf("%d kB before, %d kB after 40 vectors of 1.5 MB", before.kB, now.kB)
			}
			return before.exceeded(now)
		})
	})
	o.expect(0)
}

// ownDomains has more Landlock domains made by the tree than sydbox has threads for.
func (o *ordeal) ownDomains() {
	var before, held usage
	o.start("domains", "200")
	if word := o.line(); word != "begin" {
		if result := o.end(); result.status != notApplicable {
			o.Errorf("wear says %q and ends with %d\n%s", word, result.status, cut(result.stderr))
		}
		return
	}
	before = o.measure()
	if _, err := o.stdin.Write([]byte{'x'}); err != nil {
		o.Fatal(err)
	}
	o.meet("inside", func() { held = o.measure() })
	o.meet("end", func() { o.settles(before) })
	if held.threads > before.threads+maxHands+16 {
		o.Errorf("%d threads before, %d with 200 domains", before.threads, held.threads)
	}
	o.expect(0)
}
