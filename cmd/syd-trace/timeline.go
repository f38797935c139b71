package main

import (
	"io"

	"sydbox/record/ask"
	"sydbox/record/page"
)

type timelineQuestion struct {
	question
	Output string `short:"o" placeholder:"FILE" help:"Write a trace for ui.perfetto.dev, \"-\" for standard output."`
	Most   int    `short:"n" name:"most" default:"12" placeholder:"N" help:"Show the N longest of each; 0 is for all."`
}

// Help is what timeline --help says besides the flags.
func (*timelineQuestion) Help() string {
	return `Without -o it says where the time went: the critical path, which is what the command waited for from its start
to its end, the longest processes, and times in which all waited. A trace is in the format of Chrome (chrome://tracing,
ui.perfetto.dev): a lane has what can run at one time, and the critical path has one of its own.`
}

// Run answers, or draws.
func (q *timelineQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	if q.Output != "" {
		return writePicture(q.Output, func(w io.Writer) error { return page.Timeline(w, t) })
	}
	return q.answer(ask.Timeline(t, max(q.Most, 0)), status)
}
