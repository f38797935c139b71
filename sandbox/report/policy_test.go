package report

import (
	"strings"
	"testing"

	"sydbox/event"
	"sydbox/policy"
)

// load loads a policy for /home/a/src of a machine without files.
func load(t *testing.T, rules ...policy.RuleFlag) *policy.Policy {
	t.Helper()
	p, err := policy.Load(&policy.System{
		Getenv: func(string) string { return "" }, Cwd: "/home/a/src", Home: "/home/a",
	}, policy.Options{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSummaryWithPolicy(t *testing.T) {
	git := policy.RuleFlag{Section: "write", Action: "deny", Pattern: "/home/a/src/.git"}
	ssh := policy.RuleFlag{Section: "read", Action: "deny", Pattern: "~/.ssh"}
	for _, test := range []struct {
		name   string
		rules  []policy.RuleFlag
		denied []*event.Denial
		want   string
	}{
		{"the design's", nil, []*event.Denial{denial("create", "/usr/local/bin/hello")},
			"sydbox: 1 denial. Allow it: sydbox run -q -w /usr/local -- make install 'X=a b'\n"},
		{"an add-on", nil, []*event.Denial{denial("create", "/home/a/go/pkg/mod/cache/x")},
			"sydbox: 1 denial. Allow it: sydbox run -q -p go -- make install 'X=a b'\n"},
		{"a deny rule", []policy.RuleFlag{git}, []*event.Denial{written(denial("write", "/home/a/src/.git/config"))},
			"sydbox: 1 denial. Allow it: sydbox run -q -w /home/a/src/.git/config -- make install 'X=a b'\n"},
		{"a read", []policy.RuleFlag{ssh}, []*event.Denial{written(denial("read", "/home/a/.ssh/a b"))},
			"sydbox: 1 denial. Allow it: sydbox run -q --allow 'read=/home/a/.ssh/a b' -- make install 'X=a b'\n"},
		{"what a section of its own denies", nil, []*event.Denial{written(denial("delete", "/dev/null"))},
			"sydbox: 1 denial. Allow it: sydbox run -q -w /dev/null -- make install 'X=a b'\n"},
		{"nothing sensible", nil, []*event.Denial{denial("attr", "/usr")}, "sydbox: 1 denial\n"},
		{"some of several", nil, []*event.Denial{denial("attr", "/usr"), denial("write", "/srv/x/y")},
			`sydbox: 2 denials, 2 different
  1×  attr   /usr      by install < sh < make
  1×  write  /srv/x/y  by install < sh < make
sydbox: Allow 1 of them: sydbox run -q -w /srv/x -- make install 'X=a b'
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			term := NewTerminal(&out, Options{
				Policy: load(t, test.rules...), Home: "/home/a", Flags: []string{"-q"}, Command: []string{"make", "install", "X=a b"},
			})
			for _, d := range test.denied {
				term.Denied(d)
			}
			out.Reset()
			term.Summary()
			if out.String() != test.want {
				t.Errorf("got\n%swant\n%s", out.String(), test.want)
			}
		})
	}
}

// written is a denial by a rule that somebody wrote.
func written(d *event.Denial) *event.Denial {
	d.Rule.Text = "a pattern"
	return d
}

func TestLongCommandIsCut(t *testing.T) {
	term := NewTerminal(nil, Options{Command: []string{"cc", strings.Repeat("x", 1000)}})
	if got := term.command([]string{"-w", "/x"}); got != "sydbox run -w /x -- cc …" {
		t.Error(got)
	}
}
