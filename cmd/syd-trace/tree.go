package main

import "sydbox/record/ask"

type treeQuestion struct {
	question
	Process string `arg:"" optional:"" placeholder:"#N" help:"Only this process and what is below it."`
	Depth   int    `placeholder:"N" help:"Only so many generations."`
	Program string `placeholder:"GLOB" help:"Only programs of this name, and their ancestors."`
	Failed  bool   `help:"Only what failed, and its ancestors."`
	All     bool   `help:"Each process on a line of its own: siblings of one kind are not folded."`
}

// Run answers.
func (q *treeQuestion) Run(status *int) error {
	if q.Program != "" {
		if err := isProgramPattern(q.Program); err != nil {
			return err
		}
	}
	t, err := q.trail()
	if err != nil {
		return err
	}
	below, err := optionalProcess(t, q.Process)
	if err != nil {
		return err
	}
	return q.answer(ask.Tree(t, ask.TreeOptions{
		Below: below, Depth: q.Depth, Program: q.Program, Failed: q.Failed, All: q.All,
	}), status)
}
