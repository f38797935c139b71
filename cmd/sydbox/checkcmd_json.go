package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"sydbox/event"
	"sydbox/policy"
)

// The schema of --json is in docs/policy.md. JSON has no bytes: a string that is not UTF-8 comes with U+FFFD, and
// once more in base64, as in the log.

type jsonCheck struct {
	Version  int           `json:"v"`
	Command  []string      `json:"command"`
	Verdict  string        `json:"verdict"`
	Status   int           `json:"status"`
	Commands []jsonCommand `json:"commands"`
}

type jsonCommand struct {
	ID      int        `json:"id"`               // from 1 on
	Parent  int        `json:"parent,omitempty"` // the command that starts it
	By      string     `json:"by,omitempty"`
	Argv    []jsonWord `json:"argv"`
	File    string     `json:"file,omitempty"`
	Path    string     `json:"path,omitempty"`
	PathB64 []byte     `json:"path_b64,omitempty"`
	Verdict string     `json:"verdict"`
	Why     string     `json:"why,omitempty"`
	Hint    string     `json:"hint,omitempty"`
	Action  string     `json:"action,omitempty"`
	Errno   string     `json:"errno,omitempty"`
	Rule    *jsonRule  `json:"rule,omitempty"`
	Lost    []jsonRule `json:"lost,omitempty"`
	Steps   []jsonStep `json:"steps,omitempty"`
	Names   []jsonName `json:"names,omitempty"`
}

type jsonWord struct {
	Text string `json:"text"`
	B64  string `json:"b64,omitempty"`
	// Open: the text is the source of what will be known only when it runs; Many: perhaps several words, or none.
	Open bool `json:"open,omitempty"`
	Many bool `json:"many,omitempty"`
}

type jsonRule struct {
	Section string `json:"section"`
	Action  string `json:"action"`
	Text    string `json:"text"`
	Source  string `json:"source"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Name    string `json:"name,omitempty"` // by which it matches
}

type jsonStep struct {
	What string `json:"what"`
	Path string `json:"path,omitempty"`
	Note string `json:"note,omitempty"`
}

type jsonName struct {
	Text    string     `json:"text"`
	B64     string     `json:"b64,omitempty"`
	How     string     `json:"how"`
	Detail  string     `json:"detail,omitempty"`
	Args    []jsonWord `json:"args,omitempty"`
	Runs    bool       `json:"runs,omitempty"`
	Unsure  bool       `json:"unsure,omitempty"`
	Matched bool       `json:"matched,omitempty"`
}

// json writes the findings as one object on one line.
func (c *checker) json(command []string) ([]byte, error) {
	worst := c.worst()
	check := jsonCheck{Version: event.Version, Command: command, Verdict: worst.String(), Status: worst.status()}
	for i, f := range c.findings {
		check.Commands = append(check.Commands, f.json(i+1))
	}
	if c.full {
		check.Commands = append(check.Commands, jsonCommand{ID: len(c.findings) + 1, Verdict: verdictUnknown.String(),
			Argv: []jsonWord{}, Why: "there are more commands than are looked at"})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(&check)
	return b.Bytes(), err
}

func (f *finding) json(id int) jsonCommand {
	j := jsonCommand{ID: id, Parent: f.parent, By: f.by, Argv: jsonWords(f.words), File: f.file, Path: f.path,
		Verdict: f.verdict.String(), Why: f.why}
	if !utf8.ValidString(f.path) {
		j.PathB64 = []byte(f.path)
	}
	if f.judged {
		j.Action, j.Hint = f.decision.Action.String(), f.decision.Hint
		if f.decision.Denied() && f.decision.Errno != 0 {
			j.Errno = unix.ErrnoName(f.decision.Errno)
		}
		rule := jsonRuleOf(f.decision.Rule)
		if f.decision.Name != nil {
			rule.Name = string(f.decision.Name.Text)
		}
		j.Rule = &rule
		for _, m := range f.lost {
			lost := jsonRuleOf(m.Rule)
			if m.Name != nil {
				lost.Name = string(m.Name.Text)
			}
			j.Lost = append(j.Lost, lost)
		}
	}
	if f.id == nil {
		return j
	}
	for _, s := range f.id.Steps {
		j.Steps = append(j.Steps, jsonStep{s.What, string(s.UnsafePath), s.Note})
	}
	for i := range f.id.Names {
		n := &f.id.Names[i]
		w := jsonWordOf(n.Text)
		j.Names = append(j.Names, jsonName{Text: w.Text, B64: w.B64, How: n.How.String(), Detail: n.Detail,
			Args: jsonWords(n.Args), Runs: n.Runs, Unsure: n.Unsure, Matched: f.judged && f.decision.Name == n})
	}
	return j
}

func jsonRuleOf(r *policy.Rule) jsonRule {
	return jsonRule{Section: r.Section.String(), Action: r.Action.String(), Text: r.Text, Source: r.Source, Line: r.Line,
		Column: r.Column}
}

func jsonWords(words [][]byte) []jsonWord {
	list := make([]jsonWord, len(words))
	for i, w := range words {
		list[i] = jsonWordOf(w)
	}
	return list
}

func jsonWordOf(word []byte) jsonWord {
	text := shownWord(word)
	w := jsonWord{Text: text, Open: isOpen(word), Many: isMany(word)}
	if !utf8.ValidString(text) {
		w.B64 = base64.StdEncoding.EncodeToString([]byte(text))
	}
	return w
}
