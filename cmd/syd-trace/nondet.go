package main

import "sydbox/record/ask"

type nondetQuestion struct{ question }

// Run answers.
func (q *nondetQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	return q.answer(ask.Nondet(t, ask.HostFiles{}), status)
}
