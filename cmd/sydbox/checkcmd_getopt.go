package main

import (
	"bytes"
	"strings"
)

// reading is what a wrapper makes of its arguments.
type reading struct {
	command [][]byte
	text    []byte          // for a shell; nil if there is none
	given   map[string]bool // letters of the options that were given
	replace string          // xargs -I
	why     string          // the command cannot be told
}

// read reads a wrapper's options, as getopt does for programs that stop at the first operand.
func (w *wrapper) read(args [][]byte) (r reading) {
	r.given = make(map[string]bool)
	for len(args) > 0 {
		word := string(args[0])
		switch {
		case isOpen(args[0]):
			r.why = "what it starts depends on " + quoteShort(shownWord(args[0]))
			return r
		case word == "--":
			args = args[1:]
			return w.operandsOf(r, args)
		case word == "-" && w.lone:
			r.given["i"] = true
			args = args[1:]
			continue
		case len(word) < 2 || word[0] != '-' && (word[0] != '+' || !w.plus):
			return w.operandsOf(r, args)
		}
		args = args[1:]
		var letter, value string
		needs, known := false, false
		if strings.HasPrefix(word, "--") {
			letter, value, needs, known = w.longOption(word)
		} else {
			letter, value, needs, known = w.shortOptions(word[1:], r.given)
		}
		switch {
		case !known:
			r.why = "its option " + quoteShort(word) + " is not known here"
			return r
		case w.ends[letter]:
			return r
		case needs && len(args) == 0:
			return r // it will complain
		case needs:
			if letter == "c" && w.text || letter == "I" {
				if isOpen(args[0]) {
					r.why = "it depends on " + quoteShort(shownWord(args[0]))
					return r
				}
			}
			if isMany(args[0]) {
				r.why = "what it starts depends on " + quoteShort(shownWord(args[0]))
				return r
			}
			value, args = string(args[0]), args[1:]
		}
		r.given[letter] = true
		switch {
		case letter == "c" && w.text:
			r.text = []byte(value)
		case letter == "I" && w.adds != "":
			if r.replace = value; value == "" {
				r.replace = "{}"
			}
		}
	}
	return r
}

// operandsOf takes the words between the options and the command.
func (w *wrapper) operandsOf(r reading, args [][]byte) reading {
	for w.assigns && len(args) > 0 && bytes.IndexByte(args[0], '=') > 0 {
		args = args[1:]
	}
	operands := w.operands
	for ; operands > 0 && len(args) > 0; operands-- {
		if isMany(args[0]) {
			r.why = "what it starts depends on " + quoteShort(shownWord(args[0]))
			return r
		}
		args = args[1:]
	}
	if w.text && len(args) > 1 && (string(args[0]) == "-c" || string(args[0]) == "--command") {
		if isOpen(args[1]) {
			r.why = "it depends on " + quoteShort(shownWord(args[1]))
		}
		r.text = args[1]
		return r
	}
	if w.joins && len(args) > 0 && !r.given["x"] {
		r.text = bytes.Join(args, []byte(" "))
		if openWords(args) {
			r.why = "its text is known only when it runs"
		}
		return r
	}
	r.command = args
	return r
}

// shortOptions reads a word of letters; the last of them may need a value.
func (w *wrapper) shortOptions(letters string, given map[string]bool) (letter, value string, needs, known bool) {
	if w.digits && strings.Trim(letters, "0123456789-+") == "" {
		return "n", letters, false, true
	}
	for i := range len(letters) {
		letter = letters[i : i+1]
		rest := letters[i+1:]
		switch {
		case strings.Contains(w.flags, letter):
			given[letter] = true
			if w.ends[letter] {
				return letter, "", false, true
			}
		case strings.Contains(w.optional, letter):
			if letter == "i" {
				letter = "I" // xargs -i is -I {}
			}
			return letter, rest, false, true
		case strings.Contains(w.values, letter):
			return letter, rest, rest == "", true
		default:
			return "", "", false, false
		}
	}
	return letter, "", false, true
}

// longOption reads --NAME and --NAME=VALUE; a beginning that fits one name alone is that name. letter is the one that
// the name is another word for, or the name.
func (w *wrapper) longOption(word string) (letter, value string, needs, known bool) {
	name, value, attached := strings.Cut(word[2:], "=")
	found := ""
	for option := range strings.FieldsSeq(w.long) {
		option, same, _ := strings.Cut(option[2:], ":")
		plain := strings.TrimSuffix(option, "=")
		if plain != name && (!strings.HasPrefix(plain, name) || name == "") {
			continue
		}
		if found != "" && plain != name {
			return "", "", false, false
		}
		found, needs = plain, strings.HasSuffix(option, "=") && !attached
		if letter = same; letter == "" {
			letter = plain
		}
		if plain == name {
			break
		}
	}
	return letter, value, needs, found != ""
}
