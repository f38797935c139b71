package program

import (
	"bytes"
	"strings"
)

// Mode says for whom words are matched: where a reading is in doubt, a rule that denies takes the one that matches
// and a rule that allows the one that does not.
type Mode uint8

// The modes.
const (
	ToDeny  Mode = iota // also kill, mute and warn
	ToAllow             //
)

// rest at the end of an allow rule stands for any further words.
const rest = "..."

// MatchArgs says whether the words of a rule behind its program match those behind a name.
//
// A deny rule is a prefix: `git push` covers `git -C dir push origin`, and its options may stand anywhere. An allow
// rule is the whole command, unless its last word is `...`.
func MatchArgs(rule []string, n *Name, mode Mode) bool {
	p := programOf(n.Base())
	if mode == ToAllow {
		if n.Unsure {
			return false
		}
		return allows(rule, n.Args, p)
	}
	if len(rule) > 0 && rule[len(rule)-1] == rest {
		rule = rule[:len(rule)-1]
	}
	return denies(rule, n.Args, p)
}

// programOf is the name under which tables has a program: without a version (pip3.11, llvm-…-14).
func programOf(name []byte) string {
	for _, text := range []string{string(name), strings.TrimRight(string(name), "-.0123456789")} {
		if other := tableNames[text]; other != "" {
			text = other
		}
		if tables[text] != nil {
			return text
		}
	}
	return string(name)
}

// denies follows all readings of the words at once: bit j says that j operands of the rule are met.
func denies(rule []string, args [][]byte, program string) bool {
	r := newRequest(rule, program)
	goal := uint64(1) << len(r.operands)
	now, next := uint64(1), uint64(0)
	reached := now&goal != 0
	ended := false
	for i := 0; i < len(args) && (now|next != 0) && !reached; i++ {
		var one, two uint64
		if ended {
			one = r.meet(now, args[i], program, r.levels[0])
		} else {
			one, two, ended = r.advance(now, args[i], first(args[i+1:]), program)
		}
		now, next = one|next, two
		reached = (now|next)&goal != 0
	}
	return reached && r.optionsIn(args)
}

// advance returns the readings behind one word, and behind the word after it.
func (r *request) advance(now uint64, word, following []byte, program string) (one, two uint64, ended bool) {
	for j := range r.levels {
		bit := uint64(1) << j
		if now&bit == 0 {
			continue
		}
		o := r.levels[j]
		switch k, extra := o.read(word); k {
		case stopOption:
		case option:
			if extra == 1 {
				two |= bit
			}
			// Some programs take no value that looks like an option.
			if extra == 0 || len(following) > 0 && following[0] == '-' {
				one |= bit
			}
		case unknownOption:
			one |= bit
			two |= bit
		case endOfOptions:
			one |= bit
			ended = true
		case positional:
			one |= r.meet(bit, word, program, o)
		}
	}
	return one, two, ended
}

// meet returns the readings behind an operand.
func (r *request) meet(now uint64, word []byte, program string, o *options) (behind uint64) {
	for j, operand := range r.operands {
		bit := uint64(1) << j
		if now&bit == 0 {
			continue
		}
		if string(word) == operand || j == 0 && program == "git" && r.mayMean(word, operand) {
			behind |= bit << 1
		}
		if o != nil && o.anywhere {
			behind |= bit
		}
	}
	return behind
}

// maxGuesses is how many words of one command git's autocorrection is worked out for.
const maxGuesses = 64

// mayMean says whether git may take a word for the operand. A command that makes it hard to tell is denied.
func (r *request) mayMean(word []byte, operand string) bool {
	if len(word) > maxOption {
		return false
	}
	if r.guesses++; r.guesses > maxGuesses {
		return true
	}
	return gitMayMean(string(word), operand)
}

// optionsIn says whether all options of the rule occur. What stands behind `--` is none to a program that is known.
func (r *request) optionsIn(args [][]byte) bool {
	missing := len(r.options)
	o := r.levels[len(r.levels)-1]
	if o == nil {
		o = r.levels[0]
	}
	known := r.levels[len(r.levels)-1]
	for i := 0; i < len(args) && missing > 0; i++ {
		word := args[i]
		if string(word) == "--" && known != nil {
			break
		}
		if len(word) < 2 || word[0] != '-' {
			continue
		}
		var following []byte
		if i+1 < len(args) {
			following = args[i+1]
		}
		for k := range r.options {
			if d := &r.options[k]; !d.met && d.in(word, following, o) {
				d.met = true
				missing--
			}
		}
	}
	return missing == 0
}

// in says whether a word holds the option.
func (d *demand) in(word, following []byte, o *options) bool {
	if letters := o.letters(word); letters != nil && d.letter != 0 {
		for i, c := range letters {
			if canonicalLetter(o, c) != d.letter {
				continue
			}
			behind := word[i+2:]
			if !d.hasValue || string(behind) == d.value || len(behind) == 0 && string(following) == d.value {
				return true
			}
		}
		return false
	}
	name, value, attached := bytes.Cut(word, []byte("="))
	if len(name) > maxOption {
		return false
	}
	text := string(name)
	if d.hasValue && !(attached && string(value) == d.value || !attached && string(following) == d.value) {
		return false
	}
	if d.letter != 0 {
		// Another word for the letter, perhaps abbreviated.
		if !strings.HasPrefix(text, "--") || o == nil {
			return false
		}
		for whole, letter := range o.same {
			if letter == "-"+string([]byte{d.letter}) && len(text) > 2 && strings.HasPrefix(whole, text) {
				return true
			}
		}
		return false
	}
	if canonical := o.canonical(text); canonical == d.word {
		return true
	}
	// getopt_long takes any beginning that is unambiguous.
	return len(text) > 2 && strings.HasPrefix(text, "--") && strings.HasPrefix(d.word, text)
}
