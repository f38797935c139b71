package main

import (
	"io"

	"sydbox/record/page"
)

// reportCommand writes the page. It is no question: there is nothing to answer in JSON.
type reportCommand struct {
	Recording string `short:"r" placeholder:"RECORDING" help:"A file; @2 is the latest but one; else the latest."`
	Output    string `short:"o" required:"" placeholder:"FILE" help:"Where to write it, \"-\" for standard output."`
}

// Help is what report --help says besides the flags.
func (*reportCommand) Help() string {
	return `The page needs nothing but a browser and fetches nothing: it has the processes, when each ran, all files,
the network, and what was said on standard error. It has the arguments of all commands and the changes of their
environment, so look before giving it away.`
}

// Run writes it.
func (c *reportCommand) Run() error {
	t, err := openRecording(c.Recording)
	if err != nil {
		return err
	}
	return writePicture(c.Output, func(w io.Writer) error { return page.Report(w, t) })
}
