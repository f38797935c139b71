package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// No process outlives the sandbox: not a daemon, not an orphan, not a child of the sandbox itself (CLONE_PARENT), not a
// stopped one. With wait = "root" they end with the command, with "all" the sandbox waits for them, and if sydbox is
// killed they are killed.
func TestNobodySurvives(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	binary, err := w.compile("../testdata/attacks/outsiders/survivors.c", variants["static"])
	if err != nil {
		t.Fatal(err)
	}
	for _, uid := range users() {
		for _, mode := range []string{"native", "root", "killed", "all"} {
			t.Run(mode+"/"+userName(uid), func(t *testing.T) {
				t.Parallel()
				survive(t, w, binary, mode, uid)
			})
		}
	}
}

// survivorCount is how many ways survivors.c knows.
const survivorCount = 6

func survive(t *testing.T, w *workshop, binary, mode string, uid int) {
	t.Helper()
	base := filepath.Join(w.dir, strings.ReplaceAll(t.Name(), "/", "-"))
	freshDir(t, base, uid)
	policy, file := base+".toml", base+"/survived"
	text := fmt.Sprintf("version = 1\nextends = []\n[write]\nallow = [%q]\n[run]\nwait = %q\n", base, map[bool]string{
		true: "all", false: "root"}[mode == "all"])
	if err := os.WriteFile(policy, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	argv := []string{binary}
	if mode != "native" {
		argv = []string{w.sydbox, "run", "-p", policy, "--", binary}
	}
	var env []string
	if mode == "all" {
		env = []string{"FILE=" + file}
	}
	e := &encounter{T: t, w: w, uid: uid}
	a := e.start(argv, &syscall.SysProcAttr{Setpgid: true}, env...)
	var pids []int
	for line := a.line(); line != "ready" && !a.ended(); line = a.line() {
		pid, err := strconv.Atoi(line)
		if err != nil {
			t.Fatalf("%q is no process", line)
		}
		pids = append(pids, pid)
	}
	if len(pids) != survivorCount {
		t.Fatalf("%d survivors: %v\n%s", len(pids), pids, a.stderr.String())
	}
	defer func() { // what a failed test leaves, and no number that may be another's by now
		for _, pid := range living(pids) {
			if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil && exe == binary {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
	}()
	if mode == "killed" {
		if err := a.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	a.stop()
	if mode == "native" {
		if left := living(pids); len(left) != survivorCount {
			t.Errorf("broken: without the sandbox only %v of %v survive", left, pids)
		}
		return
	}
	if mode == "killed" {
		// The kernel kills them as the tracer ends, each in its own time.
		for end := time.Now().Add(hang); len(living(pids)) != 0 && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
	if left := living(pids); len(left) != 0 {
		t.Errorf("%v of %v survive the sandbox", left, pids)
	}
	lines, _ := os.ReadFile(file)
	if got := strings.Count(string(lines), "survived\n"); mode == "all" && got != survivorCount {
		t.Errorf("the sandbox waited for %d of %d\n%s", got, survivorCount, a.stderr.String())
	}
	if status := a.status(); status != 0 && mode != "killed" {
		t.Errorf("status %d\n%s", status, a.stderr.String())
	}
}

// living are those of the processes that have not ended. What init has yet to reap has.
func living(pids []int) (list []int) {
	var p procfs
	for _, pid := range pids {
		var s taskStatus
		if p.status(pid, &s) == 0 && !s.dead() {
			list = append(list, pid)
		}
	}
	return list
}
