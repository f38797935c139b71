package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"sydbox/cmd/internal/console"
	"sydbox/event"
	"sydbox/policy"
	"sydbox/sandbox"
	"sydbox/sandbox/report"
)

// commandLine is everything that can be typed. List flags are never split at commas (sep:"none").
type commandLine struct {
	runLine

	Check  checkCommand  `cmd:"" help:"Say what a policy decides about paths or a command, and why."`
	Policy policyCommand `cmd:"" help:"Show policies."`

	Features featuresCommand `cmd:"" help:"Say what this kernel has, what is used of it and what is lost without."`
}

// runLine is what can be typed with the word run: a parser of all would cost each run more than the parsing.
type runLine struct {
	Version kong.VersionFlag `help:"Print the version."`

	Run runCommand `cmd:"" help:"Run a command under a policy."`
}

// policyFlags select the policy.
type policyFlags struct {
	Policy []string `short:"p" sep:"none" placeholder:"POLICY" help:"help_policy"`
	Write  []string `short:"w" sep:"none" placeholder:"PATH" help:"help_write"`
	Net    bool     `help:"Allow reaching and offering every address: --allow connect=any --allow bind=any."`
	Allow  []string `sep:"none" placeholder:"SECTION=RULE" help:"Add an allow rule, as in read=~/.ssh/config."`
	Warn   []string `sep:"none" placeholder:"SECTION=RULE" help:"Add a rule that allows and reports."`
	Mute   []string `sep:"none" placeholder:"SECTION=RULE" help:"Add a rule that denies without a report."`
	Deny   []string `sep:"none" placeholder:"SECTION=RULE" help:"Add a rule that denies."`
	Kill   []string `sep:"none" placeholder:"SECTION=RULE" help:"Add a rule that kills the process."`
}

// load loads the policy for the present working directory.
func (f *policyFlags) load() (*policy.Policy, error) {
	rules, err := f.rules()
	if err != nil {
		return nil, err
	}
	p, err := policy.Load(sandbox.Host(), policy.Options{Policies: f.Policy, Rules: rules})
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (f *policyFlags) rules() ([]policy.RuleFlag, error) {
	var rules []policy.RuleFlag
	for _, path := range f.Write {
		rules = append(rules, policy.RuleFlag{Flag: "-w", Section: "write", Action: "allow", Pattern: path})
	}
	if f.Net {
		rules = append(rules, policy.AllowNetwork()...)
	}
	for _, list := range []struct {
		action string
		typed  []string
	}{{"allow", f.Allow}, {"warn", f.Warn}, {"mute", f.Mute}, {"deny", f.Deny}, {"kill", f.Kill}} {
		for _, text := range list.typed {
			section, pattern, ok := strings.Cut(text, "=")
			if !ok {
				example := "read=" + report.ShellQuote(text)
				switch section, isSection := policy.SectionByName(text); {
				case isSection && (section == policy.ConnectSection || section == policy.BindSection):
					example = text + "=ADDRESS"
				case isSection:
					example = text + "=PATH"
				}
				return nil, console.WithHints(fmt.Errorf("--%s %s: there is no section or no rule", list.action, event.Quote(text)),
					"write --"+list.action+" SECTION=RULE, as in --"+list.action+" "+example)
			}
			rules = append(rules, policy.RuleFlag{
				Flag: "--" + list.action, Section: section, Action: list.action, Pattern: pattern,
			})
		}
	}
	return rules, nil
}
