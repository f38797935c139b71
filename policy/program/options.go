package program

import (
	"bytes"
	"strings"
)

// options is how a program reads its options: which take a word of their own as value.
type options struct {
	flags  string   // letters without a value
	values string   // letters with a value, attached or the next word
	long   *wordSet // whole words: true if the next word is the value. `--x=VALUE` is one word anyway
	stops  *wordSet // whole words after which the program does something else than its subcommand
	// same says which long options are the same as a letter: "--recursive" is "-r".
	same map[string]string
	// single: an option is a word with one dash (find, go); letters are never combined.
	single bool
	// anywhere: the words of a rule may stand anywhere among the operands (make's targets).
	anywhere bool
	// assigns: NAME=VALUE is no operand.
	assigns bool
	// plus: +NAME is an option (cargo's toolchain).
	plus bool
}

// kind is what a word is to a program.
type kind uint8

const (
	positional    kind = iota
	option             // with a known number of words behind it
	unknownOption      // may or may not take the next word
	stopOption         // no subcommand will run
	endOfOptions       // --
)

// read says what a word is and how many words behind it belong to it. o may be nil: nothing is known.
func (o *options) read(word []byte) (k kind, extra int) {
	switch {
	case len(word) < 2 || word[0] != '-':
		if o != nil && (o.assigns && bytes.IndexByte(word, '=') > 0 || o.plus && bytes.HasPrefix(word, []byte("+"))) {
			return option, 0
		}
		return positional, 0
	case string(word) == "--":
		return endOfOptions, 0
	case o == nil:
		if bytes.HasPrefix(word, []byte("--")) && bytes.IndexByte(word, '=') > 0 {
			return option, 0
		}
		return unknownOption, 0
	}
	text := string(word[:min(len(word), maxOption)])
	if o.single && strings.HasPrefix(text, "--") {
		text = text[1:]
	}
	if o.stops.all()[text] {
		return stopOption, 0
	}
	if value, ok := o.long.all()[text]; ok {
		if value {
			return option, 1
		}
		return option, 0
	}
	if strings.HasPrefix(text, "--") || o.single {
		if strings.IndexByte(text, '=') > 0 {
			return option, 0
		}
		return unknownOption, 0
	}
	for i := 1; i < len(word); i++ {
		switch c := word[i]; {
		case strings.IndexByte(o.flags, c) >= 0:
		case strings.IndexByte(o.values, c) < 0:
			return unknownOption, 0
		case i+1 == len(word):
			return option, 1
		default:
			return option, 0
		}
	}
	return option, 0
}

// maxOption is longer than any option that a table names.
const maxOption = 256

// letters are the flags in a word of combined letters, without those behind a letter that takes a value. nil if it
// is no such word.
func (o *options) letters(word []byte) []byte {
	if len(word) < 2 || word[0] != '-' || word[1] == '-' || o != nil && o.single {
		return nil
	}
	if o != nil {
		if _, whole := o.long.all()[string(word)]; whole {
			return nil
		}
		for i := 1; i < len(word); i++ {
			if strings.IndexByte(o.values, word[i]) >= 0 {
				return word[1 : i+1]
			}
		}
	}
	return word[1:]
}

// canonical is the letter that a long option is another word for; else the option itself, with one dash where that is
// the program's way. What follows `=` does not belong to it.
func (o *options) canonical(word string) string {
	name, _, _ := strings.Cut(word, "=")
	if o == nil {
		return name
	}
	if o.single && strings.HasPrefix(name, "--") {
		name = name[1:]
	}
	if same := o.same[name]; same != "" {
		return same
	}
	return name
}

// eachCommand calls see with what starts at each word that may be the first behind the options, in the readings that
// an unknown option leaves.
func eachCommand(args [][]byte, o *options, see func(command [][]byte)) {
	now, next := true, false // a reading arrives at this word, at the one behind it
	for i := 0; i < len(args) && (now || next); i++ {
		if !now {
			now, next = next, false
			continue
		}
		switch k, extra := o.read(args[i]); {
		case k == option && extra == 0:
			now, next = true, false
		case k == option:
			now, next = next, true
		case k == unknownOption:
			now, next = true, true
		case k == endOfOptions:
			if i+1 < len(args) {
				see(args[i+1:])
			}
			return
		default:
			see(args[i:])
			now, next = next, false
		}
	}
}
