package main

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"sydbox/event"
	"sydbox/policy"
)

// The schema is in docs/policy.md, with that of a command.

type jsonAddresses struct {
	Version   int           `json:"v"`
	Verdict   string        `json:"verdict"`
	Status    int           `json:"status"`
	Addresses []jsonAddress `json:"addresses"`
}

type jsonAddress struct {
	Typed      string     `json:"typed"`
	TypedB64   []byte     `json:"typed_b64,omitempty"`
	Op         string     `json:"op"`
	Host       string     `json:"host,omitempty"`
	Address    string     `json:"address,omitempty"`
	AddressB64 []byte     `json:"address_b64,omitempty"`
	Verdict    string     `json:"verdict"`
	Why        string     `json:"why,omitempty"`
	Action     string     `json:"action,omitempty"`
	Errno      string     `json:"errno,omitempty"`
	Rule       *jsonRule  `json:"rule,omitempty"`
	Lost       []jsonRule `json:"lost,omitempty"`
	Bound      *jsonRule  `json:"bound,omitempty"` // what would allow it if the command had bound it
	Local      bool       `json:"local,omitempty"` // bound, but heard on this machine only
}

// addressesJSON writes the findings as one object on one line. Of a path that is bound, creating its file is one more
// finding.
func addressesJSON(findings []addressFinding) ([]byte, error) {
	status := worstAddress(findings)
	verdicts := map[int]verdict{checkAllowed: verdictAllowed, checkDenied: verdictDenied, checkUnknown: verdictUnknown}
	all := jsonAddresses{Version: event.Version, Verdict: verdicts[status].String(), Status: status,
		Addresses: []jsonAddress{}}
	for i := range findings {
		all.Addresses = append(all.Addresses, findings[i].json()...)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(&all)
	return b.Bytes(), err
}

func (f *addressFinding) json() []jsonAddress {
	j := jsonAddress{Typed: f.typed, Op: f.op.String(), Host: f.host, Verdict: f.verdict.String(), Why: f.why}
	if f.fault == nil {
		j.Address = f.addr.Text(f.path())
	}
	for _, s := range []struct {
		text string
		b64  *[]byte
	}{{j.Typed, &j.TypedB64}, {j.Address, &j.AddressB64}} {
		if !utf8.ValidString(s.text) {
			*s.b64 = []byte(s.text)
		}
	}
	if f.judged {
		j.decide(f.decision, f.lost)
		j.Local = f.decision.Local
	} else if f.verdict == verdictDenied {
		j.Errno = unix.ErrnoName(f.decision.Errno)
	}
	if f.bound != nil {
		rule := jsonRuleOf(f.bound)
		j.Bound = &rule
	}
	list := []jsonAddress{j}
	if f.made != nil {
		made := j
		made.Op, made.Why, made.Local, made.Lost, made.Errno = f.made.ops, "", false, nil, ""
		made.decide(f.made.decision, f.made.matches)
		made.Verdict = verdictAllowed.String()
		if f.made.denied {
			made.Verdict = verdictDenied.String()
		}
		if !f.decision.Denied() {
			list[0].Verdict = verdictAllowed.String()
		}
		list = append(list, made)
	}
	return list
}

func (j *jsonAddress) decide(d policy.Decision, lost []policy.Match) {
	j.Action = d.Action.String()
	if d.Denied() && d.Action < policy.Kill {
		j.Errno = unix.ErrnoName(d.Errno)
	}
	rule := jsonRuleOf(d.Rule)
	j.Rule = &rule
	for _, m := range lost {
		j.Lost = append(j.Lost, jsonRuleOf(m.Rule))
	}
}

func worstAddress(findings []addressFinding) int {
	status := checkAllowed
	for i := range findings {
		status = worse(status, findings[i].verdict.status())
	}
	return status
}
