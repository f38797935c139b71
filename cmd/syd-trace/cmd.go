package main

import "sydbox/record/ask"

type cmdQuestion struct {
	question
	Process string `arg:"" placeholder:"#N" help:"The process, by the number that every table has: '#77' or 77."`
	Env     string `enum:"changes,all" default:"changes" help:"Set the changes of the environment, or all of it (env -i)."`
	Sh      bool   `help:"Write it for any POSIX shell, dash among them."`
	Program int    `placeholder:"N" help:"Which of the programs that the process became, from 1; the last unless said."`
}

// Run answers.
func (q *cmdQuestion) Run(status *int) error {
	t, err := q.trail()
	if err != nil {
		return err
	}
	p, err := ask.Number(t, q.Process)
	if err != nil {
		return err
	}
	return q.answer(ask.Cmd(t, p, ask.CmdOptions{AllEnv: q.Env == "all", Sh: q.Sh, Program: q.Program}), status)
}
