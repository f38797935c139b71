package main

import "sydbox/record/ask"

type statsQuestion struct {
	question
	Sort string `enum:"cpu,wall,count,failed,rss,read,written,missing,bytes,name" default:"cpu" help:"Sort by ${enum}."`
	All  bool   `help:"Show all programs, not only the first 25."`
}

// Run answers.
func (q *statsQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	a := ask.Stats(t, q.Sort)
	if !q.All {
		a.Limit = 25
	}
	return q.answer(a, status)
}
