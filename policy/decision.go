// Package policy turns TOML into compiled rules and rules into decisions that know where they came from.
//
// It is pure: files, variables and the resolution of literal prefixes come from a System that the caller hands in. A
// loaded Policy never changes and may be used from any goroutine; Decide allocates nothing.
package policy

import (
	"syscall"

	"sydbox/access"
)

// Action is what a rule does with what it matches. A stricter action has a higher value.
type Action uint8

// The actions, from the mildest to the strictest.
const (
	Allow    Action = iota // happens
	Warn                   // happens and is reported
	Mute                   // denied without a report
	Deny                   // denied and reported
	Kill                   // the process is killed
	KillTree               // everything is killed
)

// Section is a part of the policy that judges operations: "read", "stat", "write", "create", "delete", "attr", "exec", "connect",
// "bind".
type Section uint8

// Rule is one line of a policy, or a section's default, with its source.
type Rule struct {
	Section Section
	Action  Action
	// Text is the pattern or address as written ("$PWD/.git"); "default" for a section's default.
	Text string
	// Default says that this is what holds where no rule matches.
	Default bool
	// Layer is the source: 0 is the nearest (the command line).
	Layer int
	// Source is the layer's name for people: "command line", "build", "/home/a/p.toml".
	Source string
	// Line and Column are 1-based places in Source; 0 for the command line and for defaults that nobody wrote.
	Line, Column int
}

// Query asks about one operation on one object.
type Query struct {
	// Op is exactly one operation.
	Op access.Op
	// Path is the canonical path of the object in the target's root.
	Path []byte
	// Names are further spellings that deny rules see too (exec: the path as typed, each symlink hop).
	Names [][]byte
	// Member: Path lies in /proc/PID of a process of the tree ($TREE).
	Member bool
	// Stdio: the object was open as descriptor 0, 1 or 2 at the start with at least this access ($STDIO).
	Stdio bool
	// Addr is the address of a Connect or Bind. Of a unix socket with a path, Path is where that leads.
	Addr *access.Address
	// Owner is asked whether the tree itself holds Addr (`bound`), where a rule turns on that; nil means that it does not.
	Owner Owner
	// Hosts are the names that Addr is known to belong to, from answers that can be trusted.
	Hosts []string
}

// Owner knows what the tree has bound.
type Owner interface {
	// Owns says whether whatever is sent to an address now reaches sockets of the tree and no others.
	Owns(a *access.Address) bool
}

// Decision is the answer to a Query. Rule is never nil: it is the rule that decided or the section's default.
type Decision struct {
	Action Action
	// Errno is what a denial returns: what the policy says, else what fits the object (see ErrnoSet).
	Errno syscall.Errno
	// ErrnoSet says that the policy itself named Errno. Otherwise whoever knows more about an address than its text may
	// answer better: that of another interface of this machine refuses connections, it is not unreachable.
	ErrnoSet bool
	Rule     *Rule
	// Local says that what lets a Bind happen is `local`: the socket may take the address, but nobody outside of this
	// machine may reach it there.
	Local bool
}

// Denied says whether the decision keeps the call from happening.
func (d *Decision) Denied() bool { return d.Action >= Mute }
