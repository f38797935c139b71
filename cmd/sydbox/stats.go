package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/cmd/internal/console"
	"sydbox/sandbox"
	"sydbox/tracer"
)

// stats is what --stats writes; docs/performance.md describes it.
type stats struct {
	V       int      `json:"v"`
	Command []string `json:"command"`
	Exit    int      `json:"exit"`
	WallNS  int64    `json:"wall_ns"`
	CPU     statsCPU `json:"cpu_ns"`
	// PeakKB is sydbox's own resident memory at its largest.
	PeakKB int               `json:"sydbox_peak_kb"`
	Stops  map[string]uint64 `json:"stops"`
	Calls  []statsCall       `json:"calls"`
}

// statsCPU is user and system time together.
type statsCPU struct {
	Tree   int64 `json:"tree"`
	Sydbox int64 `json:"sydbox"`
	Start  int64 `json:"sydbox_start"` // of it, before the command ran
}

// statsCall is a call and how often each thing became of it.
type statsCall struct {
	Call     string            `json:"call"`
	Stops    uint64            `json:"stops"`
	Outcomes map[string]uint64 `json:"outcomes"`
}

// statsFile is the --stats of a run; the zero value is none.
type statsFile struct {
	file   *os.File
	counts *tracer.Counts
	begun  time.Time
	start  int64
}

func (r *runCommand) openStats() (*statsFile, error) {
	if r.Stats == nil {
		return &statsFile{}, nil
	}
	f, err := os.OpenFile(*r.Stats, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_CLOEXEC|unix.O_NOCTTY, 0o644)
	if err != nil {
		return nil, console.WithHints(fmt.Errorf("--stats: %w", err), "nothing was started")
	}
	return &statsFile{file: f, counts: &tracer.Counts{}, begun: time.Now()}, nil
}

// run runs the command and notes what was spent before its first instruction.
func (s *statsFile) run(cmd *sandbox.Cmd) error {
	cmd.Counts = s.counts
	if err := cmd.Start(); err != nil {
		return err
	}
	if s.file != nil {
		s.start = cpuTime(unix.RUSAGE_SELF)
	}
	return cmd.Wait()
}

// finish writes the file once everything is over.
func (s *statsFile) finish(end ending, command []string) ending {
	if s.file == nil {
		return end
	}
	err := s.write(end, command)
	switch {
	case err == nil:
		return end
	case end.status == 0:
		end.status = console.StatusFailed
	}
	if end.err == nil {
		end.err = console.WithStatus(end.status, err)
	} else {
		self.Fail(err)
	}
	return end
}

func (s *statsFile) write(end ending, command []string) error {
	out := stats{
		V: 1, Command: command, Exit: end.status, WallNS: time.Since(s.begun).Nanoseconds(),
		CPU: statsCPU{
			Tree: cpuTime(unix.RUSAGE_CHILDREN), Sydbox: cpuTime(unix.RUSAGE_SELF), Start: s.start,
		},
		PeakKB: peakKB(), Stops: map[string]uint64{}, Calls: []statsCall{},
	}
	for kind, n := range s.counts.Stops {
		out.Stops[tracer.StopKind(kind).String()] = n
	}
	for _, c := range s.counts.Calls() {
		row := statsCall{Call: c.Name, Stops: c.Total(), Outcomes: map[string]uint64{}}
		for o, n := range c.Outcomes {
			if n != 0 {
				row.Outcomes[tracer.Outcome(o).String()] = n
			}
		}
		out.Calls = append(out.Calls, row)
	}
	enc := json.NewEncoder(s.file)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(&out)
	if closed := s.file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("--stats: %w", err)
	}
	return nil
}

// cpuTime is user and system time in nanoseconds: of this process, or of all it has waited for and they have.
func cpuTime(who int) int64 {
	var ru unix.Rusage
	if unix.Getrusage(who, &ru) != nil {
		return 0 // it fails for another who alone
	}
	return ru.Utime.Nano() + ru.Stime.Nano()
}

// peakKB is VmHWM: ru_maxrss keeps what this process had before it became sydbox (getrusage(2)). 0 without /proc.
func peakKB() int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kb int
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kb); n == 1 {
			return kb
		}
	}
	return 0
}
