package report

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sydbox/event"
)

var (
	buildDefault = event.Rule{Section: "write", Action: "deny", Text: "default", Source: "build", Line: 7, Column: 1}
	chain        = []event.Process{{PID: 4121, Name: "install"}, {PID: 4119, Name: "sh"}, {PID: 4102, Name: "make"}}
)

func denial(op, path string) *event.Denial {
	return &event.Denial{
		Time: time.Unix(1, 0), Action: "deny", Op: op, Errno: "EACCES", Call: "openat", Flags: "O_WRONLY|O_CREAT", Typed: path,
		Path: path, Dir: "/home/a/hello/src", PID: 4121, TID: 4121, Chain: chain, Rule: buildDefault,
	}
}

// stub is a decider whose rules are lists of allowed and of stubbornly denied directories.
type stub struct{ allowed, stubborn, cache, built []string }

func (s stub) allows(d *event.Denial) bool {
	op, path := d.Op, d.Path
	best, ok := -1, false
	weigh := func(rules []string, allow bool) {
		for _, rule := range rules {
			section, dir, _ := strings.Cut(rule, "=")
			if section != op && (section != "write" || !changes(op)) || path != dir && !strings.HasPrefix(path, dir+"/") {
				continue
			}
			score := 2 * len(dir)
			if section == op {
				score++ // between equals the narrower section wins
			}
			if score >= best {
				best, ok = score, allow
			}
		}
	}
	weigh(s.stubborn, false)
	weigh(s.allowed, true)
	return ok
}

func (s stub) withProfile(name string) (decider, error) {
	if name != "go" && name != "build" {
		return nil, errors.New("no such profile")
	}
	s.allowed = append([]string(nil), s.allowed...)
	if name == "go" {
		s.allowed = append(s.allowed, s.cache...)
	}
	s.allowed = append(s.allowed, s.built...)
	return s, nil
}

func (s stub) withGrants(list []grant) (decider, error) {
	s.allowed = append([]string(nil), s.allowed...)
	for _, g := range list {
		s.allowed = append(s.allowed, g.section+"="+g.path)
	}
	return s, nil
}

func TestSuggest(t *testing.T) {
	const home = "/home/a"
	for _, test := range []struct {
		name    string
		policy  stub
		denied  []string // "op path"
		want    string
		allowed int
	}{
		{"an install prefix", stub{}, []string{"create /usr/local/bin/hello"}, "-w /usr/local", 1},
		{"a package in /opt", stub{}, []string{"create /opt/x/bin/y"}, "-w /opt/x", 1},
		{"the directory of a file", stub{}, []string{"write /srv/www/x/index"}, "-w /srv/www/x", 1},
		{"the parent of two", stub{}, []string{"write /srv/www/x/a", "delete /srv/www/y/b"}, "-w /srv/www", 2},
		{"never a system directory", stub{}, []string{"create /etc/a", "create /etc/b"}, "-w /etc/a -w /etc/b", 2},
		{"nor what all share", stub{}, []string{"write /usr/lib/a", "write /var/lib/b"}, "-w /usr/lib/a -w /var/lib/b", 2},
		{"nor a home", stub{}, []string{"create /home/a/x", "create /home/a/y/z"}, "-w /home/a/x -w /home/a/y", 2},
		{"nor all homes", stub{}, []string{"create /home/b/x"}, "-w /home/b/x", 1},
		{"nor a home's caches", stub{}, []string{"create /home/a/.cache/x/y", "create /home/a/.cache/z"},
			"-w /home/a/.cache/x -w /home/a/.cache/z", 2},
		{"a new directory in the root", stub{}, []string{"create /data"}, "-w /data", 1},
		{"but no old one", stub{}, []string{"attr /etc"}, "", 0},
		{"nor the root", stub{}, []string{"create /"}, "-w /", 1},
		{"devices one by one", stub{}, []string{"write /dev/sda", "write /dev/sdb"}, "-w /dev/sda -w /dev/sdb", 2},
		{"many in one place", stub{}, []string{"create /usr/local/bin/a", "create /usr/local/lib/b", "write /usr/local/c"},
			"-w /usr/local", 3},
		{"a written rule is not undone", stub{stubborn: []string{"write=/srv/x/.git"}},
			[]string{"write /srv/x/a", "write /srv/x/.git/index"}, "-w /srv/x -w /srv/x/.git/index", 2},
		{"around a narrower section", stub{stubborn: []string{"delete=/srv/x/.git/index"}},
			[]string{"delete /srv/x/.git/index", "write /srv/x/.git/index"},
			"--allow delete=/srv/x/.git/index -w /srv/x/.git/index", 2},
		{"reading", stub{}, []string{"read /home/a/.ssh/id"}, "--allow read=/home/a/.ssh/id", 1},
		{"a program", stub{}, []string{"exec /usr/bin/dd"}, "--allow 'exec=/usr/bin/dd ...'", 1},
		{"an add-on", stub{cache: []string{"write=/home/a/go"}}, []string{"create /home/a/go/pkg/x", "create /srv/a/x"},
			"-p go -w /srv/a", 2},
		{"no add-on for what the default policy allows", stub{built: []string{"write=/tmp/x"}}, []string{"create /tmp/x/y"},
			"-w /tmp/x", 1},
		{"pattern characters", stub{}, []string{"write /srv/a[1]*/x"}, `-w '/srv/a\[1\]\*'`, 1},
		{"not more than fit", stub{}, []string{"write /etc/a", "write /etc/b", "write /etc/c", "write /etc/d",
			"write /etc/e", "write /etc/f", "write /etc/g"},
			"-w /etc/a -w /etc/b -w /etc/c -w /etc/d -w /etc/e -w /etc/f", 6},
		{"what is allowed already", stub{allowed: []string{"write=/srv"}}, []string{"write /srv/x/y"}, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var tally tally
			for _, d := range test.denied {
				op, path, _ := strings.Cut(d, " ")
				e := denial(op, path)
				if strings.Contains(path, ".git") {
					e.Rule.Text, e.Rule.Source = "$PWD/.git", "/p.toml"
				}
				tally.add(e)
			}
			flags, allowed := suggest(test.policy, tally.entries, &Options{Home: home})
			if got := shellJoin(flags); got != test.want || allowed != test.allowed {
				t.Errorf("suggested %q for %d, want %q for %d", got, allowed, test.want, test.allowed)
			}
		})
	}
}

func TestNoSuggestionWhereNoRuleHelps(t *testing.T) {
	for name, change := range map[string]func(*event.Denial){
		"file permissions": func(d *event.Denial) { d.Natural = "EACCES" },
		"no rule denied":   func(d *event.Denial) { d.Why = "the path cannot be read" },
		"a warn rule":      func(d *event.Denial) { d.Rule.Action, d.Action = "warn", "warn" },
	} {
		var tally tally
		d := denial("create", "/srv/x/y")
		change(d)
		tally.add(d)
		if flags, _ := suggest(stub{}, tally.entries, &Options{}); flags != nil {
			t.Errorf("%s: suggested %v", name, flags)
		}
	}
}
