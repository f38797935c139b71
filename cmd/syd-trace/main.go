// Command syd-trace records what a command and everything it starts do, and answers questions about the recording.
//
// Here are the flags, the exit statuses and what a person reads; what a library user would miss lives in package record
// and below. main.go is the way in, flags.go what can be typed, one file for each question.
package main

import (
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"sydbox/sandbox"
)

func main() {
	sandbox.Init() // the second run of this program is the shim that becomes the command
	os.Exit(mainStatus(os.Args[1:]))
}

// mainStatus does what the arguments say and returns the exit status.
func mainStatus(args []string) int {
	var cli commandLine
	parser, err := kong.New(&cli, kong.Name("syd-trace"), kong.Description("Record a build, then ask."))
	if err != nil {
		return fail(err)
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		return fail(err)
	}
	status := 0
	if err := ctx.Run(&status); err != nil {
		return fail(err)
	}
	return status
}

func fail(err error) int {
	fmt.Fprintf(os.Stderr, "syd-trace: %s\n", err)
	return statusFailed
}

// statusFailed: syd-trace itself failed.
const statusFailed = 125
