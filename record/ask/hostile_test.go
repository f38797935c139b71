package ask

import (
	"encoding/json"
	"testing"

	"sydbox/event"
)

// Whatever a recording has in it, no answer has anything that a terminal obeys, and all are JSON.
func TestHostile(t *testing.T) {
	const bad = "\x1b]0;x\x07\u202e\xff\n"
	s := newScript(t, "make"+bad, bad)
	s.head.Dir, s.head.Env = "/"+bad, []string{bad + "=" + bad, bad, "=x", ""}
	s.head.Policies, s.head.Injected = []string{bad}, []string{bad}
	for _, script := range []string{"", "/b/" + bad} {
		id := s.born(1)
		x := s.exec(id, "/usr/bin/"+bad, bad, "")
		x.Script, x.Typed, x.Names, x.Denied = script, bad, []string{bad}, bad
		x.Set, x.Unset, x.Dir = []string{"V=" + bad, bad + "=1"}, []string{bad}, "/b/"+bad
		x.Stdio = [3]string{"<" + bad, ">/b/" + bad, "pipe:[" + bad}
		for _, op := range []string{event.OpLook, event.OpRead, event.OpMake, event.OpRename, event.OpSymlink, event.OpExec, bad} {
			u := s.use(id, op, "/b/"+bad)
			u.To, u.Typed, u.Call, u.Flags, u.Kind, u.Denied = bad, bad, bad, bad, bad, bad
			u = s.fail(id, op, "/b/none"+bad, bad)
			u.To, u.Typed, u.Kind, u.Injected = bad, bad, bad, true
			s.fail(id, op, "/b/gone"+bad, "ENOENT")
		}
		s.add(&event.Reached{At: s.now(), ID: id, Op: bad, Address: bad, Protocol: bad, Host: bad, Errno: bad, Denied: bad})
		s.add(&event.Asked{At: s.now(), ID: id, Host: bad, Server: bad, Addresses: []string{bad}})
		s.signal(1, id, bad)
		s.said(id, bad+"line"+bad)
		s.killed(id, bad)
	}
	s.run(1, bad)
	tr := s.trail(1)
	answers := []Answer{
		Summary(tr), Why(tr), Tree(tr, TreeOptions{}), Tree(tr, TreeOptions{All: true}), Stats(tr, "cpu"), Env(tr, "V"), Env(tr, bad),
		EnvList(tr, true), Missing(tr, MissingOptions{All: true}), Missing(tr, MissingOptions{}), Who(tr, "/b/"+bad, "/", false),
		Who(tr, "/b", "/", true), Who(tr, "/b/none"+bad, "/", false), Who(tr, bad, "/"+bad, false), Who(tr, "/x"+bad, "/", false),
	}
	for _, p := range tr.Procs {
		answers = append(answers, Cmd(tr, p, CmdOptions{}), Cmd(tr, p, CmdOptions{Sh: true, AllEnv: true}), Cmd(tr, p, CmdOptions{Program: 9}))
	}
	for _, a := range answers {
		for _, width := range []int{0, 20, 100} {
			shown(t, a, width)
		}
		if text := written(t, a); !json.Valid([]byte(text)) {
			t.Errorf("no JSON: %s", text)
		}
		a.Status()
	}
}
