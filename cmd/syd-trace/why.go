package main

import "sydbox/record/ask"

type whyQuestion struct {
	question
	All bool `help:"Show all that it said, tried in vain, and all that failed too."`
}

// Run answers.
func (q *whyQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	a := ask.Why(t)
	a.All, a.Recording = q.All, q.Recording
	return q.answer(a, status)
}
