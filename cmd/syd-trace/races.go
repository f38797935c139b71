package main

import "sydbox/record/ask"

type racesQuestion struct{ question }

// Run answers.
func (q *racesQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	return q.answer(ask.Races(t), status)
}
