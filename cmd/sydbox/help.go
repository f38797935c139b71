package main

import (
	"fmt"

	"github.com/alecthomas/kong"
)

// usageLines are the first lines of help. The parser's own would put the flags behind the command, where they would be
// the command's.
var usageLines = map[string]string{
	"":              "sydbox run|check|policy ...",
	"run":           "sydbox run [FLAGS] [--] CMD [ARG...]",
	"check":         "sydbox check [FLAGS] PATH...",
	"policy":        "sydbox policy show|filter|list ...",
	"policy show":   "sydbox policy show [FLAGS]",
	"policy filter": "sydbox policy filter [FLAGS]",
	"policy list":   "sydbox policy list",
}

func printHelp(o kong.HelpOptions, ctx *kong.Context) error {
	name := ""
	if node := ctx.Selected(); node != nil {
		name = node.Path()
	}
	if _, err := fmt.Fprintf(ctx.Stdout, "Usage: %s\n", usageLines[name]); err != nil {
		return err
	}
	o.NoAppSummary = true
	return kong.DefaultHelpPrinter(o, ctx)
}

// Help is the end of `sydbox run --help`.
func (*runCommand) Help() string {
	return `After the first word everything belongs to the command.

Exit status: the command's own. If a signal killed it, sydbox ends by the same signal. 124: the time limit ended the
run. 125: sydbox itself failed. 126: the command cannot be executed, or may not. 127: there is no such command.`
}

// Help is the end of `sydbox check --help`.
func (*checkCommand) Help() string {
	return `Each answer names the rule that decides and those that lost to it, best first.

Exit status: 0: all is allowed. 1: something is denied. 2: a path leads nowhere that can be judged.`
}
