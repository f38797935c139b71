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
	// Action is "deny", "mute", "kill", "kill-tree", "warn" where the call went on, or "unseen" where it was allowed, could
	// only be looked at afterwards, and its task was killed before that, by somebody or by another thread's exec.
	Action string
	Op     string // the operation: "create"
	Errno  string // what the call returned: "EACCES"; empty if it went on
	Call   string // "openat"
	Flags  string // "O_WRONLY|O_CREAT"; empty where a call has none
	Typed  string // the path as the tracee gave it; empty for a descriptor
	Path   string // the path as resolved
	// Address is where a socket call was to reach or to be reached, as a rule writes it: "93.184.216.34:443",
	// "[2001:db8::1]:53", "unix:/run/docker.sock" (resolved), "abstract:name", "family:vsock". Empty for other calls.
	Address string
	// Protocol is the socket's: "tcp", "udp", "stream", "dgram", "seqpacket"; empty if it is not known.
	Protocol string
	// Host is the name by which the tree knows the address, empty if nothing told one.
	Host string
	// Target is the process that a call was aimed at, for operations on processes; a negative PID is a group's, and with
	// PID 0 there is none.
	Target Process
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
