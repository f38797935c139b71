package main

import "sydbox/record/ask"

type leftoversQuestion struct {
	question
	treeFlags
}

// Help implements kong's HelpProvider.
func (q *leftoversQuestion) Help() string { return "The status is 1 if something was left." }

// Run answers.
func (q *leftoversQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	return q.answer(ask.Leftovers(t, q.options()), status)
}
