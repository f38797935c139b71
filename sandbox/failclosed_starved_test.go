package sandbox

import (
	"fmt"
	"strconv"
	"strings"
)

// sydbox without what it needs: descriptors, processes, memory.

// all is what probe says while everything is well.
const all = "mkdir ok EACCES open ok EACCES rename EACCES exec 0"

// refused says whether an answer of probe lets nothing through that the rules deny, whatever is wrong.
func refused(answer string) bool {
	word := strings.Fields(answer)
	return len(word) == 10 && word[2] != "ok" && word[5] != "ok" && word[7] != "ok"
}

// descriptorsRunOut takes away the descriptors that judging needs, all of them and then ever fewer: what cannot be
// judged is denied, what could be is as it was, and it all comes back when there are descriptors again.
func (o *ordeal) descriptorsRunOut() {
	o.start("probe")
	if got := o.ask(); got != all {
		o.Fatalf("at first: %s", got)
	}
	had := o.measure()
	starved := 0
	for n := 3; n < 40; n++ {
		o.limit("nofile", strconv.Itoa(n)+":")
		got := o.ask()
		if !refused(got) {
			o.Errorf("with %d descriptors: %s", n, got)
		}
		if got != all {
			starved++
		}
	}
	if starved == 0 {
		o.Errorf("39 descriptors are always enough: nothing was shown")
	}
	o.limit("nofile", "1000:")
	if got := o.ask(); got != all {
		o.Errorf("with descriptors again: %s", got)
	}
	o.settlesAt(func(has usage) error {
		if has.descriptors > had.descriptors {
			return fmt.Errorf("%d descriptors before, %d after", had.descriptors, has.descriptors)
		}
		return nil
	})
	o.expect(0, "has no descriptors left")
}

// descriptorsMissingAtStart starts with any number of descriptors: either nothing is started, with the reason said, or
// everything is judged.
func (o *ordeal) descriptorsMissingAtStart() {
	failed, worked := 0, 0
	for n := 3; n < 40; n++ {
		o.wrap = []string{"prlimit", "--nofile=" + strconv.Itoa(n) + ":" + strconv.Itoa(n)}
		o.start("probe")
		got := ""
		if _, err := o.stdin.Write([]byte{'x'}); err == nil {
			got = o.line()
		}
		result := o.end()
		switch {
		case got != "" && refused(got) && result.status == 0:
			worked++
		case got == "" && (result.status == 125 || result.status == 126) &&
			strings.Contains(result.stderr, "too many open files"):
			failed++
		case got == "" && result.status == 2 && strings.HasPrefix(result.stderr, "runtime:"), got == "" && n < 5:
			failed++ // the Go runtime itself, before main
		default:
			o.Errorf("with %d descriptors: %q, status %d\n%s", n, got, result.status, cut(result.stderr))
		}
	}
	if failed == 0 || worked == 0 {
		o.Errorf("%d starts failed, %d worked: nothing was shown", failed, worked)
	}
}

// processesRunOut lets a fork bomb take every process that the user may have, which is where the threads of sydbox
// itself come from.
func (o *ordeal) processesRunOut() {
	o.alone()
	for _, limit := range []int{40, 64} {
		o.wrap = []string{"prlimit", "--nproc=" + strconv.Itoa(limit)}
		o.start("bomb", "300", "12")
		o.meet("begin", nil)
		o.expect(0)
	}
}

// processesMissingAtStart starts with any number of processes.
func (o *ordeal) processesMissingAtStart() {
	o.alone()
	failed, worked := 0, 0
	for limit := 1; limit < 40; limit += 3 {
		o.wrap = []string{"prlimit", "--nproc=" + strconv.Itoa(limit)}
		o.start("repeat", "3")
		result := o.end()
		switch {
		case result.status == 0:
			worked++
		case strings.Contains(result.stderr, "failed to create new OS thread"),
			strings.Contains(result.stderr, "resource temporarily unavailable"):
			failed++
		default:
			o.Errorf("with %d processes: status %d\n%s", limit, result.status, cut(result.stderr))
		}
	}
	if failed == 0 || worked == 0 {
		o.Errorf("%d starts failed, %d worked: nothing was shown", failed, worked)
	}
}

// memoryRunsOut gives sydbox no more memory while it has ever more to remember. The Go runtime cannot go on without it;
// when sydbox dies the tree dies.
func (o *ordeal) memoryRunsOut() {
	o.start("names", "4000", "1")
	o.meet("begin", func() { o.limit("data", "1") })
	// How the runtime says it depends on where it was: often it faults in its own collector.
	if result := o.expect(2, "runtime"); strings.Contains(result.stdout, "end") {
		o.Errorf("there was enough memory: nothing was shown")
	}
}
