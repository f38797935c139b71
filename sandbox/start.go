package sandbox

import (
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/policy/program"
)

// judgeLaunch decides about the command itself before anything starts. nil means that it may start; in warn mode it
// always may, and what would have kept it from it is reported.
func (b *box) judgeLaunch(c *Cmd) *event.Denial {
	if b.execs == nil {
		return nil
	}
	path := c.Path
	if !filepath.IsAbs(path) && c.Dir != "" {
		path = filepath.Join(c.Dir, path)
	}
	pid := os.Getpid()
	b.res.Task(pid, pid)
	f, links, err := b.execs.view.Open([]byte(path))
	if err != nil {
		return nil // the start will fail, and say why
	}
	defer f.Close()
	x := &program.Exec{Typed: []byte(path), File: f, Hops: links, Argv: bytesOf(c.Args)}
	id := b.execs.cache.Identify(x, b.execs.view, b.policy.Originals())
	b.execs.command = id
	d := b.policy.DecideExec(id)
	if d.Action == policy.Allow {
		return nil
	}
	v := verdictOf(&d)
	denial := &event.Denial{
		Time: time.Now(), Action: d.Action.String(), Op: access.Exec.String(), Call: "execve",
		Typed: c.Path, Path: string(f.Path()), Dir: c.Dir, PID: pid, TID: pid, Why: v.why,
	}
	if denial.Dir == "" {
		denial.Dir, _ = unix.Getwd()
	}
	if d.Rule != nil {
		denial.Rule = eventRule(d.Rule)
	}
	if b.mode == WarnOnly || !d.Denied() {
		denial.Action = actionWarn
		b.reports.send(denial)
		return nil
	}
	denial.Action, denial.Errno = policy.Deny.String(), unix.ErrnoName(d.Errno) // there is nothing to kill yet
	return denial
}

func bytesOf(words []string) [][]byte {
	list := make([][]byte, len(words))
	for i, w := range words {
		list[i] = []byte(w)
	}
	return list
}
