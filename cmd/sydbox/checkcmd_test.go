package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sydbox/policy"
	"sydbox/policy/program"
	"sydbox/sandbox"
)

// newTestChecker returns a checker for rules of [exec], and a PATH that has nothing but the programs. Each is a script
// of its own, with an interpreter that is there on any machine: this test's own file.
func newTestChecker(t testing.TB, programs string, rules ...string) *checker {
	t.Helper()
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(bin, ".self")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(programs) {
		text := "#!" + link + "\n# " + name + "\n"
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	t.Setenv("HOME", bin)
	var flags []policy.RuleFlag
	for _, r := range rules {
		flags = append(flags, policy.RuleFlag{Flag: "--deny", Section: "exec", Action: "deny", Pattern: r})
	}
	pol, err := policy.Load(sandbox.Host(), policy.Options{Rules: flags})
	if err != nil {
		t.Fatal(err)
	}
	view, err := sandbox.Programs()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(view.Close)
	return &checker{pol: pol, view: wholeNames{view}, cache: program.NewCache(time.Now)}
}

// told lists the findings as "verdict words".
func (c *checker) told() []string {
	var list []string
	for _, f := range c.findings {
		var words []string
		for _, w := range f.words {
			words = append(words, shownWord(w))
		}
		list = append(list, [...]string{"+", "-", "?", "."}[f.verdict]+" "+strings.Join(words, " "))
	}
	return list
}

func TestCheckText(t *testing.T) {
	const programs = "dd ls cat git rm env"
	for _, test := range []struct {
		text string
		args string
		want string // separated by |; + allowed, - denied, ? cannot say, . no exec
	}{
		{"dd if=x", "", "- dd if=x"},
		{"ls | dd", "", "+ ls|- dd"},
		{"ls && dd || cat; dd & cat", "", "+ ls|- dd|+ cat|- dd|+ cat"},
		{"(dd); { dd; }", "", "- dd|- dd"},
		{"if dd; then ls; elif cat; then dd; else ls; fi", "", "- dd|+ ls|+ cat|- dd|+ ls"},
		{"while dd; do ls; done; until ls; do dd; done", "", "- dd|+ ls|+ ls|- dd"},
		{"for i in a b; do dd $i; done", "", "- dd $i"},
		{"case $x in a) dd;; *) ls;; esac", "", "- dd|+ ls"},
		{"ls $(dd) `dd`", "", "+ ls $(dd) `dd`|- dd|- dd"},
		{`ls "$(dd)" $((1 + $(dd)))`, "", `+ ls "$(dd)" $((1 + $(dd)))|- dd|- dd`},
		{"x=$(dd)", "", "- dd"},
		{"x=1 dd", "", "- dd"},
		{"ls >$(dd)", "", "+ ls|- dd"},
		{"cat <<X\n$(dd)\nX", "", "+ cat|- dd"},
		{"cat <<'X'\n$(dd)\nX", "", "+ cat"},
		{"! dd", "", "- dd"},
		// Quoting.
		{`'dd' "dd" d\d "d"d \d\d`, "", `- dd dd dd dd dd`},
		{`d\d; "d"'d'; "d\d"`, "", `- dd|- dd|? d\d`},
		{`ls "a\"\$b\c" ''`, "", `+ ls a"$b\c `},
		{"$'dd'", "", "? $dd"}, // dash has no $'...'
		// What is known only when it runs.
		{"$X", "", "? $X"},
		{`"$X"/dd; d*; "$(ls)"`, "", `? "$X"/dd|? d*|? "$(ls)"|+ ls`},
		{"~/dd; ~root/dd", "", "- ~HOME/dd|? ~root/dd"},
		{"{dd,ls}", "", "? {dd,ls}"}, // no braces in dash: there is no such command
		// Arguments that matter, and such that do not.
		{"rm $A", "", "? rm $A"},
		{`rm "$A"`, "", `? rm "$A"`},
		{"ls $A", "", "+ ls $A"},
		{"rm -rf $A", "", "- rm -rf $A"},
		{"git $A; git $A push", "", "? git $A|? git $A push"},
		{`git status "$A"; git -C "$D" status; git -C "$D" push`, "",
			`+ git status "$A"|+ git -C "$D" status|- git -C "$D" push`},
		{"git -C $D status", "", "? git -C $D status"}, // it may be two words, the second of them push
		{"dd $A", "", "- dd $A"},
		// Positional parameters.
		{`"$@"`, "sh dd x", "- dd x"},
		{`exec "$@"`, "sh dd x", "- dd x"},
		{`$1 "$2" "$3"`, "sh dd x", "- dd x "},
		{`ls "$1" "${2}"; "$0"`, "sh a", `+ ls a |? "$0"`},
		{`$1`, "sh d*", "? $1"},
		{`shift; "$@"`, "sh dd x", `. shift|? "$@"`},
		{`set -- dd; "$@"`, "sh ls", `. set -- dd|? "$@"`},
		{`set -e; "$@"`, "sh ls", `. set -e|+ ls`},
		{`f() { "$@"; }; f dd`, "sh ls", `? "$@"|. f dd`},
		// Builtins.
		{"echo dd; [ x ]; :; export X=1", "", ". echo dd|. [ x ]|. :|. export X=1"},
		{"command dd; command -v dd; command -- dd; command -p dd", "",
			"- dd|. command -v dd|- dd|? command -p dd"},
		{"exec dd; exec >x; exec -a ls dd", "", "- dd|. exec|? exec -a ls dd"},
		{"eval 'dd x'; eval $X; eval ls \"'a b'\"", "",
			". eval dd x|- dd x|. eval $X|? $X|. eval ls 'a b'|? ls a b"},
		{"trap dd EXIT; trap - EXIT; trap '' INT; trap \"$X\" INT", "",
			". trap dd EXIT|- dd|. trap - EXIT|. trap  INT|. trap \"$X\" INT|? \"$X\""},
		{". ./x; ls", "", "? . ./x|? ls"},
		{"time dd", "", "? time dd"}, // no keyword in dash, and not in this PATH
		// Names that the text makes.
		{"f() { dd; }; f", "", "- dd|. f"},
		{"dd() { :; }; dd; command dd", "", ". :|. dd|- dd"},
		{"dd; dd() { :; }", "", "? dd|. :"},
		{"if ls; then dd() { :; }; fi; dd", "", "+ ls|. :|? dd"},
		{"alias ls=dd; ls", "", ". alias ls=dd|? ls"},
		// PATH and the directory.
		{"PATH=/x; ls; /no/such", "", "? ls|? /no/such"},
		{"ls; PATH=/x", "", "+ ls"},
		{"PATH=/x ls; ls", "", "? ls|+ ls"},
		{"PATH=/x :; ls", "", ". :|? ls"}, // POSIX: what stands before a special builtin stays
		{"export PATH; read PATH; ls", "", ". export PATH|. read PATH|? ls"},
		{"while :; do ls; PATH=/x; done", "", ". :|? ls"},
		{"cd x; ./dd; ls", "", ". cd x|? ./dd|+ ls"},
		{"./dd", "", "? ./dd"},
		// Mistakes.
		{"dd |", "", "? dd |"},
		{"dd \xff", "", "? dd \xff"},
		{"dd )", "", "? dd )"},
		{"", "", ""},
		{"# dd", "", ""},
		{"nosuch", "", "? nosuch"},
		{"/proc/self/exe; /dev/fd/3", "", "? /proc/self/exe|? /dev/fd/3"},
		{"env dd", "", "+ env dd"}, // this env is a script
	} {
		t.Run(test.text, func(t *testing.T) {
			c := newTestChecker(t, programs, "dd", "rm -rf", "git push")
			var args [][]byte
			for word := range strings.FieldsSeq(test.args) {
				args = append(args, []byte(word))
			}
			c.text(place{depth: 1}, dash.of("dash"), []byte(test.text), args)
			got := strings.ReplaceAll(strings.Join(c.told(), "|"), os.Getenv("HOME"), "~HOME")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestCheckBashText(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"$'d\\x64'", "- dd"},
		{"{dd,ls}; ls {a,b}", "? {dd,ls}|+ ls {a,b}"},
		{"time dd; coproc dd; cat <(dd); [[ $(dd) ]]; (( $(dd) ))", "- dd|- dd|+ cat <(dd)|- dd|- dd|- dd"},
		{"function f { dd; }; f", "- dd|. f"},
		{"declare x=$(dd); export PATH=/x; ls", "- dd|? ls"},
		{"builtin echo; builtin dd; source x", ". echo|. builtin dd|? source x"},
		{"pushd x; ./dd", ". pushd x|? ./dd"},
		{"enable -n echo; echo", "? enable -n echo|. echo"},
		{`"${a[@]}"; ls "${a[@]}"`, `? "${a[@]}"|+ ls "${a[@]}"`},
		{"exported", "? exported"},
	} {
		t.Run(test.text, func(t *testing.T) {
			t.Setenv("BASH_FUNC_exported%%", "() { :; }")
			c := newTestChecker(t, "dd ls cat exported", "dd")
			c.text(place{depth: 1}, bash.of("bash"), []byte(test.text), nil)
			if diff := cmp.Diff(test.want, strings.Join(c.told(), "|")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestShellArgs(t *testing.T) {
	for _, test := range []struct{ args, text, rest string }{
		{"-c dd", "dd", ""},
		{"-ec dd a b", "dd", "a b"},
		{"-c -e dd", "dd", ""},
		{"-o pipefail -c dd", "dd", ""},
		{"-euo pipefail -c dd", "dd", ""},
		{"-eo pipefail -c dd x", "dd", "x"},
		{"-ceo pipefail dd", "dd", ""},
		{"+e -O extglob -c dd", "dd", ""},
		{"--norc --rcfile x -c dd", "dd", ""},
		{"-c -- dd", "dd", ""},
		{"-c", "", ""},
		{"-s", "", ""},
		{"script -c dd", "", ""},
		{"-- -c dd", "", ""},
		{"", "", ""},
	} {
		var args [][]byte
		for word := range strings.FieldsSeq(test.args) {
			args = append(args, []byte(word))
		}
		text, rest, note, ok := bash.shellArgs(args)
		if string(text) != test.text || quoteWords(rest) != test.rest || ok == (note != "") {
			t.Errorf("%s: %q %q %q %v", test.args, text, rest, note, ok)
		}
	}
}

func TestWrappers(t *testing.T) {
	for _, test := range []struct{ command, want string }{
		{"nice dd", "dd"},
		{"nice -n 5 dd a", "dd a"},
		{"nice -5 --adjustment=3 --adjustment 3 dd", "dd"},
		{"nice --adj 3 -- dd", "dd"},
		{"nohup dd", "dd"},
		{"nohup -x dd", "? its option -x is not known here"},
		{"timeout 5 dd x", "dd x"},
		{"timeout -k 3 -sKILL --foreground 5s dd", "dd"},
		{"timeout --signal=9 --kill-after 3 5 dd", "dd"},
		{"timeout --help dd", ""},
		{"timeout 5", ""},
		{"stdbuf -oL -e 0 dd", "dd"},
		{"time -p -o x dd", "dd"},
		{"setsid -w dd", "dd"},
		{"chroot --userspec=a:b / dd", "dd"},
		{"env -i A=b dd", "dd"},
		{"env - A=b dd c=d", "dd c=d"},
		{"env -u X -C / dd", "dd"},
		{"xargs -0 -n1 -P 4 dd", "dd"},
		{"xargs -I{} dd {}", "dd {}"},
		{"xargs -i dd", "dd"},
		{"flock -n lock dd", "dd"},
		{"flock 9", ""},
		{"ionice -c3 dd", "dd"},
		{"ionice -p 3", ""},
		{"taskset -c 0 dd", "dd"},
		{"chrt -f 10 dd", "dd"},
		{"prlimit --nofile=3 dd", "dd"},
		{"setarch -R dd", "dd"},
		{"unshare -r --mount dd", "dd"},
		{"sudo -u bob A=b dd", "dd"},
		{"strace -f -o x dd", "dd"},
		{"watch -x dd a", "dd a"},
	} {
		words := strings.Fields(test.command)
		var args [][]byte
		for _, word := range words[1:] {
			args = append(args, []byte(word))
		}
		r := wrappers[words[0]].read(args)
		got := quoteWords(r.command)
		if r.why != "" {
			got = "? " + r.why
		}
		if want := quoteWords(fields(test.want)); got != want && got != test.want {
			t.Errorf("%s: %s, want %s", test.command, got, test.want)
		}
	}
	for command, want := range map[string]string{
		"flock lock -c dd": "dd", "flock lock --command dd": "dd", "watch -n 1 dd x": "dd x",
	} {
		words := strings.Fields(command)
		if r := wrappers[words[0]].read(fields(strings.Join(words[1:], " "))); string(r.text) != want {
			t.Errorf("%s: text %q, want %q", command, r.text, want)
		}
	}
}

func fields(text string) [][]byte {
	var words [][]byte
	for word := range strings.FieldsSeq(text) {
		words = append(words, []byte(word))
	}
	return words
}

// TestCheckIsBounded gives what is large or deep; it must end, and say that it cannot say.
func TestCheckIsBounded(t *testing.T) {
	for name, text := range map[string]string{
		"commands":      strings.Repeat("ls;", 3*maxCheckCommands),
		"substitutions": strings.Repeat("$(ls ", 3000) + strings.Repeat(")", 3000),
		"open":          strings.Repeat("(", 20000),
		"evals":         strings.Repeat("eval ", 5000) + "dd",
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestChecker(t, "ls dd", "dd")
			c.text(place{depth: 1}, dash.of("dash"), []byte(text), nil)
			if got := c.worst(); got != verdictUnknown {
				t.Errorf("%v", got)
			}
			if len(c.findings) > maxCheckCommands {
				t.Errorf("%d findings", len(c.findings))
			}
		})
	}
}

func FuzzCheckText(f *testing.F) {
	for _, text := range []string{
		"dd", "a | $(b `c`)", "f() { x; }; eval \"f\"; trap x 1", "{a,b} ~ $'\\0' $\"x\" \"$@\"",
	} {
		f.Add(text, true)
	}
	one := newTestChecker(f, "dd", "dd", "rm -rf")
	f.Fuzz(func(t *testing.T, text string, posix bool) {
		c := &checker{pol: one.pol, view: one.view, cache: one.cache}
		sh := bash.of("bash")
		if posix {
			sh = dash.of("dash")
		}
		c.text(place{depth: 1}, sh, []byte(text), [][]byte{[]byte("sh"), []byte("dd")})
		var out strings.Builder
		c.write(&out)
		for _, r := range out.String() {
			if r < ' ' && r != '\n' || r == 0x7f {
				t.Errorf("control character %q in %q", r, out.String())
			}
		}
		if _, err := c.json(nil); err != nil {
			t.Error(err)
		}
	})
}
