package ask

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sydbox/record/trail"
)

// Blame is which of its children made a process fail. What a parent makes of a child's failure is its own affair: it is
// guessed from what the parent did afterwards, and from what make says about it.

// housekeeping are programs that a script still runs when it has given up: it cleans up, and tells of it.
var housekeeping = map[string]bool{
	"rm": true, "rmdir": true, "cat": true, "sed": true, "sort": true, "mv": true, "kill": true, "echo": true,
	"printf": true, "true": true, "sleep": true, "date": true, "tail": true, "head": true, "tee": true, "tput": true,
	"stty": true, "ls": true, "uniq": true, "tr": true, "expr": true, "basename": true, "dirname": true, "umount": true,
	"hostname": true, "uname": true, "ps": true, "logger": true, "dmesg": true, "grep": true,
}

// shells are programs whose status is that of what they ran last.
var shells = map[string]bool{
	"sh": true, "bash": true, "dash": true, "ash": true, "ksh": true, "mksh": true, "zsh": true, "yash": true,
	"rbash": true, "posh": true,
}

// asking are programs that answer a question by their status: 1 is often no failure.
var asking = map[string]bool{
	"grep": true, "egrep": true, "fgrep": true, "test": true, "[": true, "cmp": true, "diff": true, "expr": true,
	"false": true, "pgrep": true, "which": true, "getent": true, "kill": true, "pkg-config": true, "pkgconf": true,
}

// isShell says whether a process is a shell, or a script that one interprets.
func isShell(p *trail.Proc) bool {
	e := p.Program()
	return e != nil && (shells[e.Name()] || e.Script != "" && shells[base(e.Path)])
}

// isMake says whether a process is make.
func isMake(p *trail.Proc) bool {
	switch p.Name() {
	case "make", "gmake", "bmake", "remake":
		return true
	}
	return false
}

// blame returns the child that made p fail, nil if it failed by itself, and the other children that failed with it.
func blame(t *trail.Trail, p *trail.Proc) (cause *trail.Proc, others []*trail.Proc) {
	if p.End != nil && p.End.Signal != "" {
		return nil, nil // it was killed
	}
	var failed []*trail.Proc
	for _, c := range p.Children {
		if c.Failed() && (p.End == nil || c.Died <= p.Died) && !killedBy(t, c, p) {
			failed = append(failed, c)
		}
	}
	slices.SortStableFunc(failed, func(a, b *trail.Proc) int { return cmp.Compare(a.Died, b.Died) })
	if isMake(p) {
		if list, ok := makeErrors(p, failed); ok {
			return split(list, 0)
		}
	}
	list := failed[:0:0]
	for _, c := range failed {
		if !tolerated(c) && !brokenPipe(c, p) {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	pick := -1
	for i, c := range list {
		if p.End != nil && shellStatus(c) == p.End.Exit && (pick < 0 || isShell(p)) {
			pick = i // the last that a shell ran, the first that anything else did
		}
	}
	if isShell(p) { // what failed before that it did not mind
		if pick < 0 {
			pick = len(list) - 1
		}
		return list[pick], nil
	}
	return split(list, max(pick, 0))
}

// split takes one out of a list.
func split(list []*trail.Proc, pick int) (*trail.Proc, []*trail.Proc) {
	if len(list) == 0 {
		return nil, nil
	}
	others := append([]*trail.Proc(nil), list[:pick]...)
	return list[pick], append(others, list[pick+1:]...)
}

// tolerated says that the parent of a failed process went on with its work.
func tolerated(c *trail.Proc) bool {
	for _, d := range c.Parent.Children {
		if d.Born <= c.Died || d.Failed() || isFork(d) && len(d.Children) == 0 || piped(c, d) {
			continue
		}
		if !isShell(c.Parent) || !housekeeping[d.Name()] {
			return true
		}
	}
	return false
}

// piped says that what c wrote, d read, or the other way round.
func piped(c, d *trail.Proc) bool {
	x, y := c.Program(), d.Program()
	if x == nil || y == nil {
		return false
	}
	for _, pair := range [][2]string{{x.Stdio[1], y.Stdio[0]}, {y.Stdio[1], x.Stdio[0]}} {
		if strings.Contains(pair[0], "pipe:[") && pair[0] == pair[1] {
			return true
		}
	}
	return false
}

// brokenPipe says that a process died of having nobody to write to, which a shell only minds with pipefail.
func brokenPipe(c, p *trail.Proc) bool {
	return c.End.Signal == "SIGPIPE" && (p.End == nil || p.End.Exit != shellStatus(c))
}

// killedBy says that p itself ended c, as timeout does.
func killedBy(t *trail.Trail, c, p *trail.Proc) bool {
	s := killer(t, c)
	return s != nil && s.From == p
}

// killer is the signal that killed a process; nil if none did, or none was seen.
func killer(t *trail.Trail, p *trail.Proc) (last *trail.Signal) {
	if p.End == nil || p.End.Signal == "" {
		return nil
	}
	for i := range t.Signals {
		if s := &t.Signals[i]; s.To == p && s.Signal == p.End.Signal {
			last = s
		}
	}
	return last
}

// shellStatus is a process's status as a shell has it in $?.
func shellStatus(p *trail.Proc) int {
	if p.End.Signal != "" {
		return 128 + signalNumber(p.End.Signal)
	}
	return p.End.Exit
}

// makeError is what make says of a recipe that failed: "make: *** [Makefile:3: all] Error 1", without the stars if it
// goes on as if nothing had happened. Its words depend on the language.
var makeError = regexp.MustCompile(`(?m)^[^\s:]+: (\*\*\* )?\[.*\] (.*)$`)

// makeErrors returns the children that make says it failed for, in the order in which they failed; false if what it
// said does not tell.
func makeErrors(p *trail.Proc, failed []*trail.Proc) (list []*trail.Proc, ok bool) {
	found := makeError.FindAllStringSubmatch(p.Said, -1)
	if len(found) == 0 {
		return nil, strings.Contains(p.Said, "*** ")
	}
	var left []*trail.Proc
	for _, c := range failed {
		if !readByMake(c, p) {
			left = append(left, c)
		}
	}
	for _, m := range found {
		for i, c := range left {
			if c != nil && saysStatus(m[2], c) {
				if m[1] != "" {
					list = append(list, c)
				}
				left[i] = nil
				break
			}
		}
	}
	return list, len(list) > 0 || p.SaidCut == 0 && strings.Contains(p.Said, "*** ")
}

// readByMake says that a child of make writes into a pipe that make reads: $(shell ...), of which make says nothing.
func readByMake(c, p *trail.Proc) bool {
	if len(c.Execs) == 0 || p.Program() == nil {
		return false
	}
	out := c.Execs[0].Stdio[1]
	return strings.Contains(out, "pipe:[") && out != p.Program().Stdio[1]
}

// saysStatus says whether make's words about a failure fit a process: "Error 1", "Killed".
func saysStatus(words string, c *trail.Proc) bool {
	for _, word := range strings.Fields(words) {
		if n, err := strconv.Atoi(word); err == nil {
			return c.End.Signal == "" && c.End.Exit == n
		}
	}
	return c.End.Signal != ""
}
