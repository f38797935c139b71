package tracer

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// Helpers for tests of what a run leaves behind.

// descriptors lists what is open in this process, as text.
func descriptors(t testing.TB) []string {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && !strings.HasPrefix(to, "/proc/") {
			list = append(list, e.Name()+" "+to)
		}
	}
	return list
}

func sameDescriptors(t testing.TB, before []string) error {
	now := descriptors(t)
	for _, d := range now {
		// The network poller of the runtime comes with the first file that can be polled, and stays.
		if !slices.Contains(before, d) && !strings.Contains(d, "[event") {
			return fmt.Errorf("left open: %s\nbefore: %s", d, strings.Join(before, ", "))
		}
	}
	return nil
}

func noMoreGoroutines(before int) error {
	if n := runtime.NumGoroutine(); n > before {
		buf := make([]byte, 1<<16)
		return fmt.Errorf("%d goroutines, before %d:\n%s", n, before, buf[:runtime.Stack(buf, true)])
	}
	return nil
}

// threads counts the OS threads of this process.
func threads(t testing.TB) int {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func noMoreThreads(t testing.TB, most int) error {
	if n := threads(t); n > most {
		return fmt.Errorf("%d threads, want at most %d", n, most)
	}
	return nil
}

// eventually tries for a while, as what is wound up elsewhere takes its time.
func eventually(t testing.TB, f func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	t.Error(err)
}

// fewestObjects says how many objects a run makes between two moments that it gets: the fewest of several times, because
// the runtime makes some itself, for a new thread for one. What makes one at each stop does so each time.
func fewestObjects(t testing.TB, most uint64, run func(begin, end func())) uint64 {
	t.Helper()
	fewest := ^uint64(0)
	for range 5 {
		var first, last runtime.MemStats
		run(func() { runtime.ReadMemStats(&first) }, func() { runtime.ReadMemStats(&last) })
		if fewest = min(fewest, last.Mallocs-first.Mallocs); fewest <= most {
			break
		}
	}
	return fewest
}

// boxlessOutput is what a program writes that no tracer watches.
func boxlessOutput(args ...string) (string, error) {
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	return string(out), err
}
