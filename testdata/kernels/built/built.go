// Package built names programs that were built before a kernel was booted, by the command that a test would have them
// built with: a guest has no compiler, and finds under the name of a command what it would have made.
package built

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Dir is where a guest keeps the programs, each under the Name of its command.
const Dir = "/built"

// Bin is where it keeps what hands them out: gcc, cc and go.
const Bin = Dir + "/bin"

// Root is where a guest has the module: what the tests read, and no Go files.
const Root = "/sydbox"

// Command is a compiler's command without what differs between two calls that make the same program: where they were
// made, and where the program goes.
type Command struct {
	Tool   string // gcc or go
	GOARCH string // of go, if it is not that of the machine
	Args   []string
	Output string // where the program goes
}

// Parse reads a command that was given in dir, a directory of the module. Its sources are told from the root of the
// module on.
func Parse(tool, goarch, dir string, args []string) Command {
	c := Command{Tool: tool, GOARCH: goarch}
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case a == "-o" && i+1 < len(args):
			i++
			c.Output = args[i]
		case strings.HasSuffix(a, ".c"), strings.HasPrefix(a, "./"), strings.HasPrefix(a, "../"):
			if !path.IsAbs(a) {
				a = path.Join(dir, a)
			}
			c.Args = append(c.Args, "./"+strings.TrimPrefix(path.Clean(a), Root+"/"))
		default:
			c.Args = append(c.Args, a)
		}
	}
	return c
}

// String is the command as a line.
func (c *Command) String() string {
	if c.GOARCH != "" {
		return fmt.Sprintf("GOARCH=%s %s %s", c.GOARCH, c.Tool, strings.Join(c.Args, " "))
	}
	return c.Tool + " " + strings.Join(c.Args, " ")
}

// Name is that of the file. The order of the arguments does not matter.
func (c *Command) Name() string {
	sorted := Command{Tool: c.Tool, GOARCH: c.GOARCH, Args: slices.Sorted(slices.Values(c.Args))}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(sorted.String())))[:24]
}
