package record

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sydbox/event"
	"sydbox/policy"
	"sydbox/record/trail"
	"sydbox/sandbox"
)

// warned collects what the sandbox would have denied, in a run in which everything happens: a path, and the rule.
type warned struct{ lines [][2]string }

func (w *warned) Denied(d *event.Denial) {
	if d.Path == "/dev/tty" {
		return // there is none: opening it fails in a way that only the kernel knows beforehand
	}
	rule := policy.Rule{Text: d.Rule.Text, Source: d.Rule.Source, Line: d.Rule.Line, Default: d.Rule.Text == "default"}
	rule.Section, _ = policy.SectionByName(d.Rule.Section)
	rule.Action, _ = policy.ActionByName(d.Rule.Action)
	text := ruleText(&rule)
	if d.Rule == (event.Rule{}) {
		text = outOfReach
	}
	w.lines = append(w.lines, [2]string{d.Path, text})
}

const oracleScript = `
mkdir -p free kept/sub; echo one >free/one; echo two >kept/two; ln -s ../kept/two free/link; ln -s nowhere free/dangling
cat free/one free/link kept/none /etc/passwd /etc/shadow-none >/dev/null; echo more >>free/link; : >free/dangling
cp free/one kept/one; mv kept/one free/moved; mv free/moved kept/back; mv kept/back kept/again; ln kept/again free/hard
rm kept/again free/hard; rmdir kept/sub; chmod 700 kept; touch free/one kept/two; truncate -s 0 kept/two; mkfifo kept/fifo
ls -la . kept /proc/self /proc/1 >/dev/null; cat /proc/self/status /dev/null >/dev/null; echo x >/dev/null
cd kept && cat two >/dev/null; cd ..; python3 -S -c 'import os
os.close(os.open("kept/excl", os.O_RDWR | os.O_CREAT | os.O_EXCL)); os.listdir("kept"); os.utime("kept/two")
os.close(os.open("kept/lock", os.O_RDONLY | os.O_CREAT)); os.close(os.open("free/lock", os.O_RDONLY | os.O_CREAT | os.O_TRUNC))
os.rename("kept/excl", "kept/two"); os.symlink("a", "kept/sym"); os.readlink("kept/sym"); os.access("free/one", os.W_OK)'
git --version >/dev/null; rm -rf kept free/dangling; find . -name nothing
`

// TestJudgeAsSandbox: what a recording marks as denied is what the sandbox itself reports.
func TestJudgeAsSandbox(t *testing.T) {
	for name, text := range map[string]string{
		"default": "extends = [\"build\"]\n[write]\ndeny = [\"$PWD/kept\"]\n",
		"narrow": `extends = []
[write]
allow = ["$PWD/free", "/dev/null", "$PWD/kept/t*"]
[create]
deny = ["$PWD/free/moved"]
[attr]
allow = ["$PWD/kept"]
`,
		"reading": `extends = ["open"]
[read]
deny = ["$PWD/kept", "/etc"]
allow = ["/etc/ld.so.cache"]
[stat]
deny = ["$PWD/kept/two", "/proc"]
allow = ["$TREE"]
`,
		"nothing": "extends = [\"open\"]\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(t.TempDir(), "own.toml")
			if err := os.WriteFile(file, []byte("version = 1\n"+text), 0o644); err != nil {
				t.Fatal(err)
			}
			p, err := policy.Load(system(dir), policy.Options{Policies: []string{file}})
			if err != nil {
				t.Fatal(err)
			}
			want := new(warned)
			c := sandbox.Command(p, "/bin/sh", "-c", oracleScript)
			c.Dir, c.Mode, c.Reporter = dir, sandbox.WarnOnly, want
			_ = c.Run() // find looks at what is not there
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
					t.Fatal(err)
				}
			}
			tr := recordOf(t, oracleScript, func(c *Cmd) { c.Dir, c.Policy = dir, p })
			compareJudged(t, tr, want.lines)
		})
	}
}

// compareJudged compares the two. The sandbox names the path of a call that is denied first, and may name both.
func compareJudged(t *testing.T, tr *trail.Trail, want [][2]string) {
	t.Helper()
	if len(tr.Uses) < 100 {
		t.Fatalf("only %d uses", len(tr.Uses))
	}
	for _, line := range want {
		if !slices.ContainsFunc(tr.Uses, func(u trail.Use) bool {
			return u.Path == line[0] && u.Denied == line[1] || u.To != "" && u.Denied != "" && (u.Path == line[0] || u.To == line[0])
		}) {
			t.Errorf("the sandbox reports, and the recording does not mark: %s", line)
		}
	}
	for _, u := range tr.Uses {
		if u.Denied != "" && !slices.ContainsFunc(want, func(line [2]string) bool {
			return line[1] == u.Denied && (line[0] == u.Path || line[0] == u.To)
		}) {
			t.Errorf("the recording marks, and the sandbox does not report: %+v", u.Used)
		}
	}
}
