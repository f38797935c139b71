package tracer

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestLook: of many residents those leave that did nothing, few may stay where they are, and where nothing is known of
// one all leave for a while.
func TestLook(t *testing.T) {
	if _, err := os.Stat("/proc/self/schedstat"); err != nil {
		t.Skip("this kernel does not say for how long tasks wait (CONFIG_SCHED_INFO)")
	}
	n := &nearer{keeps: true, tasks: map[int]*Task{}, now: time.Unix(1000, 0)}
	settle := func(tid int) {
		if n.residents == 0 {
			n.residence.begin(n.now)
		}
		n.tasks[tid] = &Task{TID: tid, home: &cpuMask{}}
		n.residents++
	}
	look := func(want int, what string) {
		t.Helper()
		for !n.residence.due(n.now) {
			n.now = n.now.Add(leastPause)
		}
		if n.look(); n.residents != want {
			t.Errorf("%s: %d may stay, want %d", what, n.residents, want)
		}
	}
	idle := func() { // a zombie has run, and does not any more
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Wait() })
		if err := unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
			t.Fatal(err)
		}
		settle(cmd.Process.Pid)
	}

	for range mostResidents {
		idle()
	}
	look(mostResidents, "few, the first look")
	look(mostResidents, "few")
	idle()
	look(1, "one too many, and new")
	look(1, "one")

	settle(1 << 30)
	look(0, "one that is not there")
	if !n.keeps || n.residence.may(n.now, 0) || !n.residence.may(n.now.Add(leastRest), 0) {
		t.Error("they may stay at once, or never again")
	}
	for _, task := range n.tasks {
		if task.home != nil {
			t.Errorf("%d has not been released", task.TID)
		}
	}
}
