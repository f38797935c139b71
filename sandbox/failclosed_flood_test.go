package sandbox

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Trees that die, change or swarm in the middle of everything. Others go on, and what sydbox holds is bounded.

// settles compares what sydbox holds before and after something that must leave nothing behind. Memory is measured
// where it is what matters; here the runtime decides about it.
func (o *ordeal) settles(before, after usage) {
	o.Helper()
	if after.descriptors > before.descriptors+1 {
		o.Errorf("%d descriptors before, %d after", before.descriptors, after.descriptors)
	}
	if after.pollers > before.pollers+2 {
		o.Errorf("%d epoll instances and eventfds before, %d after", before.pollers, after.pollers)
	}
	if after.threads > before.threads+4 {
		o.Errorf("%d threads before, %d after", before.threads, after.threads)
	}
}

func (o *ordeal) killedInCalls() {
	var before, after usage
	o.start("killed", "5000")
	o.meet("begin", func() { before = o.measure() })
	o.meet("end", func() { after = o.measure() })
	o.settles(before, after)
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
	var before, after usage
	o.start("flood", "20", "200")
	o.meet("begin", func() { before = o.measure() })
	o.meet("end", func() { after = o.measure() })
	o.settles(before, after)
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
		var held [2]usage
		for i, n := range []int{few, 10 * few} {
			o.flags = []string{"--log", fmt.Sprintf("%s/log-%s-%d", o.work, long, n)}
			o.start("names", strconv.Itoa(n), long)
			o.meet("begin", nil)
			o.meet("end", func() { held[i] = o.measure() })
			o.expect(0, fmt.Sprintf("%d denials", n))
		}
		if held[1].kB > held[0].kB+slack {
			o.Errorf("long %s: %d kB after %d names, %d kB after ten times as many", long, held[0].kB, few, held[1].kB)
		}
		o.settles(held[0], held[1])
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
	var before, held, after usage
	o.start("fifos", "300", "20")
	o.meet("begin", func() { before = o.measure() })
	o.meet("waiting", func() { held = o.measure() })
	o.meet("end", func() { after = o.measure() })
	if after.descriptors > before.descriptors+2 { // the runtime's own
		o.Errorf("%d descriptors before, %d after", before.descriptors, after.descriptors)
	}
	if held.threads > maxWaitingOpens+50 {
		o.Errorf("300 waiting opens cost %d threads", held.threads)
	}
	o.expect(0)
}

// hugeArguments: argument vectors are read at each exec, and none is kept.
func (o *ordeal) hugeArguments() {
	var before, after usage
	o.start("arguments", "40")
	o.meet("begin", func() { before = o.measure() })
	o.meet("end", func() { after = o.measure() })
	if after.kB > before.kB+(48<<10) {
		o.Errorf("%d kB before, %d kB after 40 vectors of 1.5 MB", before.kB, after.kB)
	}
	o.settles(before, after)
	o.expect(0)
}

// ownDomains has more Landlock domains made by the tree than sydbox has threads for.
func (o *ordeal) ownDomains() {
	var before, held, after usage
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
	o.meet("end", func() { after = settled(o.T, o.cmd.Process.Pid) })
	if held.threads > before.threads+maxHands+16 {
		o.Errorf("%d threads before, %d with 200 domains", before.threads, held.threads)
	}
	o.settles(before, after)
	o.expect(0)
}
