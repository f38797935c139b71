package main

import (
	"sydbox/record/ask"
	"sydbox/record/trail"
)

type missingQuestion struct {
	question
	Process    string `arg:"" optional:"" placeholder:"#N" help:"Only what this process and what it started looked for."`
	NeverFound bool   `help:"Only what was found nowhere, at no time."`
	Program    string `placeholder:"GLOB" help:"Only what programs of this name looked for."`
	All        bool   `help:"All names and directories, and what programs look for everywhere: locales, say."`
}

// Run answers.
func (q *missingQuestion) Run(status *int) error {
	if q.Program != "" {
		if err := isProgramPattern(q.Program); err != nil {
			return err
		}
	}
	t, err := q.trail()
	if err != nil {
		return err
	}
	below, err := optionalProcess(t, q.Process)
	if err != nil {
		return err
	}
	return q.answer(ask.Missing(t, ask.MissingOptions{
		NeverFound: q.NeverFound, Program: q.Program, Below: below, All: q.All,
	}), status)
}

// optionalProcess is a process by its number, nil if none was typed.
func optionalProcess(t *trail.Trail, typed string) (*trail.Proc, error) {
	if typed == "" {
		return nil, nil
	}
	return ask.Number(t, typed)
}
