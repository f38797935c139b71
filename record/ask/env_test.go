package ask

import "testing"

func TestEnv(t *testing.T) {
	s := newScript(t, "make")
	s.head.Env = append(s.head.Env, "CFLAGS=-g")
	sh := s.run(1, "sh")
	for range 3 {
		s.exec(s.born(sh), "gcc").Set = []string{"CFLAGS=-O2\x1b", "X=1"}
	}
	s.exec(s.born(sh), "ld").Unset = []string{"CFLAGS"}
	env := s.run(1, "env")
	s.exec(env, "cc").Set = []string{"CFLAGS="}
	below := s.run(env, "cc1") // it inherits
	tr := s.trail(0)
	a := Env(tr, "CFLAGS")
	text := shown(t, a, 100)
	wants(t, text, "began with -g", `changed to "-O2\x1b", was -g by sh #2 < make #1 for gcc ×3 (first #3)`,
		"unset, was -g by sh #2 < make #1 for ld #6", `changed to "", was -g by env #7 < make #1 for cc #7`,
		"What programs got", `"-O2\x1b": gcc ×3`, "-g: env, make, sh", `"": cc, cc1`, "(not set): ld")
	if len(a.Changes) != 3 || a.Status() != 0 || below != 8 {
		t.Errorf("%d changes, status %d", len(a.Changes), a.Status())
	}
	a.All = true
	wants(t, shown(t, a, 100), "gcc #3, gcc #4, gcc #5")
	wants(t, written(t, a), `"first": "-g"`, `"old": "-g"`, `"new": "-O2\u001b"`, `"new": null`)
	if a := Env(tr, "NONE"); a.Status() != 1 {
		t.Errorf("status %d", a.Status())
	} else {
		wants(t, shown(t, a, 80), "Nobody had a variable NONE")
	}
	list := EnvList(tr, false)
	wants(t, shown(t, list, 100), "CFLAGS: 2 values, unset 1× for 5 programs, first by sh #2", "X: 1 for 3 programs")
	if EnvList(newScript(t, "make").trail(0), false).Status() != 1 {
		t.Error("something changed in nothing")
	}
}
