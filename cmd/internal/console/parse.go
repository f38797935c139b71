package console

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Grammar is what can be typed.
type Grammar struct {
	// Description is the first line of help.
	Description string
	// Usage has the first line of help of each command by its path, "policy show"; that of the program itself is under
	// "". The parser's own would put the flags behind the command, where they would be the command's; it is taken for
	// what has none here.
	Usage map[string]string
	// Version is what --version prints.
	Version string
	// Texts are the longer texts of flags, by the word that stands for them in a tag: `help:"help_NAME"`. The parser's own
	// variables would cost a millisecond: it looks for others in each of them, anew for each flag.
	Texts map[string]string
}

// Parser makes the parser of a command line.
func (p Program) Parser(cli any, g *Grammar) (*kong.Kong, error) {
	parser, err := kong.New(cli,
		kong.Name(string(p)),
		kong.Description(g.Description),
		kong.Help(g.printHelp),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.Vars{"version": g.Version},
		// --help and --version end the parser: they did what was asked.
		kong.Exit(func(status int) { panic(exitedEarly(status)) }),
		kong.Writers(os.Stdout, io.Discard),
	)
	if err != nil {
		return nil, err
	}
	return parser, g.write(parser.Model.Node)
}

// write puts the texts in their places, in a command and those below it.
func (g *Grammar) write(node *kong.Node) error {
	values := slices.Clone(node.Positional)
	for _, flag := range node.Flags {
		values = append(values, flag.Value)
	}
	for _, value := range values {
		if text, ok := g.Texts[value.Help]; ok {
			value.Help = text
		} else if strings.HasPrefix(value.Help, "help_") {
			return fmt.Errorf("%s: there is no text %s", value.Summary(), value.Help)
		}
	}
	for _, child := range node.Children {
		if err := g.write(child); err != nil {
			return err
		}
	}
	return nil
}

func (g *Grammar) printHelp(o kong.HelpOptions, ctx *kong.Context) error {
	name, usage := "", ""
	if node := ctx.Selected(); node != nil {
		name, usage = node.Path(), ctx.Model.Name+" "+node.Summary()
	}
	if own, ok := g.Usage[name]; ok {
		usage = own
	}
	if _, err := fmt.Fprintf(ctx.Stdout, "Usage: %s\n", usage); err != nil {
		return err
	}
	o.NoAppSummary = true
	return kong.DefaultHelpPrinter(o, ctx)
}

// exitedEarly is how the parser's Exit leaves it.
type exitedEarly int

// Parse parses arguments. The context is nil if they were --help or --version, and all is done.
func (p Program) Parse(parser *kong.Kong, args []string) (ctx *kong.Context, err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case exitedEarly:
			ctx, err = nil, nil
		default:
			panic(v)
		}
	}()
	if ctx, err = parser.Parse(args); err != nil {
		return nil, p.usage(err)
	}
	return ctx, nil
}

// usage turns the parser's error into ours.
func (p Program) usage(err error) error {
	var parse *kong.ParseError
	command := string(p)
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Selected() != nil {
		command += " " + parse.Context.Selected().Name
	}
	if flag, _, guessed := strings.Cut(err.Error(), ", did you mean"); guessed && len(flag) == len("unknown flag -x") {
		err = errors.New(flag) // every flag of one letter is near
	}
	if strings.Contains(err.Error(), "missing unit in duration") {
		return WithHints(err, "write it with its unit: 10s, 5m, 1h30m")
	}
	return WithHints(err, command+" --help shows what can be typed")
}
