package ask

import (
	"sydbox/record/show"
	"sydbox/sandbox/report"
)

// Next is a question worth asking after an answer.
type Next struct {
	// Question is its name, Args what follows it, as typed into a shell.
	Question string       `json:"question"`
	Args     []show.Bytes `json:"args,omitempty"`
	// Why says what it will tell.
	Why string `json:"why"`
}

// next makes a Next.
func next(why, question string, args ...string) Next {
	return Next{Question: question, Args: show.Strings(args), Why: why}
}

// line is what to type; recording is the one to name, empty for the latest.
func (n Next) line(recording string) string {
	line := "syd-trace " + n.Question
	if recording != "" {
		line += " -r " + report.ShellQuote(recording)
	}
	for _, a := range n.Args {
		line += " " + report.ShellQuote(string(a))
	}
	return line
}

// nextLines writes the questions worth asking.
func nextLines(p *show.Printer, list []Next, recording string) {
	if len(list) == 0 {
		return
	}
	p.Gap()
	p.Heading("Ask next")
	var t show.Table
	for _, n := range list {
		t.Add(n.line(recording), p.Paint(show.Faint, n.Why))
	}
	p.Table(&t, 2)
}
