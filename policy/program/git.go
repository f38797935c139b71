package program

import (
	"bytes"
	"strings"
)

// git names what git will be (git.c, 2.39): as git-push it is `git push`, under any other name it is git. Which of
// its words is the subcommand is for MatchArgs to say.
func (w *walk) git(argv [][]byte) {
	args := after(argv, 1)
	for _, called := range [][]byte{w.argv0, w.typed} {
		sub, ok := bytes.CutPrefix(base(called), []byte("git-"))
		if !ok || len(sub) == 0 {
			continue
		}
		// Only argv[0] counts to git. The other is named for rules that deny.
		sure := bytes.Equal(called, w.argv0)
		w.add(Name{Text: []byte("git"), Args: append([][]byte{sub}, args...), How: Applet, Detail: "argv[0]",
			Runs: sure && w.sole(), Unsure: !sure})
		if sure {
			return
		}
	}
	w.add(Name{Text: []byte("git"), Args: args, How: Applet, Runs: w.sole()})
}

// gitPart names what is no git itself but one of its programs: git-submodule is a script, git-http-push a binary of
// its own.
func (w *walk) gitPart(args [][]byte) {
	for _, path := range [][]byte{w.typed, w.path} {
		if sub, ok := bytes.CutPrefix(base(path), []byte("git-")); ok && len(sub) > 0 {
			w.add(Name{Text: []byte("git"), Args: append([][]byte{sub}, args...), How: Applet, Detail: "file name",
				Unsure: true})
			return
		}
	}
}

// gitCommands are git's own subcommands.
var gitCommands = words(`add add--interactive am annotate apply archimport archive backfill bisect bisect--helper
	blame branch bugreport bundle cat-file check-attr check-ignore check-mailmap check-ref-format checkout
	checkout--worker checkout-index cherry cherry-pick citool clean clone column commit commit-graph commit-tree
	config count-objects credential credential-cache credential-cache--daemon credential-store cvsexportcommit
	cvsimport cvsserver daemon describe diagnose diff diff-files diff-index diff-pairs diff-tree difftool
	difftool--helper env--helper fast-export fast-import fetch fetch-pack filter-branch fmt-merge-msg for-each-ref
	for-each-repo format-patch fsck fsck-objects fsmonitor--daemon gc get-tar-commit-id grep gui hash-object help
	hook http-backend http-fetch http-push imap-send index-pack init init-db instaweb interpret-trailers
	last-modified log ls-files ls-remote ls-tree mailinfo mailsplit maintenance merge merge-base merge-file
	merge-index merge-octopus merge-one-file merge-ours merge-recursive merge-recursive-ours merge-recursive-theirs
	merge-resolve merge-subtree merge-tree mergetool mktag mktree multi-pack-index mv name-rev notes p4 pack-objects
	pack-redundant pack-refs patch-id pickaxe prune prune-packed pull push quiltimport range-diff read-tree rebase
	receive-pack reflog refs remote remote-ext remote-fd remote-ftp remote-ftps remote-http remote-https repack
	replace replay repo request-pull rerere reset restore rev-list rev-parse revert rm send-email send-pack sh-i18n
	sh-setup shell shortlog show show-branch show-index show-ref sparse-checkout stage stash status stripspace
	submodule submodule--helper subtree svn switch symbolic-ref tag unpack-file unpack-objects update-index
	update-ref update-server-info upload-archive upload-archive--writer upload-pack var verify-commit verify-pack
	verify-tag version web--browse whatchanged worktree write-tree`)

// gitMaybe are those that a git may lack: younger than 2.20, or in packages of their own. A word that is one may be
// unknown to it, and none of them is sure to be closer to a word than another command.
var gitMaybe = words(`archimport backfill bugreport citool credential-cache credential-store cvsexportcommit cvsimport
	cvsserver daemon diagnose diff-pairs for-each-repo fsmonitor--daemon gui history hook http-backend http-fetch
	http-push imap-send instaweb last-modified maintenance p4 quiltimport range-diff refs replay repo send-email
	sparse-checkout subtree svn web--browse`)

// gitCommon are the subcommands that git suggests but does not run when the word typed is the beginning of one.
var gitCommon = words(`add am backfill bisect branch clone commit diff fetch grep init log merge mv pull push rebase
	reset restore rm show status switch tag`)

// gitMayMean says whether git's autocorrection (help.autocorrect) may run command instead of the unknown typed.
// That happens in the same process. git takes the one command that is most alike, and none if the word is the
// beginning of a common one. Several that are equally alike are all named here: another version of git may have
// fewer of them.
func gitMayMean(typed, command string) bool {
	const enough = 7 // SIMILARITY_FLOOR in help.c
	if len(typed) > len(command)+2 || len(command) > len(typed)+enough {
		return false // letters too many, or missing, weigh too much already
	}
	if gitCommands.all()[typed] && !gitMaybe.all()[typed] {
		return false
	}
	alike := gitDistance(typed, command)
	if alike >= enough {
		return false
	}
	for other := range gitCommands.all() {
		if gitCommon.all()[other] && strings.HasPrefix(other, typed) ||
			gitDistance(typed, other) < alike && !gitMaybe.all()[other] {
			return false
		}
	}
	return true
}

// gitDistance is how git weighs a command against an unknown word: swapped letters cost 0, a wrong one 2, a missing
// one 1, one too many 3.
func gitDistance(typed, command string) int {
	const wrong, missing, extra = 2, 1, 3
	before, above, row := make([]int, len(command)+1), make([]int, len(command)+1), make([]int, len(command)+1)
	for j := range above {
		above[j] = j * missing
	}
	for i := range len(typed) {
		row[0] = (i + 1) * extra
		for j := range len(command) {
			cost := above[j]
			if typed[i] != command[j] {
				cost += wrong
			}
			if i > 0 && j > 0 && typed[i-1] == command[j] && typed[i] == command[j-1] {
				cost = min(cost, before[j-1])
			}
			row[j+1] = min(cost, above[j+1]+extra, row[j]+missing)
		}
		before, above, row = above, row, before
	}
	return above[len(command)] + 1
}
