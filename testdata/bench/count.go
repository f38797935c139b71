package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// held waits for a line before it becomes the command, so that there is a process to count in.
const held = `read go <&3; exec 3<&-; exec "$@"`

// count runs a workload once under each tool and counts instead of measuring.
func (w *workload) count(kind string, k *kit, tools []tool, row *Workload) error {
	if err := w.stops(k, tools, row); err != nil {
		return err
	}
	for _, t := range tools {
		if kind == countSyscalls && !t.own {
			continue // they have no tracer, or one that is none of ours
		}
		counts, err := w.countOnce(kind, t)
		if err != nil && (t.own || t.prefix == nil) {
			return err
		} else if err != nil {
			fmt.Fprintf(os.Stderr, "bench: %s: %v\n", w.name, err)
			row.Tools = append(row.Tools, Tool{Name: t.name, Failed: true})
			continue
		}
		fmt.Fprintf(os.Stderr, "%s, %s: %d %s\n", w.name, t.name, total(counts), kind)
		row.Tools = append(row.Tools, Tool{Name: t.name, Counts: counts})
	}
	return nil
}

// countOnce runs it and returns what was counted, without what was not.
func (w *workload) countOnce(kind string, t tool) (map[string]uint64, error) {
	events, err := eventsOf(kind)
	if err != nil {
		return nil, err
	}
	argv := w.command(t, w.argv)
	cmd, done, err := w.start(append([]string{"/bin/sh", "-c", held, "sh"}, argv...))
	if err != nil {
		return nil, err
	}
	defer done()
	return countIn(cmd, events)
}

// countIn runs a command that waits for a line on descriptor 3, and counts from its next exec on.
func countIn(cmd *exec.Cmd, events []event) (map[string]uint64, error) {
	gate, opener, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer opener.Close()
	var stderr strings.Builder
	cmd.Stderr, cmd.ExtraFiles = &stderr, []*os.File{gate}
	err = cmd.Start()
	gate.Close()
	if err != nil {
		return nil, err
	}
	counters, err := openAll(events, cmd.Process.Pid)
	defer closeAll(counters)
	if err != nil {
		_ = cmd.Process.Signal(syscall.SIGKILL) // it waits, and nothing else was started
		_ = cmd.Wait()
		return nil, err
	}
	if _, err := opener.WriteString("\n"); err != nil {
		return nil, err
	}
	err = cmd.Wait()
	reapAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args[4:], " "), err, stderr.String())
	}
	counts := map[string]uint64{}
	for _, c := range counters {
		n, err := c.read()
		if err != nil {
			return nil, err
		}
		if n != 0 {
			counts[c.name] = n
		}
	}
	return counts, nil
}

func openAll(events []event, pid int) (list []counter, err error) {
	for i := range events {
		c, err := events[i].open(pid)
		if err != nil {
			return list, err
		}
		list = append(list, c)
	}
	return list, nil
}

func closeAll(counters []counter) {
	for _, c := range counters {
		unix.Close(c.fd)
	}
}

func total(counts map[string]uint64) (n uint64) {
	for _, k := range counts {
		n += k
	}
	return n
}
