package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// sample is one run. Round says which others it is to be compared with.
type sample struct {
	Round     int
	CPU, Wall time.Duration
}

// measure runs the workloads.
func (s *settings) measure(k *kit, picked []workload) (*Report, error) {
	if err := adoptOrphans(); err != nil {
		return nil, err
	}
	tools, err := s.installed(k)
	if err != nil {
		return nil, err
	}
	r := &Report{Machine: describe(tools), Rounds: s.rounds, PeerRounds: s.peerRounds, Counted: s.count}
	if err := s.countable(); err != nil {
		return nil, err
	}
	for _, w := range picked {
		if w.prepare != nil {
			if err := w.prepare(); err != nil {
				fmt.Fprintf(os.Stderr, "bench: without %s: %v\n", w.name, err)
				r.LeftOut = append(r.LeftOut, w.name)
				continue
			}
		}
		row, err := w.row(s, k, w.suitable(tools))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		r.Workloads = append(r.Workloads, row)
		if info, err := os.Stat(k.recordingFile()); err == nil && w.name == recordedConfigure {
			r.Recording = info.Size()
		}
	}
	if s.count == "" && s.only.matches(residentName) {
		if r.TraceesKB, err = memoryOfTracees(tools); err != nil {
			return nil, fmt.Errorf("%s: %w", residentName, err)
		}
	}
	return r, nil
}

// row measures a workload under every tool in each round, starting with another tool each time; or counts.
func (w *workload) row(s *settings, k *kit, tools []tool) (Workload, error) {
	row := Workload{Name: w.name, Group: w.group, Budget: w.budget, BudgetWallUS: w.budgetWall, Times: w.times}
	if w.repeat != 0 {
		row.Times = 1 // a sample is the mean of the runs
	}
	if s.count != "" {
		err := w.count(s.count, k, tools, &row)
		return row, err
	}
	// The first run of all finds cold caches. Where it can, it is the one that counts stops.
	if err := w.stops(k, tools, &row); err != nil {
		return row, err
	}
	samples, failed := make([][]sample, len(tools)), make([]bool, len(tools))
	for round := range s.rounds {
		for i := range tools {
			at := (i + round) % len(tools)
			t := tools[at]
			if failed[at] || round >= w.runs(t, s.rounds, s.peerRounds) {
				continue
			}
			one, err := w.sample(t)
			if err != nil && (t.own || t.prefix == nil) {
				return row, err
			} else if err != nil {
				fmt.Fprintf(os.Stderr, "bench: %s: %v\n", w.name, err)
				failed[at] = true
				continue
			}
			one.Round = round
			samples[at] = append(samples[at], one)
			fmt.Fprintf(os.Stderr, "%s, round %d, %s: cpu %v wall %v\n", w.name, round+1, t.name,
				one.CPU.Round(time.Microsecond), one.Wall.Round(time.Microsecond))
		}
	}
	for i, t := range tools {
		if failed[i] {
			row.Tools = append(row.Tools, Tool{Name: t.name, Failed: true})
		} else {
			row.Tools = append(row.Tools, summarize(t.name, samples[i], samples[0], row.Times))
		}
	}
	return row, nil
}

// sample runs it as often as one sample takes, and its base.
func (w *workload) sample(t tool) (sample, error) {
	var sum sample
	for range max(w.repeat, 1) {
		one, err := w.once(t, w.argv)
		if err != nil {
			return sum, err
		}
		sum.CPU += one.CPU
		sum.Wall += one.Wall
		if w.base != nil {
			base, err := w.once(t, w.base)
			if err != nil {
				return sum, err
			}
			sum.CPU -= base.CPU
			sum.Wall -= base.Wall
		}
	}
	n := time.Duration(max(w.repeat, 1))
	return sample{CPU: sum.CPU / n, Wall: sum.Wall / n}, nil
}

// start makes the command that runs argv under a tool, in its directory; done removes that.
func (w *workload) start(argv []string) (cmd *exec.Cmd, done func(), err error) {
	cmd = exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), w.env...)
	if w.fresh == nil {
		return cmd, func() {}, nil
	}
	dir, err := w.fresh()
	if err != nil {
		return nil, nil, err
	}
	cmd.Dir = dir
	return cmd, func() { os.RemoveAll(dir) }, nil
}

// once runs it and counts the time of everything that it started.
func (w *workload) once(t tool, args []string) (sample, error) {
	var s sample
	argv := w.command(t, args)
	cmd, done, err := w.start(argv)
	if err != nil {
		return s, err
	}
	defer done()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	before, err := childrenCPU()
	if err != nil {
		return s, err
	}
	start := time.Now()
	err = cmd.Run()
	s.Wall = time.Since(start)
	reapAll()
	if err != nil {
		return s, fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, stderr.String())
	}
	after, err := childrenCPU()
	s.CPU = after - before
	return s, err
}

// adoptOrphans makes this process the one that inherits and reaps what the runs leave behind, so that its CPU time
// counts.
func adoptOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become a subreaper: %w", err)
	}
	return nil
}

// reapAll waits for what a run left behind.
func reapAll() {
	for {
		if _, err := unix.Wait4(-1, nil, 0, nil); errors.Is(err, unix.ECHILD) {
			return
		}
	}
}

// childrenCPU is the CPU time of every descendant that has been waited for.
func childrenCPU() (time.Duration, error) {
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &ru); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano()), nil
}
