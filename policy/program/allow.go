package program

import (
	"slices"
	"strings"
)

// allows says whether a command is what an allow rule says.
func allows(rule []string, args [][]byte, program string) bool {
	open := len(rule) > 0 && rule[len(rule)-1] == rest
	if open {
		rule = rule[:len(rule)-1]
	}
	o := tables[program]
	j := 0
	key := program
	ended := false
	for i := 0; ; {
		if j == len(rule) {
			return open || i == len(args)
		}
		if i == len(args) {
			return false
		}
		wanted, given := flagRun(rule[j:], o), 0
		if len(wanted) > 0 && !ended {
			run, n := argRun(args[i:], o)
			given = n
			if !run.covers(wanted) || !open && len(run) != len(wanted.set()) {
				return false
			}
			for _, letters := range wanted {
				j += letters.words
			}
			i += given
			continue
		}
		word := args[i]
		switch {
		case string(word) == rule[j]:
			if k, _ := o.read(word); k == endOfOptions {
				ended = true
			} else if k == positional {
				key += " " + rule[j]
				if next := tables[key]; next != nil || hasSubcommands(program) && key != program {
					o = next
				}
			}
			i, j = i+1, j+1
		case open && !ended && o != nil && hasSubcommands(program):
			// Options that are known may stand before the subcommand.
			k, extra := o.read(word)
			if k != option || i+1+extra > len(args) {
				return false
			}
			i += 1 + extra
		default:
			return false
		}
	}
}

// flagSet is a set of flags.
type flagSet []byte

func (r flagSet) covers(wanted flagWords) bool {
	for _, f := range wanted {
		for _, c := range f.letters {
			if !slices.Contains(r, c) {
				return false
			}
		}
	}
	return true
}

// flagWords are words of combined flags, each of which a program is known to have without a value.
type flagWords []struct {
	letters flagSet
	words   int
}

func (f flagWords) set() (all flagSet) {
	for _, w := range f {
		for _, c := range w.letters {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all
}

// pureFlags are the letters of a word that is nothing but known flags; nil if it is anything else.
func pureFlags(word []byte, o *options) flagSet {
	if o == nil || o.single || len(word) < 2 || word[0] != '-' || word[1] == '-' || len(word) > maxOption {
		return nil
	}
	var letters flagSet
	for _, c := range word[1:] {
		if strings.IndexByte(o.flags, c) < 0 {
			return nil
		}
		letters = append(letters, canonicalLetter(o, c))
	}
	return letters
}

// flagRun are the words of flags at the start of a rule.
func flagRun(rule []string, o *options) (list flagWords) {
	for _, word := range rule {
		letters := pureFlags([]byte(word), o)
		if letters == nil {
			break
		}
		list = append(list, struct {
			letters flagSet
			words   int
		}{letters, 1})
	}
	return list
}

// argRun are the flags at the start of args and how many words they take.
func argRun(args [][]byte, o *options) (all flagSet, n int) {
	for ; n < len(args); n++ {
		letters := pureFlags(args[n], o)
		if letters == nil {
			break
		}
		for _, c := range letters {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all, n
}
