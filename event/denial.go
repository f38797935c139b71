// Package event is the schema of what sydbox logs and records: one event, one JSON line (docs/schema.md).
//
// Strings that came from a tracee are raw bytes here; the encoders quote them, so nothing hostile reaches a terminal
// or breaks a line of JSON.
package event

import "time"

// Version is the schema's version, written as "v" in every line.
const Version = 1

// Process names one process of a chain.
type Process struct {
	PID  int
	Name string // its program's name: the base of what it executed
}

// Rule is the rule that decided, with its source.
type Rule struct {
	Section string // "write"
	Action  string // "deny"
	Text    string // the pattern as written, "default" for a section's default
	Source  string // "build", "command line", "/home/a/p.toml"
	Line    int    // 0 where there is none
	Column  int
}

// Denial is one operation that a rule denied, or reported in warn mode.
type Denial struct {
	Time time.Time
	// Action is "deny", "mute", "kill", "kill-tree", or "warn" where the call went on.
	Action string
	Op     string // the operation: "create"
	Errno  string // what the call returned: "EACCES"; empty if it went on
	Call   string // "openat"
	Flags  string // "O_WRONLY|O_CREAT"; empty where a call has none
	Typed  string // the path as the tracee gave it; empty for a descriptor
	Path   string // the path as resolved
	Dir    string // the process's working directory
	PID    int
	TID    int
	Chain  []Process // the process first, then its parents up to the target
	Rule   Rule
	// Why explains a denial that no rule made ("the path cannot be read"); empty otherwise.
	Why string
	// Natural is set if the kernel would have refused as well ("EACCES": file permissions); no rule can help then.
	Natural string
}
