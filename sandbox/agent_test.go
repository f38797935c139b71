package sandbox

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// gitWorld makes a repository with submodules of three kinds of names, and a worktree that has them as well.
const gitWorld = `export HOME=$PWD/home GIT_CONFIG_NOSYSTEM=1; mkdir -p home
	git config --global user.email a@b.example; git config --global user.name a
	git config --global protocol.file.allow always; git config --global init.defaultBranch main
	for s in plain with/slash with/more/slashes; do
		git init -q --template= up/$s; (cd up/$s; echo text >f; git add f; git commit -qm first)
	done
	git init -q --template= proj; cd proj
	for s in plain with/slash with/more/slashes; do git submodule --quiet add ../up/$s sub/$s; done
	git commit -qm subs; git worktree add -q wt; (cd wt; git submodule --quiet update --init)`

// gitWork is what one does in all of them.
const gitWork = `work() { for m in plain with/slash with/more/slashes; do (cd $1/sub/$m && echo more >>f &&
		git commit -qam more && git fetch -q && git checkout -q -b topic && git gc -q) || exit 1; done
		(cd $1 && git add sub && git commit -qm "on with all") || exit 1; }; work .; work wt`

// gitAttack puts a copy of each submodule's directory with a hook in the place of its own, by a link, by moving a
// directory and by writing.
const gitAttack = `for m in plain with/slash with/more/slashes; do for g in .git/modules .git/worktrees/wt/modules; do
		n=x$n; e=$PWD/evil/$n; g=$g/sub/$m
		mkdir -p $e; cp -r $g/. $e; mkdir $e/hooks; printf '#!/bin/sh\necho evil >>'$PWD/seen >$e/hooks/post-commit
		chmod +x $e/hooks/post-commit
		ln -s $e/hooks $g/hooks
		cp -r $e/hooks $g/made && perl -e 'exit !rename "$ARGV[0]/made", "$ARGV[0]/hooks"' $g
		mv $g $g.away && { ln -s $e $g || perl -e 'exit !rename $ARGV[0], $ARGV[1]' $e $g || mv $g.away $g; }
		mkdir $g/hooks && cp $e/hooks/post-commit $g/hooks
		git config -f $g/config core.hooksPath $e/hooks
		echo $e >$g/commondir
	done; done; exit 0`

// TestAgentSubmodules: what git executes for a submodule stays what it was, also where its name has a slash in it and in
// a worktree; and one works in there as ever.
func TestAgentSubmodules(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		for _, profile := range []string{"build", "agent"} {
			here := filepath.Join(w.dir, fmt.Sprintf("%s-git-%d", profile, uid))
			freshDir(t, here, uid)
			if r := (&job{argv: []string{"sh", "-ec", gitWorld}, dir: here, uid: uid}).run(t); r.status != 0 {
				t.Fatal(r.stderr)
			}
			env := []string{"HOME=" + here + "/home", "GIT_CONFIG_NOSYSTEM=1"}
			here = filepath.Join(here, "proj")
			inside := func(script string) outcome {
				argv := []string{w.sydbox, "run", "-q", "-p", profile, "--", "sh", "-c", script}
				return (&job{argv: argv, dir: here, uid: uid, env: env}).run(t)
			}
			if r := inside(gitWork); r.status != 0 {
				t.Errorf("user %d, %s: work: %s", uid, profile, r.stderr)
			}
			attack := inside(gitAttack)
			const later = `for m in plain with/slash with/more/slashes; do
				git -C sub/$m commit -q --allow-empty -m later; git -C wt/sub/$m commit -q --allow-empty -m later; done; cat seen`
			r := (&job{argv: []string{"sh", "-c", later}, dir: here, uid: uid, env: env}).run(t)
			evil := strings.Count(r.stdout, "evil")
			if profile == "build" && evil != 6 || profile == "agent" && (evil != 0 || strings.Contains(r.stderr, "fatal")) {
				t.Errorf("user %d, %s: hooks of the attacker's ran %d times: %s%s", uid, profile, evil, attack.stderr, r.stderr)
			}
		}
	}
}

// TestAgentAtHome: nothing that is executed or obeyed in a home changes where the home is what may be written, and
// the rest of it does.
func TestAgentAtHome(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		for _, profile := range []string{"build", "agent"} {
			home := filepath.Join(w.dir, fmt.Sprintf("%s-home-%d", profile, uid))
			freshDir(t, home, uid)
			const script = `mkdir -p evil/bin evil/lib/python3.99/site-packages project/bin .cache/tool .m2/repository
				echo work | tee project/bin/x .cache/tool/x .m2/repository/x project/.npmrc >/dev/null
				for f in .local/bin/ls .local/lib/python3.99/site-packages/x.pth .npmrc .cargo/config.toml .config/pip/pip.conf \
					.gitconfig .bashrc bin/ls; do
					mkdir -p $(dirname $f); echo evil >$f
				done
				rm -rf .local .cargo .config bin
				echo evil | tee evil/bin/ls evil/lib/python3.99/site-packages/x.pth evil/config.toml >/dev/null
				for f in .local .cargo .config bin; do
					ln -s evil $f || perl -e 'exit !rename "evil", $ARGV[0]' $f
				done
				mkdir -p .local/lib; perl -e 'exit !rename "evil/lib/python3.99", ".local/lib/python3.99"'
				exit 0`
			j := job{argv: []string{w.sydbox, "run", "-q", "-p", profile, "--", "sh", "-c", script}, dir: home, uid: uid,
				env: []string{"HOME=" + home}}
			r := j.run(t)
			const all = `cat .local/bin/* .local/lib/python*/site-packages/* .npmrc .cargo/config.toml .config/pip/* .gitconfig \
				.bashrc bin/*; cat project/bin/x .cache/tool/x .m2/repository/x project/.npmrc`
			seen := (&job{argv: []string{"sh", "-c", all}, dir: home, uid: uid}).run(t).stdout
			if strings.Contains(seen, "evil") != (profile == "build") || strings.Count(seen, "work") != 4 || r.status != 0 {
				t.Errorf("user %d, %s: status %d, %s%s", uid, profile, r.status, seen, r.stderr)
			}
		}
	}
}
