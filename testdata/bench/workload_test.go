package main

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

func TestPick(t *testing.T) {
	k := newKit(t.TempDir(), "")
	everything := pick(k, pattern{})
	seen := map[string]bool{}
	for _, w := range everything {
		if seen[w.name] || !slices.Contains(groups, w.group) {
			t.Errorf("%q is there twice, or in no group: %q", w.name, w.group)
		}
		seen[w.name] = true
		if w.base != nil && w.times == 0 {
			t.Errorf("%q has a base and is a whole program", w.name)
		}
	}
	// What a table shows of the rows of a group follows from the first.
	for _, group := range groups {
		each := map[bool]bool{}
		for _, w := range everything {
			if w.group == group {
				each[w.times != 0 || w.repeat != 0] = true
			}
		}
		if len(each) != 1 {
			t.Errorf("the group %s has whole programs and others", group)
		}
	}
	var only pattern
	if err := only.Set("^chmod$"); err != nil {
		t.Fatal(err)
	}
	if got := pick(k, only); len(got) != 1 || got[0].name != "chmod" {
		t.Errorf("-only ^chmod$ picks %v", got)
	}
	if err := only.Set("("); err == nil {
		t.Error("a pattern that is none is taken")
	}
	// Nothing was prepared for that.
	if entries, err := os.ReadDir(k.dir); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestRounds(t *testing.T) {
	native, own, peer := tool{}, tool{prefix: []string{"sydbox"}, own: true}, tool{prefix: []string{"bwrap"}}
	for _, c := range []struct {
		w                    workload
		rounds, peerRounds   int
		native, ours, others int
	}{
		{workload{}, 5, 2, 5, 5, 2},
		{workload{}, 1, 2, 1, 1, 1},
		{workload{rounds: 3, peerRounds: 1}, 5, 2, 3, 3, 1},
		{workload{}, 5, 0, 5, 5, 0},
	} {
		got := []int{
			c.w.runs(native, c.rounds, c.peerRounds), c.w.runs(own, c.rounds, c.peerRounds),
			c.w.runs(peer, c.rounds, c.peerRounds),
		}
		if want := []int{c.native, c.ours, c.others}; !slices.Equal(got, want) {
			t.Errorf("%+v of %d and %d: %v, want %v", c.w, c.rounds, c.peerRounds, got, want)
		}
	}
}

func TestCommand(t *testing.T) {
	w := workload{argv: []string{"make"}, flags: []string{"--net"}, without: []string{"proot"}}
	box := tool{name: "sydbox", prefix: []string{"sydbox", "run", "--"}, box: true, own: true}
	peer := tool{name: "bwrap", prefix: []string{"bwrap", "--"}}
	for _, c := range []struct {
		tool tool
		want []string
	}{
		{tool{name: "native"}, []string{"make"}},
		{box, []string{"sydbox", "run", "--net", "--", "make"}},
		{peer, []string{"bwrap", "--", "make"}},
	} {
		if got := w.command(c.tool, w.argv); !slices.Equal(got, c.want) {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
	recorder := tool{name: "syd-trace", prefix: []string{"syd-trace"}, records: true}
	got := w.suitable([]tool{{name: "native"}, box, peer, recorder, {name: "proot", prefix: []string{"proot"}}})
	if len(got) != 3 || got[1].name != "sydbox" || got[2].name != "bwrap" {
		t.Errorf("suitable: %+v", got)
	}
	w.group = recording
	if got := w.suitable([]tool{{name: "native"}, box, recorder}); len(got) != 2 || got[1].name != "syd-trace" {
		t.Errorf("suitable for a recording: %+v", got)
	}
}

func TestKit(t *testing.T) {
	k, n, broken := newKit(t.TempDir(), ""), 0, errors.New("broken")
	for range 3 {
		if err := k.once("thing", func() error { n++; return broken }); err != broken {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("tried %d times", n)
	}
	if err := all(k.execRules(2), k.execRules(0))(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(filepath.Join(k.dir, "2.toml"))
	if want := "[exec]\ndeny = [\n    \"program-0\",\n    \"program-1\",\n]\n"; err != nil || string(text) != want {
		t.Errorf("%q, %v", text, err)
	}
	if err := all(func() error { return broken }, func() error { n++; return nil })(); err != broken || n != 1 {
		t.Errorf("%v, %d steps", err, n)
	}
}

func TestParseCost(t *testing.T) {
	got, err := parseCost([]byte(`{"v":1,"stops":{"seccomp":2},"calls":[{"call":"chmod","stops":2,"outcomes":{"ran":2}}]}`))
	want := &cost{
		Stops: map[string]uint64{"seccomp": 2},
		Calls: []CallStops{{Call: "chmod", Stops: 2, Outcomes: map[string]uint64{"ran": 2}}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"", "{}", `{"stops":3}`} {
		if _, err := parseCost([]byte(bad)); err == nil {
			t.Errorf("%q counts nothing, and there is no error", bad)
		}
	}
}
