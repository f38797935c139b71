package program

import "strings"

// demand is one option that a rule asks for.
type demand struct {
	letter   byte   // a flag among combined letters, or 0
	word     string // else the canonical option
	value    string
	hasValue bool
	met      bool
}

// request is a rule in two parts: the operands in their order, and the options.
type request struct {
	operands []string
	options  []demand
	levels   []*options // how options are read once so many operands are met
	guesses  int
}

// maxRule is how many operands of a rule count: beyond that the rule is a prefix anyway.
const maxRule = 62

func newRequest(rule []string, program string) *request {
	r := &request{levels: []*options{tables[program]}}
	key := program
	last := r.levels[0]
	for i := 0; i < len(rule) && len(r.operands) < maxRule; i++ {
		word := []byte(rule[i])
		k, extra := last.read(word)
		switch k {
		case positional, endOfOptions:
			if k == endOfOptions {
				continue
			}
			r.operands = append(r.operands, rule[i])
			key += " " + rule[i]
			next := tables[key]
			if next == nil && last != nil && (last.anywhere || tables[program] == last && !hasSubcommands(program)) {
				next = last
			}
			r.levels, last = append(r.levels, next), next
		default:
			value := ""
			if extra == 1 && i+1 < len(rule) {
				i++
				value = rule[i]
			} else {
				extra = 0
			}
			r.want(string(word), last, value, extra == 1)
		}
	}
	return r
}

// hasSubcommands says that what a program's options mean depends on its first operand.
func hasSubcommands(program string) bool {
	switch program {
	case "rm", "chmod", "chown", "chgrp", "cp", "mv", "ln", "find", "make", "gmake", "ninja", "env":
		return false
	}
	return true
}

// want notes an option of the rule.
func (r *request) want(word string, o *options, value string, hasValue bool) {
	if !strings.HasPrefix(word, "--") && o.clustered(word) {
		letters := word[1:]
		for i := range len(letters) {
			d := demand{letter: canonicalLetter(o, letters[i])}
			if o != nil && strings.IndexByte(o.values, letters[i]) >= 0 {
				if i+1 < len(letters) {
					value, hasValue = letters[i+1:], true
				}
				d.value, d.hasValue = value, hasValue
				r.options = append(r.options, d)
				return
			}
			r.options = append(r.options, d)
		}
		return
	}
	name, attached, cut := strings.Cut(word, "=")
	d := demand{word: o.canonical(name), value: value, hasValue: hasValue}
	if cut {
		d.value, d.hasValue = attached, true
	}
	if len(d.word) == 2 && d.word[0] == '-' && (o == nil || !o.single) {
		d.letter, d.word = d.word[1], ""
	}
	r.options = append(r.options, d)
}

// clustered says whether a word with one dash is combined letters. Where nothing is known, up to three letters are.
func (o *options) clustered(word string) bool {
	if o == nil {
		return len(word) <= 4
	}
	_, whole := o.long.all()[word]
	return !o.single && (!whole || len(word) == 2)
}

func canonicalLetter(o *options, c byte) byte {
	if o != nil {
		if same := o.same["-"+string([]byte{c})]; len(same) == 2 {
			return same[1]
		}
	}
	return c
}
