package main

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"sydbox/policy/program"
)

// shell is what is known of a shell.
type shell struct {
	lang       syntax.LangVariant
	builtins   map[string]bool
	longValues map[string]bool // long options with a word behind them
	shopt      int             // 1: -O takes a word, as -o does
	exported   bool            // functions are taken from the environment
	called     string
}

// posixBuiltins are those that dash, bash, zsh, mksh and ash have in common.
const posixBuiltins = `. : [ alias bg break cd command continue echo eval exec exit export false fg getopts hash jobs
	kill printf pwd read readonly return set shift test times trap true type ulimit umask unalias unset wait local `

var (
	dash = &shell{lang: syntax.LangPOSIX, builtins: set(posixBuiltins + "chdir")}
	bash = &shell{lang: syntax.LangBash, shopt: 1, exported: true, longValues: set("--rcfile --init-file"),
		builtins: set(posixBuiltins + `bind builtin caller compgen complete compopt dirs disown enable fc help
		history logout mapfile popd pushd readarray shopt source suspend`)}
	ash = &shell{lang: syntax.LangBash, builtins: set(posixBuiltins + "chdir help history let source")}
	ksh = &shell{lang: syntax.LangMirBSDKorn, builtins: set(posixBuiltins + `bind builtin fc print rename source
		suspend whence`)}
	zsh = &shell{lang: syntax.LangZsh, longValues: set("--emulate"), builtins: set(posixBuiltins + `- autoload bindkey
		builtin bye chdir dirs disable disown echotc emulate enable fc float functions history integer limit log logout
		nocorrect noglob popd print pushd pushln rehash sched setopt source suspend ttyctl unfunction unhash unlimit
		unsetopt vared whence where which zcompile zmodload zparseopts zstyle`)}
)

// shells are the names by which a shell is known. What is called sh is the shell that its file is; see follow.
var shells = map[string]*shell{
	"dash": dash, "bash": bash, "rbash": bash, "ash": ash, "hush": ash, "sh": bash, "zsh": zsh, "zsh5": zsh, "rzsh": zsh,
	"ksh": ksh, "mksh": ksh, "ksh93": ksh, "rksh": ksh, "lksh": ksh, "oksh": ksh, "pdksh": ksh,
}

// set makes a set of the words of a text.
func set(text string) map[string]bool {
	words := make(map[string]bool)
	for word := range strings.FieldsSeq(text) {
		words[word] = true
	}
	return words
}

// of is the shell by the name that it was called by.
func (sh *shell) of(called string) *shell {
	named := *sh
	named.called = called
	return &named
}

// shellOf is the shell that a program is; nil if it is none.
func shellOf(id *program.Identity, n *program.Name) *shell {
	sh := shells[strings.TrimPrefix(string(n.Base()), "-")]
	if sh == nil {
		return nil
	}
	found := sh.of(string(n.Base()))
	if id.Family != 0 {
		found.lang = syntax.LangBash // the shells of BusyBox and toybox know $'...' and more
	}
	return found
}

// shellArgs finds the text among a shell's arguments; ok is false where it has none, and note says what it does then.
// A text that may or may not be one is open.
func (sh *shell) shellArgs(args [][]byte) (text []byte, rest [][]byte, note string, ok bool) {
	command := false
	for len(args) > 0 {
		word := string(args[0])
		switch {
		case isOpen(args[0]):
			return args[0], nil, "", true
		case word == "--" || word == "-":
			args = args[1:]
		case strings.HasPrefix(word, "--"):
			args = args[1:]
			if sh.longValues[word] && len(args) > 0 {
				args = args[1:]
			}
			continue
		case len(word) > 1 && (word[0] == '-' || word[0] == '+'):
			args = args[1:]
			command = command || word[0] == '-' && strings.Contains(word, "c")
			for range strings.Count(word[1:], "o") + strings.Count(word[1:], "O")*sh.shopt {
				args = args[min(1, len(args)):]
			}
			continue
		}
		break
	}
	switch {
	case command && len(args) == 0:
		return nil, nil, "-c has no text", false
	case command:
		return args[0], args[1:], "", true
	case len(args) == 0:
		return nil, nil, "it reads its commands from standard input", false
	}
	return nil, nil, "it reads its commands from " + quoteShort(shownWord(args[0])) + ", which is no exec", false
}
