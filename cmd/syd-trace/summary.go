package main

import "sydbox/record/ask"

type summaryQuestion struct{ question }

// Run answers.
func (q *summaryQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	a := ask.Summary(t)
	a.Recording = q.Recording
	return q.answer(a, status)
}
