// Command syd-trace records what a command and everything it starts do, and answers questions about the recording
// (docs/tracing.md).
//
// Here are the flags, the exit statuses and what a person reads; what a library user would miss lives in package record
// and below. main.go is the way in, flags.go what can be typed, record.go a recording from its start to its end,
// shelf.go where recordings are kept, question.go what all questions share; one file for each question. What sydbox
// does likewise is in package console.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/sandbox"
)

func main() {
	sandbox.Init() // the second run of this program is the shim that becomes the command
	console.DieOfQuit()
	sandbox.OwnProgram()
	os.Exit(mainStatus(os.Args[1:]))
}

// self is this program.
const self = console.Program("syd-trace")

// release is set by the linker: -X main.release=1.2.3.
var release string

// mainStatus does what the arguments say and returns the exit status.
func mainStatus(args []string) int {
	var cli commandLine
	parser, err := newParser(&cli)
	if err != nil {
		return self.Fail(err)
	}
	args, cli.Record.short = impliedRecord(args)
	if err := checkWords(parser, args); err != nil {
		return self.Fail(err)
	}
	context, err := self.Parse(parser, args)
	if err != nil {
		return self.Fail(err)
	}
	if context == nil {
		return 0
	}
	status := 0
	if err := context.Run(&status); err != nil {
		return self.Fail(err)
	}
	return status
}

func newParser(cli *commandLine) (*kong.Kong, error) {
	grammar.Version = self.Version(release)
	parser, err := self.Parser(cli, &grammar)
	if err != nil {
		return nil, err
	}
	questions := &kong.Group{Key: "questions", Title: "Questions, about the latest recording or that of -r:"}
	for _, node := range parser.Model.Children {
		if node.Group == nil {
			node.Group = questions
		}
	}
	return parser, nil
}

// impliedRecord adds the word that may be left out: `syd-trace --live -- make` is `syd-trace record --live -- make`.
func impliedRecord(args []string) ([]string, bool) {
	if len(args) == 0 || !strings.HasPrefix(args[0], "-") || slices.Contains(ownFlags, args[0]) {
		return args, false
	}
	return append([]string{"record"}, args...), true
}

// ownFlags are those without a command.
var ownFlags = []string{"--help", "-h", "--version"}

// checkWords refuses what the parser would explain badly.
func checkWords(parser *kong.Kong, args []string) error {
	if len(args) == 0 {
		return console.WithHints(fmt.Errorf("there is neither a question nor a command to record"),
			"to record: syd-trace -- make; to ask: syd-trace summary; all questions: syd-trace --help")
	}
	if strings.HasPrefix(args[0], "-") || args[0] == "record" {
		return nil
	}
	isWord := func(n *kong.Node) bool { return n.Name == args[0] || slices.Contains(n.Aliases, args[0]) }
	if !slices.ContainsFunc(parser.Model.Children, isWord) {
		return console.WithHints(fmt.Errorf("there is no question %s", event.Quote(args[0])),
			"syd-trace --help lists the questions; to record it as a command, put -- before it")
	}
	if slices.Contains(args, "--") {
		return console.WithHints(fmt.Errorf("%s: what follows -- is a command to record, and this is a question", args[0]),
			"write a path that starts with a dash as ./-x; to record: syd-trace -- CMD")
	}
	return nil
}
