package main

import (
	"errors"
	"os"

	"sydbox/cmd/internal/console"
	"sydbox/record/ask"
)

type whoQuestion struct {
	question
	Path  string `arg:"" help:"The path. A relative one starts here or where the recording was made; its end will do."`
	Below bool   `help:"Ask for a directory and all that is below it."`
	All   bool   `help:"Write every use on a line of its own."`
}

// Run answers.
func (q *whoQuestion) Run(status *int) error {
	if q.Path == "" {
		return console.WithHints(errors.New("who: the path is empty"), "as in syd-trace who config.h; . is this directory")
	}
	t, err := q.trail()
	if err != nil {
		return err
	}
	here, err := os.Getwd()
	if err != nil {
		here = "" // it was deleted: a relative path can only be the recording's
	}
	a := ask.Who(t, q.Path, here, q.Below)
	a.All, a.Recording = q.All, q.Recording
	return q.answer(a, status)
}
