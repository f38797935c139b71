package main

import "sydbox/record/ask"

type whoQuestion struct {
	question
	Path string `arg:"" help:"The path; a relative one starts at the working directory, or at the recording's."`
}

// Run answers.
func (q *whoQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	return q.answer(ask.Who(t, q.Path), status)
}
