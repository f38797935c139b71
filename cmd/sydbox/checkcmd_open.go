package main

import (
	"bytes"
	"strings"

	"sydbox/policy/program"
)

// An open word is one whose value will be known only when the command runs: "$X", *.c, what xargs reads. No word of an
// argument vector holds a NUL, so an open one starts with one and then has its source text; with two NULs it
// may also be several words or none.

func openWord(source string, many bool) []byte {
	if many {
		return []byte("\x00\x00" + source)
	}
	return []byte("\x00" + source)
}

func isOpen(word []byte) bool { return bytes.IndexByte(word, 0) >= 0 }

func isMany(word []byte) bool { return bytes.HasPrefix(word, []byte("\x00\x00")) }

func openWords(words [][]byte) bool {
	for _, w := range words {
		if isOpen(w) {
			return true
		}
	}
	return false
}

// shownWord is a word as it was written.
func shownWord(word []byte) string { return strings.TrimLeft(string(word), "\x00") }

// openList names the first open words.
func openList(words [][]byte) string {
	var list []string
	for _, w := range words {
		if !isOpen(w) {
			continue
		}
		if len(list) == 3 {
			list = append(list, "…")
			break
		}
		list = append(list, quoteShort(shownWord(w)))
	}
	return strings.Join(list, ", ")
}

// Bounds of the guesses.
const (
	maxRuleWords = 8     // of one rule
	maxGuesses   = 20000 // decisions about one command
)

// depends says whether what the open words will be can change the decision: each is tried with the words that the
// policy's own exec rules are made of, since no other words make a difference.
func (c *checker) depends(x *program.Exec, denied bool) bool {
	if !c.guessed {
		c.guesses, c.guessed = guessesOf(c.pol.ExecWords()), true
	}
	tries := 0
	for _, guess := range c.guesses {
		for _, argv := range fillings(x.Argv, guess) {
			if tries++; tries > maxGuesses {
				return true
			}
			y := *x
			y.Argv = argv
			d := c.pol.DecideExec(c.cache.Identify(&y, c.view, c.pol.Originals()))
			if d.Denied() != denied {
				return true
			}
		}
	}
	return false
}

// guessesOf lists every run of words in a rule, once; nothing is one of them.
func guessesOf(rules [][]string) [][][]byte {
	guesses := [][][]byte{nil}
	seen := make(map[string]bool)
	for _, words := range rules {
		words = words[:min(len(words), maxRuleWords)]
		for from := range words {
			for to := from + 1; to <= len(words); to++ {
				key := strings.Join(words[from:to], "\x00")
				if seen[key] {
					continue
				}
				seen[key] = true
				var guess [][]byte
				for _, w := range words[from:to] {
					guess = append(guess, []byte(w))
				}
				guesses = append(guesses, guess)
			}
		}
	}
	return guesses
}

// fillings are argument vectors in which a guess stands for open words: for all of them, for each alone, and for all
// from the first on where there may be several words.
func fillings(argv [][]byte, guess [][]byte) [][][]byte {
	var open []int
	many := false
	for i, w := range argv {
		if isOpen(w) {
			open = append(open, i)
			many = many || isMany(w)
		}
	}
	fits := func(w []byte) bool { return isMany(w) || len(guess) == 1 }
	fill := func(which func(i int) bool, before ...[]byte) [][]byte {
		var filled [][]byte
		for i, w := range argv {
			if isOpen(w) && which(i) && fits(w) {
				filled = append(append(filled, before...), guess...)
			} else {
				filled = append(filled, w)
			}
		}
		return filled
	}
	list := [][][]byte{fill(func(int) bool { return true })}
	if len(open) > 1 || many {
		list = append(list, append(append([][]byte(nil), argv[:open[0]]...), guess...))
	}
	if many {
		// The first of several words may be the value of an option before it.
		list = append(list, fill(func(int) bool { return true }, openWord("", false)))
	}
	for _, only := range open[:min(len(open), maxRuleWords)] {
		if len(open) > 1 {
			list = append(list, fill(func(i int) bool { return i == only }))
		}
	}
	return list
}
