package main

import (
	"fmt"
	"strings"
	"time"

	"sydbox/event"
	"sydbox/sandbox"
)

// hardened tells what the command is started with: the log always, the terminal where --explain asks for it, and where
// something was wanted and cannot be had.
func (r *runCommand) hardened(list []event.Primitive, log *logFile) {
	if log.log != nil {
		log.log.Hardening(&event.Hardening{Time: time.Now(), Primitives: list})
	}
	if r.Explain {
		self.Say(explained(list))
		return
	}
	for i := range list {
		// What is preferred as long as nobody says otherwise is told of by `sydbox features`.
		p := &list[i]
		usual := p.Name == "landlock" || p.Name == "pinning"
		if p.Status == "failed" && p.Level == "preferred" && !r.Quiet && !usual {
			self.Say("warning: without " + p.Name + ": " + because(p))
		}
	}
}

// explained is a table: a line for each primitive.
func explained(list []event.Primitive) string {
	var b strings.Builder
	b.WriteString("the command is started with")
	for i := range list {
		p := &list[i]
		fmt.Fprintf(&b, "\n  %-18s %-10s %s", p.Name, p.Level, p.Status)
		if why := because(p); why != "" {
			b.WriteString(": " + why)
		}
	}
	return b.String()
}

// because is the reason, with the errno where the words do not say the same.
func because(p *event.Primitive) string {
	switch {
	case p.Errno == "":
		return p.Reason
	case p.Reason == "":
		return p.Errno
	}
	return p.Reason + " (" + p.Errno + ")"
}

// tellCut says that not all of the output was passed on.
func (r *runCommand) tellCut(cmd *sandbox.Cmd) {
	if n := cmd.OutputCut(); n > 0 {
		self.Say(fmt.Sprintf("output was cut: %d bytes beyond the limit of %d ([run] output)", n, cmd.Output))
	}
}
