package main

import (
	"os"

	"sydbox/record/ask"
	"sydbox/record/show"
)

type diffQuestion struct {
	A    string `arg:"" help:"A recording: a file, or @2 for the one before the latest, @1."`
	B    string `arg:"" help:"Another."`
	All  bool   `help:"Show every difference, and compare variables of the session and files of caches too."`
	JSON bool   `name:"json" help:"Write the answer as JSON."`
}

// Run answers.
func (q *diffQuestion) Run(status *int) error {
	a, err := openRecording(q.A)
	if err != nil {
		return err
	}
	b, err := openRecording(q.B)
	if err != nil {
		return err
	}
	answer := ask.Diff(a, b, q.A, q.B, q.All)
	*status = answer.Status()
	if q.JSON {
		return show.JSON(os.Stdout, answer)
	}
	p := printer(os.Stdout)
	answer.Text(p)
	return p.Err()
}
