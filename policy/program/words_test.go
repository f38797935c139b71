package program

import (
	"strings"
	"testing"
)

func TestMatchArgs(t *testing.T) {
	tests := []struct {
		mode    string // D, A
		rule    string // program and words
		command string
		want    bool
	}{
		// A deny rule is a prefix.
		{"D", "dd", "dd if=x", true},
		{"D", "ls /etc", "ls /etc /root", true},
		{"D", "ls /etc", "ls -l /etc", true},
		{"D", "ls /etc", "ls /root /etc", false},
		{"D", "git push ...", "git push", true},
		{"D", "git push", "git", false},
		{"D", "git push", "git -c push status", false},
		{"D", "git push", "git -C push push", true},
		{"D", "git push", "git --git-dir=x push", true},
		{"D", "git push", "git --version push", false},
		{"D", "git push", "git -- push", true},
		{"D", "git push --force", "git push origin --force", true},
		{"D", "git push --force", "git push -f", true},
		{"D", "git push --force", "git push --forc", true},
		{"D", "git push --force", "git push -uf origin", true},
		{"D", "git push --force", "git push origin main", false},
		{"D", "git push --force", "git push -- --force", false},
		{"D", "git remote add", "git remote -v add x", true},
		{"D", "git remote add", "git remote show add", false},
		{"D", "git stash", "git st", false}, // status is closer
		{"D", "git push", "git psuh", true},
		{"D", "git push", "git frobnicate", false},

		// Options of other programs with subcommands.
		{"D", "docker run", "docker -H tcp://x --debug run img", true},
		{"D", "docker run", "docker ps run", false},
		{"D", "docker compose up", "docker --context c compose -f x.yml up -d", true},
		{"D", "docker compose up", "docker compose -f up down", false},
		{"D", "npm install", "npm --prefix x install", true},
		{"D", "npm install", "npm run install", false},
		{"D", "pip install", "pip3.11 --proxy p install x", true},
		{"D", "pip install", "pip list install", false},
		{"D", "cargo publish", "cargo +nightly publish", true},
		{"D", "cargo publish", "cargo --config k=v publish", true},
		{"D", "go run", "go -C dir run .", true},
		{"D", "go install", "go --C dir install x", true},
		{"D", "go test -exec", "go test -exec=x ./...", true},
		{"D", "go test -exec", "go test ./...", false},
		{"D", "kubectl delete", "kubectl -n prod --context=c delete pod x", true},
		{"D", "kubectl delete pod", "kubectl delete -f x pod", true},
		{"D", "kubectl delete", "kubectl get delete", false},
		{"D", "systemctl stop", "systemctl --user -H h stop x", true},
		{"D", "systemctl stop", "systemctl status stop", false},
		{"D", "apt install", "apt -y -o A=b install x", true},
		{"D", "apt-get install", "apt-get -qq install x", true},
		{"D", "make install", "make -j4 -C sub all install", true},
		{"D", "make install", "make -C install all", false},
		{"D", "make install", "make DESTDIR=install all", false},
		{"D", "make install", "make -j install", true},
		{"D", "make install", "make -kj 4 install", true},
		{"D", "npm install", "npm --force true install", true},
		{"D", "npm install", "npm --registry --prefix x install", true},
		{"D", "pnpm add", "pnpm -w add x", true},
		{"D", "terraform destroy", "terraform -chdir=x destroy", true},

		// Combined letters are one thing.
		{"D", "rm -rf", "rm -rf x", true},
		{"D", "rm -rf", "rm -fr x", true},
		{"D", "rm -rf", "rm -r -f x", true},
		{"D", "rm -rf", "rm x -r y -vf", true},
		{"D", "rm -rf", "rm --recursive -f x", true},
		{"D", "rm -rf", "rm --rec --forc x", true},
		{"D", "rm -rf", "rm -Rf x", true},
		{"D", "rm -rf", "rm -r x", false},
		{"D", "rm -rf", "rm -- -rf", false},
		{"D", "rm -r -f", "rm -rf x", true},
		{"D", "rm -rf /", "rm -rf /", true},
		{"D", "rm -rf /", "rm -r -f -v /", true},
		{"D", "rm -rf /", "rm -rf /tmp/x", false},
		{"D", "make -C x", "make -Cx all", true},
		{"D", "make -C x", "make -C y", false},
		{"D", "find -delete", "find . -name x -delete", true},
		{"D", "find -delete", "find . -type d -ls", false},
		{"D", "chmod -R 777", "chmod -vR 777 x", true},
		{"D", "chmod -R 777", "chmod --recursive 777 x", true},

		// Nothing is known of frob: the reading that denies, the one that does not allow.
		{"D", "frob push", "frob push", true},
		{"D", "frob push", "frob -x push", true},
		{"D", "frob push", "frob -x y push", true},
		{"D", "frob push", "frob --long y push", true},
		{"D", "frob push", "frob x push", false},
		{"D", "frob push", "frob -x y z push", false},
		{"D", "frob -ab", "frob -xba", true},
		{"D", "frob -ab", "frob -- -ab", true},
		{"D", "frob --all", "frob --all=x", true},
		{"D", "frob --all", "frob --alles", false},
		{"A", "frob push", "frob push", true},
		{"A", "frob push ...", "frob -x push", false},
		{"A", "frob -rf ...", "frob -fr", false},

		// An allow rule is the whole command, unless it ends in dots.
		{"A", "ls", "ls", true},
		{"A", "ls", "ls /etc", false},
		{"A", "ls /etc", "ls /etc", true},
		{"A", "ls /etc", "ls /etc /root", false},
		{"A", "ls /etc", "ls -l /etc", false},
		{"A", "ls ...", "ls", true},
		{"A", "ls ...", "ls /etc /root", true},
		{"A", "git push ...", "git push origin", true},
		{"A", "git push ...", "git -C x push origin", true},
		{"A", "git push ...", "git -c push status", false},
		{"A", "git push ...", "git --new x push", false},
		{"A", "git push ...", "git --exec-path push", false},
		{"A", "git push ...", "git pushh", false},
		{"A", "git push", "git -C x push", false},
		{"A", "git push -f", "git push -f", true},
		{"A", "git push -f", "git push -fu", false},
		{"A", "git push -f ...", "git push -uf origin", true},
		{"A", "rm -rf x", "rm -fr x", true},
		{"A", "rm -rf x", "rm -r -f x", true},
		{"A", "rm -rf x", "rm -rfv x", false},
		{"A", "rm -rf x", "rm -rf x y", false},
		{"A", "rm -rf x", "rm -rf -- x", false},
		{"A", "rm x ...", "rm -rf x", false},
		{"A", "rm -- x", "rm -- x", true},
		{"A", "rm -- -r ...", "rm -- -r", true},
		{"A", "rm -- -r ...", "rm -r", false},
	}
	for _, test := range tests {
		rule, command := strings.Fields(test.rule), strings.Fields(test.command)
		n := &Name{Text: []byte("/usr/bin/" + command[0]), Args: vector(command[1:]...)}
		mode := ToDeny
		if test.mode == "A" {
			mode = ToAllow
		}
		if got := MatchArgs(rule[1:], n, mode); got != test.want {
			t.Errorf("%s %q on %q: %v, want %v", test.mode, test.rule, test.command, got, test.want)
		}
	}
}

// TestTablesAreConsistent: a letter or a word has one arity.
func TestTablesAreConsistent(t *testing.T) {
	for name, o := range tables {
		for _, c := range o.flags {
			if strings.ContainsRune(o.values, c) {
				t.Errorf("%s: -%c is a flag and takes a value", name, c)
			}
		}
		for word := range o.stops.all() {
			if _, ok := o.long.all()[word]; ok {
				t.Errorf("%s: %s ends the command and does not", name, word)
			}
		}
		for word, same := range o.same {
			if len(same) != 2 || same[0] != '-' {
				t.Errorf("%s: %s is the same as %q, which is no letter", name, word, same)
			} else if !strings.Contains(o.flags+o.values, same[1:]) {
				t.Errorf("%s: %s is the same as %s, which is not known", name, word, same)
			}
			if _, ok := o.long.all()[word]; !ok && len(word) > 2 {
				t.Errorf("%s: %s is not known", name, word)
			}
		}
		for word := range o.long.all() {
			if !strings.HasPrefix(word, "-") || len(word) > maxOption {
				t.Errorf("%s: %q is no option", name, word)
			}
		}
	}
	for other, name := range tableNames {
		if tables[name] == nil {
			t.Errorf("%s: there is no table of %s", other, name)
		}
	}
}

func FuzzMatchArgs(f *testing.F) {
	f.Add("git push -f", "git -C x push --force")
	f.Add("rm -rf /", "rm -r -f -- /")
	f.Add("frob -a b", "frob -ab c --d=e")
	f.Fuzz(func(t *testing.T, rule, command string) {
		r, words := strings.Fields(rule), strings.Fields(command)
		if len(r) == 0 || len(words) == 0 {
			return
		}
		n := &Name{Text: []byte(words[0]), Args: vector(words[1:]...)}
		MatchArgs(r[1:], n, ToAllow)
		MatchArgs(r[1:], n, ToDeny)
		// A rule that is the command itself matches it both ways, whatever its words are.
		same := words[1:]
		if len(same) > 0 && same[len(same)-1] == rest || len(same) > maxRule {
			return
		}
		if !MatchArgs(same, n, ToAllow) {
			t.Errorf("%q does not allow itself", words)
		}
		if o := tables[programOf(n.Base())]; len(same) > 0 && same[0] != "" && same[0][0] != '-' && (o == nil ||
			!o.assigns) &&
			!MatchArgs(same[:1], n, ToDeny) {
			t.Errorf("%q does not deny %q", same[0], words)
		}
	})
}
