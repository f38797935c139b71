package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"sydbox/arch"
	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/sandbox"
)

// policyCommand is `sydbox policy`.
type policyCommand struct {
	Show   showCommand   `cmd:"" help:"Print the merged policy with the source of every rule."`
	Filter filterCommand `cmd:"" help:"Print which system calls stop, which are refused and which run free."`
	List   listCommand   `cmd:"" help:"List the policies that -p finds by name."`
}

type showCommand struct{ policyFlags }

// Run implements the command.
func (c *showCommand) Run() error {
	pol, err := c.load()
	if err != nil {
		return err
	}
	warn(pol, math.MaxInt)
	return pol.Show(os.Stdout)
}

type listCommand struct{}

// Run implements the command.
func (listCommand) Run() error {
	var out strings.Builder
	profiles := policy.Profiles(sandbox.Host())
	width := 0
	for _, p := range profiles {
		width = max(width, len(p.Name))
	}
	for _, p := range profiles {
		where := "embedded"
		if p.Path != "" {
			where = event.Quote(p.Path)
		}
		if p.Hidden {
			where += ", hidden by the one above"
		}
		about := ""
		if p.About != "" {
			about = p.About + " "
		}
		fmt.Fprintf(&out, "%-*s  %s(%s)\n", width, event.Quote(p.Name), about, where)
	}
	_, err := io.WriteString(os.Stdout, out.String())
	return err
}

type filterCommand struct {
	policyFlags

	ABI string `name:"abi" placeholder:"NAME" help:"Only this ABI: x86_64, i386, x32 ..."`
}

// Run implements the command.
func (c *filterCommand) Run() error {
	pol, err := c.load()
	if err != nil {
		return err
	}
	abis := arch.Native()
	if c.ABI != "" {
		if abis, err = c.only(abis); err != nil {
			return err
		}
	}
	return pol.WriteFilter(os.Stdout, abis, sandbox.FilterOptions(pol))
}

// only picks the ABI that was asked for.
func (c *filterCommand) only(abis []*arch.ABI) ([]*arch.ABI, error) {
	names := make([]string, len(abis))
	for i, abi := range abis {
		if abi.Name == c.ABI {
			return abis[i : i+1], nil
		}
		names[i] = abi.Name
	}
	return nil, console.WithHints(fmt.Errorf("--abi %s: the filter has no such ABI", event.Quote(c.ABI)),
		"it has "+strings.Join(names, ", "))
}
