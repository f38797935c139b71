package tracer

import (
	"bytes"
	"os"
	"strconv"
)

// taskStatus is the text of /proc/TID/status. Only rare cases read it: deaths in the middle of a birth, and errors.
type taskStatus []byte

// readStatus returns nothing if the task is gone.
func readStatus(tid int) taskStatus {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/status")
	if err != nil {
		return nil
	}
	return status
}

// field returns what the line "name:\t..." says, nothing if there is none.
func (s taskStatus) field(name string) []byte {
	_, rest, _ := bytes.Cut(s, []byte("\n"+name+":\t"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return line
}

// number returns the number in the line "name:\tN", 0 if there is none.
func (s taskStatus) number(name string) int {
	n, err := strconv.Atoi(string(s.field(name)))
	if err != nil {
		return 0
	}
	return n
}

// numbers returns those in the line "name:\tN\tN...".
func (s taskStatus) numbers(name string) (list []int) {
	for _, word := range bytes.Fields(s.field(name)) {
		n, _ := strconv.Atoi(string(word)) // the kernel writes nothing else
		list = append(list, n)
	}
	return list
}

// mask returns the set of signals in the line "name:\tHEX", empty if there is none.
func (s taskStatus) mask(name string) uint64 {
	line := s.field(name)
	if len(line) > 16 {
		line = line[len(line)-16:] // MIPS has 128 signals
	}
	set, err := strconv.ParseUint(string(line), 16, 64)
	if err != nil {
		return 0
	}
	return set
}

// ended says whether the task is gone or a zombie.
func (s taskStatus) ended() bool {
	return len(s) == 0 || s.state('Z') || s.state('X')
}

// state says whether the task is in a state, by its letter (proc_pid_stat(5)).
func (s taskStatus) state(letter byte) bool {
	return bytes.HasPrefix(s.field("State"), []byte{letter})
}

// tracerOf returns the TID of the thread that traces tid, 0 if there is none or nobody can tell.
func tracerOf(tid int) int { return readStatus(tid).number("TracerPid") }

// life is what tells a process from another that has its PID later.
type life struct {
	parent  int    // the parent's PID, 0 if it has none or its parent is in another PID namespace
	started uint64 // clock ticks since the boot plus one, as kthreadd starts at 0; 0 if there is no such process
}

// readLife reads both from /proc/PID/stat at once.
func readLife(pid int) life {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return life{}
	}
	return parseLife(stat)
}

// parseLife takes fields 4 and 22 (proc_pid_stat(5)). The second, the name, may have spaces and parentheses.
func parseLife(stat []byte) (l life) {
	const parent, started = 4 - 3, 22 - 3
	words := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(words) <= started {
		return life{}
	}
	l.parent, _ = strconv.Atoi(string(words[parent])) // the kernel writes nothing else
	l.started, _ = strconv.ParseUint(string(words[started]), 10, 64)
	l.started++
	return l
}
