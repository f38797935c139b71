package main

import (
	"os"

	"sydbox/record/ask"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// question is what every question can be asked with.
type question struct {
	Recording string `short:"r" placeholder:"FILE" help:"The recording; the latest if none is named."`
	JSON      bool   `name:"json" help:"Write the answer as JSON."`
}

// trail reads the recording.
func (q *question) trail() (*trail.Trail, error) { return trail.Open(q.Recording) }

// answer writes an answer and sets the status.
func (q *question) answer(a ask.Answer, status *int) error {
	*status = a.Status()
	if q.JSON {
		return show.JSON(os.Stdout, a)
	}
	p := show.New(os.Stdout, 0, false)
	a.Text(p)
	return p.Err()
}
