// Command sydbox runs a command, and everything it starts, under a policy (docs/policy.md).
//
// Here are the flags, the exit statuses and what a person reads; what a library user would miss lives in package
// sandbox and below. Each file has one subject: main.go the way in, flags.go what can be typed, terminal.go how
// failures are told, status.go how the process ends; one file for each command.
package main

import (
	"errors"
	"io"
	"os"
	"strings"

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
	done := exitedEarly(-1)
	parser, err := kong.New(&cli,
		kong.Name("sydbox"),
		kong.Description("Run a command under a policy: what it may read, write, create and execute."),
		kong.Help(printHelp),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.Vars{"version": version()},
		helpTexts,
		// --help and --version end the parser: they did what was asked.
		kong.Exit(func(status int) { panic(exitedEarly(status)) }),
		kong.Writers(os.Stdout, io.Discard),
	)
	if err != nil {
		return fail(err)
	}
	args, cli.Check.command, cli.Check.separated = splitCheck(args)
	context, err := parse(parser, args, &done)
	if done >= 0 {
		return int(done)
	}
	if err != nil {
		return fail(usage(err))
	}
	cli.Run.typed = flagsBefore(args, cli.Run.Command)
	status := 0
	if err := context.Run(&status); err != nil {
		return fail(err)
	}
	return status
}

// exitedEarly is how the parser's Exit leaves it.
type exitedEarly int

func parse(parser *kong.Kong, args []string, done *exitedEarly) (ctx *kong.Context, err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case exitedEarly:
			*done = v
		default:
			panic(v)
		}
	}()
	return parser.Parse(args)
}

// usage turns the parser's error into ours.
func usage(err error) error {
	var parse *kong.ParseError
	hint := "sydbox --help shows what can be typed"
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		hint = "sydbox " + parse.Context.Selected().Name + " --help shows what can be typed"
	}
	if flag, _, guessed := strings.Cut(err.Error(), ", did you mean"); guessed && len(flag) == len("unknown flag -x") {
		err = errors.New(flag) // every flag of one letter is near
	}
	return withHints(err, hint)
}
