package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"sydbox/record"
	"sydbox/record/ask"
	"sydbox/sandbox"
)

type policyQuestion struct {
	question
	Bare    bool     `help:"Extend nothing: name what the profile build allows, too."`
	Exec    bool     `help:"Allow only the programs that were executed."`
	Against []string `sep:"none" placeholder:"POLICY" help:"Say what POLICY would have denied instead; may be repeated."`
}

// Help implements kong's HelpProvider.
func (q *policyQuestion) Help() string {
	return "Writes a policy under which the recorded command passes: syd-trace policy > p.toml, then " +
		"sydbox run -p ./p.toml -- CMD. With --against the status is 1 if something would be denied."
}

// Run answers.
func (q *policyQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	programs, err := record.OpenPrograms()
	if err != nil {
		return fmt.Errorf("look at programs: %w", err)
	}
	defer programs.Close()
	o := ask.PolicyOptions{System: *sandbox.Host(), Bare: q.Bare, Exec: q.Exec, Identify: programs.Identify}
	if len(q.Against) > 0 {
		if q.Bare || q.Exec {
			return fmt.Errorf("--against takes a policy as it is: --bare and --exec say how one is made")
		}
		names := make([]string, len(q.Against))
		for i, name := range q.Against {
			names[i] = fromHere(name)
		}
		a, err := ask.PolicyAgainst(t, o, names)
		if err != nil {
			return err
		}
		return q.answer(a, status)
	}
	a, err := ask.Policy(t, o)
	if err != nil {
		return err
	}
	return q.answer(a, status)
}

// fromHere is the name of a policy that is a file, seen from this directory: a recording has one of its own.
func fromHere(name string) string {
	if !strings.Contains(name, "/") && !strings.HasSuffix(name, ".toml") || strings.HasPrefix(name, "~") {
		return name
	}
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}
