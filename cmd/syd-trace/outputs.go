package main

import (
	"os"

	"sydbox/record/ask"
)

type outputsQuestion struct {
	question
	treeFlags
}

// treeFlags say what belongs to what is built.
type treeFlags struct {
	Source []string `sep:"none" placeholder:"DIR" help:"DIR belongs to what is built, too; may be repeated."`
	Files  bool     `help:"Show every file."`
}

// Run answers.
func (q *outputsQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	return q.answer(ask.Outputs(t, q.options()), status)
}

func (q *treeFlags) options() ask.OutputsOptions {
	o := ask.OutputsOptions{Files: q.Files, Look: lookAt}
	for _, dir := range q.Source {
		o.Sources = append(o.Sources, whereItLeads(dir))
	}
	return o
}

// lookAt tells the size of what is there by that name.
func lookAt(path string) (size int64, there bool) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, false
	}
	return info.Size(), true
}
