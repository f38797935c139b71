package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// sample is one run.
type sample struct {
	CPU, Wall time.Duration
}

// adoptOrphans makes this process the one that inherits and reaps what the runs leave behind, so that its CPU time counts.
func adoptOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become a subreaper: %w", err)
	}
	return nil
}

// childrenCPU is the CPU time of every descendant that has been waited for.
func childrenCPU() (time.Duration, error) {
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &ru); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano()), nil
}

// command is the argument list of a workload under a tool.
func (w *workload) command(t tool) []string {
	argv := slices.Clone(t.prefix)
	if t.name == "sydbox" {
		argv = slices.Insert(argv, 2, w.flags...)
	}
	return append(argv, w.argv...)
}

// once runs it and counts everything that it started.
func (w *workload) once(t tool) (sample, error) {
	var s sample
	argv := w.command(t)
	cmd := exec.Command(argv[0], argv[1:]...)
	if w.fresh != nil {
		dir, err := w.fresh()
		if err != nil {
			return s, err
		}
		defer os.RemoveAll(dir)
		cmd.Dir = dir
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	before, err := childrenCPU()
	if err != nil {
		return s, err
	}
	start := time.Now()
	err = cmd.Run()
	s.Wall = time.Since(start)
	if err != nil {
		return s, fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, stderr.String())
	}
	for {
		if _, err := unix.Wait4(-1, nil, 0, nil); errors.Is(err, unix.ECHILD) {
			break
		}
	}
	after, err := childrenCPU()
	s.CPU = after - before
	return s, err
}

// measure runs a workload under every tool in each round, starting with another tool each time.
func (w *workload) measure(rounds int, tools []tool) (Workload, error) {
	row := Workload{Name: w.name, Budget: w.budget}
	samples := make([][]sample, len(tools))
	// The first run of all finds cold caches, and would be a native one.
	if _, err := w.once(tools[0]); err != nil {
		return row, err
	}
	for round := range rounds {
		for i := range tools {
			k := (i + round) % len(tools)
			s, err := w.once(tools[k])
			if err != nil {
				return row, err
			}
			samples[k] = append(samples[k], s)
			fmt.Fprintf(os.Stderr, "%s, round %d of %d, %s: cpu %v wall %v\n", w.name, round+1, rounds, tools[k].name,
				s.CPU.Round(time.Millisecond), s.Wall.Round(time.Millisecond))
		}
	}
	for i, t := range tools {
		row.Tools = append(row.Tools, summarize(t.name, samples[i], samples[0]))
	}
	return row, nil
}

// memoryOfTracees is the resident memory of sydbox, in kB, with 1,000 live tracees; 0 without sydbox.
func memoryOfTracees(tools []tool) (int, error) {
	i := slices.IndexFunc(tools, func(t tool) bool { return t.name == "sydbox" })
	if i < 0 {
		return 0, nil
	}
	const script = `i=0; while [ $i -lt 1000 ]; do sleep 600 & i=$((i+1)); done; echo ready; read line; kill -KILL 0`
	argv := append(slices.Clone(tools[i].prefix), "/bin/sh", "-c", script)
	cmd := exec.Command(argv[0], argv[1:]...)
	// A group of its own, which ends with kill 0: sydbox as well.
	cmd.SysProcAttr = &unix.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		stdin.Close()
		_ = cmd.Wait()
	}()
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "ready\n" {
		return 0, fmt.Errorf("the tracees did not start: %q, %w", line, err)
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		var kb int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kb); n == 1 {
			return kb, nil
		}
	}
	return 0, errors.New("no VmRSS in /proc/PID/status")
}
