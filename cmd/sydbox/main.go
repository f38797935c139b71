// Command sydbox runs a command, and everything it starts, under a policy (docs/policy.md).
//
// Here are the flags, the exit statuses and what a person reads; what a library user would miss lives in package
// sandbox and below. Each file has one subject: main.go the way in, flags.go what can be typed, status.go how the
// process ends; one file for each command. What syd-trace does likewise is in package console.
package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"

	"sydbox/cmd/internal/console"
	"sydbox/sandbox"
	"sydbox/sandbox/report"
)

func main() {
	sandbox.Init() // the second run of this program is the shim that becomes the command
	console.DieOfQuit()
	sandbox.OwnProgram()
	os.Exit(mainStatus(os.Args[1:]))
}

// self is this program.
const self = console.Program("sydbox")

// release is set by the linker: -X main.release=1.2.3.
var release string

// mainStatus does what the arguments say and returns the exit status.
func mainStatus(args []string) int {
	var cli commandLine
	grammar.Version = self.Version(release)
	var line any = &cli
	if len(args) > 0 && args[0] == "run" {
		line = &cli.runLine
	}
	parser, err := self.Parser(line, &grammar)
	if err != nil {
		return self.Fail(err)
	}
	args, cli.Check.command, cli.Check.separated = splitCheck(args)
	context, err := self.Parse(parser, args)
	if err != nil {
		return self.Fail(meantRun(err, args))
	}
	if context == nil {
		return 0
	}
	cli.Run.typed = flagsBefore(args, cli.Run.Command)
	status := 0
	if err := context.Run(&status); err != nil {
		return self.Fail(err)
	}
	return status
}

// meantRun adds how a command is run to the error about arguments that begin with one.
func meantRun(err error, args []string) error {
	if len(args) == 0 || !strings.HasPrefix(err.Error(), "unexpected argument "+args[0]) {
		return err
	}
	if _, missing := exec.LookPath(args[0]); missing != nil {
		return err
	}
	line := "sydbox run --"
	for _, word := range args {
		line += " " + report.ShellQuote(word)
	}
	return console.WithHints(errors.Unwrap(err), "to run that command: "+line)
}
