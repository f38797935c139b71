package tracer

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestResidence: tasks stay while they want no more than one CPU, come back soon when a stranger or each other's turns
// made them leave, and later and later when two of them wanted to run at once.
func TestResidence(t *testing.T) {
	const ms = time.Millisecond
	now := time.Unix(1000, 0)
	var r residence
	settle := func() {
		t.Helper()
		if !r.may(now, mostResidents-1) {
			t.Fatal("they may not stay")
		}
		r.begin(now)
	}
	look := func(wanted, waited time.Duration) bool {
		t.Helper()
		if r.due(now) {
			t.Fatal("a look is due at once")
		}
		for !r.due(now) {
			now = now.Add(ms)
		}
		passed := r.passed(now)
		if passed < leastPause || passed > mostPause {
			t.Fatalf("%v passed", passed)
		}
		return r.ends(now, demand{wanted * passed / 100, waited * passed / 100})
	}
	away := func() (rest time.Duration) {
		for !r.may(now, 1) {
			now = now.Add(ms)
			rest += ms
		}
		return rest
	}

	if r.may(now, mostResidents) {
		t.Error("a crowd may stay")
	}
	settle()
	for range 100 {
		if look(100, 40) {
			t.Fatal("one task that runs all the time had to leave")
		}
	}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 32} {
		if !look(200, 100) {
			t.Fatal("two that want to run all the time may stay")
		}
		if rest := away(); rest != want*leastRest {
			t.Errorf("time %d: away for %v", i, rest)
		}
		settle()
	}
	for range proven*mostRest/mostPause + 10 {
		look(50, 0)
	}
	if !look(170, 20) {
		t.Fatal("two that run may stay")
	}
	if rest := away(); rest != leastRest {
		t.Errorf("away for %v after a long stay", rest)
	}
	settle()
	if !look(100, 60) {
		t.Fatal("one that waits for a stranger may stay")
	}
	if rest := away(); rest != leastRest {
		t.Errorf("away for %v because of a stranger", rest)
	}
}

// TestScheduled: what is read, and what is not.
func TestScheduled(t *testing.T) {
	for text, want := range map[string]scheduled{
		"12 34 5\n": {12, 34}, "0 0 1\n": {}, "0 0 0\n": {}, "123456789012345 7 1\n": {123456789012345, 7},
	} {
		if got, ok := parseScheduled([]byte(text)); !ok || got != want {
			t.Errorf("%q: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "\n", "1 2", "1 2 3"} {
		if _, ok := parseScheduled([]byte(text)); ok {
			t.Errorf("%q was read", text)
		}
	}
	var f scheduleFile
	if _, err := os.Stat("/proc/self/schedstat"); err != nil {
		t.Skip("this kernel does not say for how long tasks wait (CONFIG_SCHED_INFO)")
	}
	if !f.counted() {
		t.Fatal("nothing is known of this thread")
	}
	a, _ := f.read(unix.Getpid())
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		if b, _ := f.read(unix.Getpid()); b.ran > a.ran || b.waited > a.waited {
			break
		}
	}
	if _, ok := f.read(0); ok {
		t.Error("something is known of process 0")
	}
	if n := testing.AllocsPerRun(100, func() { f.read(1) }); n != 0 {
		t.Errorf("a look allocates %v times", n)
	}
}
