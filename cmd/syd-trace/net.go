package main

import "sydbox/record/ask"

type netQuestion struct{ question }

// Run answers.
func (q *netQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	return q.answer(ask.Net(t), status)
}
