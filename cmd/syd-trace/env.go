package main

import "sydbox/record/ask"

type envQuestion struct {
	question
	Variable string `arg:"" optional:"" help:"The variable; unless it is named, those that changed are listed."`
	All      bool   `help:"Name each process, and list variables that shells keep for themselves."`
}

// Run answers.
func (q *envQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	if q.Variable == "" {
		return q.answer(ask.EnvList(t, q.All), status)
	}
	a := ask.Env(t, q.Variable)
	a.All = q.All
	return q.answer(a, status)
}
