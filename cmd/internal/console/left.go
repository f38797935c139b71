package console

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"sydbox/event"
)

// mostLeft is how many processes are named that a command left behind.
const mostLeft = 4

// Left says that a command has ended and who is waited for, and what to do about it. Processes that are gone by now are
// not named; if all are, nothing is said.
func (p Program) Left(pids []int) {
	slices.Sort(pids)
	var names []string
	for _, pid := range pids {
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)) // the name is the process's own to choose
		if err == nil {
			names = append(names, fmt.Sprintf("%s[%d]", event.Quote(strings.TrimSuffix(string(name), "\n")), pid))
		}
	}
	if len(names) == 0 {
		return
	}
	if more := len(names) - mostLeft; more > 1 {
		names = append(names[:mostLeft], fmt.Sprintf("%d more", more))
	}
	p.Say("the command has ended; waiting for what it left running: " + strings.Join(names, ", "))
	p.Hint("Ctrl-C ends that too; with --wait root it is not waited for")
}
