package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// words says what the words of a command are, as far as that is known beforehand.
func (s *shellText) words(list []*syntax.Word) [][]byte {
	var words [][]byte
	for _, w := range list {
		words = append(words, s.word(w)...)
	}
	return words
}

// word says what a word becomes: usually one, "$@" any number.
func (s *shellText) word(w *syntax.Word) [][]byte {
	if list, ok := s.positional(w); ok {
		return list
	}
	open, many := s.openParts(w.Parts, false)
	if open || s.lang != syntax.LangPOSIX && braces(w) {
		return [][]byte{openWord(s.source(w), many || !open)}
	}
	if text, ok := s.tilde(w); ok {
		return [][]byte{text}
	}
	text, ok := unquote(nil, w.Parts, false)
	if !ok || isOpen(text) {
		return [][]byte{openWord(s.source(w), true)}
	}
	return [][]byte{text}
}

// unquote appends what is left of literal parts once quotes and backslashes are gone. The result is never nil.
func unquote(text []byte, parts []syntax.WordPart, quoted bool) ([]byte, bool) {
	if text == nil {
		text = []byte{}
	}
	ok := true
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			for i := 0; i < len(part.Value); i++ {
				c := part.Value[i]
				behind := part.Value[i+1:]
				if c == '\\' && behind != "" && (!quoted || strings.IndexByte("$`\"\\\n", behind[0]) >= 0) {
					i++
					c = behind[0]
				}
				text = append(text, c)
			}
		case *syntax.SglQuoted:
			value := part.Value
			if part.Dollar {
				var err error
				value, _, err = expand.Format(&expand.Config{}, value, nil)
				ok = ok && err == nil
			}
			text = append(text, value...)
		case *syntax.DblQuoted:
			var inner bool
			text, inner = unquote(text, part.Parts, true)
			ok = ok && inner
		default:
			return text, false
		}
	}
	return text, ok
}

// openParts says whether a word is open, and whether it may become several words or none.
func (s *shellText) openParts(parts []syntax.WordPart, quoted bool) (open, many bool) {
	for i, part := range parts {
		switch part := part.(type) {
		case *syntax.SglQuoted:
		case *syntax.Lit:
			if quoted {
				continue
			}
			if globbed(part.Value) || i == 0 && s.lang == syntax.LangZsh && strings.HasPrefix(part.Value, "=") {
				open, many = true, true
			}
		case *syntax.DblQuoted:
			o, m := s.openParts(part.Parts, true)
			open, many = open || o, many || m
		case *syntax.ParamExp:
			open = true
			// "$@" and "${a[@]}" are several words even in quotes.
			if !quoted || part.Index != nil || part.Param == nil || part.Param.Value == "@" || part.Names != 0 ||
				part.Flags != nil || part.Exp != nil || part.Excl {
				many = true
			}
		default: // command substitution, arithmetic, <(...), @(...)
			open, many = true, many || !quoted
		}
	}
	return open, many
}

// globbed says whether an unquoted literal is a pattern. A backslash quotes.
func globbed(text string) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '*', '?':
			return true
		case '[':
			// [ alone is the program of that name.
			if strings.IndexByte(text[i:], ']') > 0 {
				return true
			}
		}
	}
	return false
}

// braces says whether a word may be a brace expansion: {a,b} or {1..3}, quoted or not in part.
func braces(w *syntax.Word) bool {
	opened, split := false, false
	for _, part := range w.Parts {
		lit, ok := part.(*syntax.Lit)
		if !ok {
			continue
		}
		opened = opened || strings.Contains(lit.Value, "{")
		split = split || opened && (strings.Contains(lit.Value, ",") || strings.Contains(lit.Value, ".."))
	}
	return split
}

// tilde expands ~ and ~/ at the start of a word; any other user's is open.
func (s *shellText) tilde(w *syntax.Word) ([]byte, bool) {
	lit, ok := w.Parts[0].(*syntax.Lit)
	if !ok || !strings.HasPrefix(lit.Value, "~") {
		return nil, false
	}
	home, rest := os.Getenv("HOME"), strings.TrimPrefix(lit.Value, "~")
	if len(w.Parts) > 1 || home == "" || s.assigns["HOME"] || rest != "" && rest[0] != '/' ||
		strings.IndexByte(rest, '\\') >= 0 {
		return openWord(s.source(w), true), true
	}
	return []byte(home + rest), true
}

// positional says what "$@", "$1" and $1 are: the words behind the text, where the text leaves them alone.
func (s *shellText) positional(w *syntax.Word) ([][]byte, bool) {
	if len(w.Parts) != 1 || s.argsLost {
		return nil, false
	}
	for _, body := range s.bodies {
		if at := w.Pos().Offset(); at >= body[0] && at < body[1] {
			return nil, false
		}
	}
	part, quoted := w.Parts[0], false
	if q, ok := part.(*syntax.DblQuoted); ok && len(q.Parts) == 1 {
		part, quoted = q.Parts[0], true
	}
	p, ok := part.(*syntax.ParamExp)
	if !ok || p.Param == nil || s.source(p) != "$"+p.Param.Value && s.source(p) != "${"+p.Param.Value+"}" {
		return nil, false
	}
	args := s.args[min(1, len(s.args)):] // the first is $0
	var list [][]byte
	switch n, err := strconv.Atoi(p.Param.Value); {
	case p.Param.Value == "@":
		list = args
	case err != nil || n == 0:
		return nil, false
	case n <= len(args):
		list = args[n-1 : n]
	case quoted:
		return [][]byte{{}}, true
	}
	for _, word := range list {
		if !quoted && (len(word) == 0 || bytes.ContainsAny(word, " \t\n*?[\\") || s.assigns["IFS"]) {
			return nil, false
		}
	}
	return list, true
}

// source is the text that a node was parsed from.
func (s *shellText) source(n syntax.Node) string {
	from, to := n.Pos().Offset(), n.End().Offset()
	if from > to || to > uint(len(s.text)) {
		return "?"
	}
	if to-from > maxSource {
		return s.text[from:from+maxSource] + "…"
	}
	return s.text[from:to]
}

// maxSource is how much of an open word's source is kept: words can hold one another.
const maxSource = 200
