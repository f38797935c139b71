package main

import (
	"bytes"
	"fmt"
	"strings"

	"sydbox/event"
)

// builtin handles what the shell does by itself; some builtins run commands.
func (s *shellText) builtin(at place, words [][]byte, offset uint) {
	name, args := string(words[0]), words[1:]
	switch name {
	case "exec", "command", "builtin", "noglob", "nocorrect", "-":
		inner, why := prefixed(name, args)
		switch {
		case why != "":
			s.c.cannotSay(at, words, why)
		case len(inner) == 0:
			s.noExec(at, words, "a builtin")
		case name == "exec":
			at.by += ", by exec,"
			at.bundle = nil
			s.c.command(at, inner)
		case name == "builtin":
			if s.shell.builtins[string(inner[0])] {
				s.builtin(at, inner, offset)
			} else {
				s.noExec(at, words, "a builtin")
			}
		default:
			s.simple(at, inner, offset, name != "command")
		}
	case "eval":
		s.noExec(at, words, "a builtin that runs a text")
		s.inner(at, "eval runs", bytes.Join(args, []byte(" ")), args)
	case "trap":
		s.noExec(at, words, "a builtin")
		for len(args) > 0 && string(args[0]) == "--" {
			args = args[1:]
		}
		if len(args) > 1 && string(args[0]) != "-" && len(args[0]) > 0 && args[0][0] != '-' {
			s.inner(at, "trap runs", args[0], args[:1])
		}
	case ".", "source":
		s.c.cannotSay(at, words, "what that file says is not looked at")
	case "enable", "hash", "fc", "mapfile", "readarray", "zmodload":
		if len(args) > 0 && len(args[0]) > 1 && string(args[0]) != "-t" && string(args[0]) != "-r" {
			s.c.cannotSay(at, words, "it can change what names mean, or run commands")
			return
		}
		s.noExec(at, words, "a builtin")
	default:
		s.noExec(at, words, "a builtin")
	}
}

// inner judges a text within the text.
func (s *shellText) inner(at place, by string, text []byte, words [][]byte) {
	at.by = by
	at.parent, at.depth = len(s.c.findings), at.depth+1
	switch {
	case openWords(words):
		s.c.cannotSay(at, words, "the text is known only when it runs")
	case at.depth > maxCheckDepth:
		s.c.cannotSay(at, nil, "commands that start commands are nested too deep")
	case len(s.functions)+len(s.aliases) > 0:
		s.c.cannotSay(at, [][]byte{text}, "its names may be functions or aliases of the text around it")
	default:
		s.c.text(at, s.shell, text, s.args)
	}
}

func (s *shellText) noExec(at place, words [][]byte, why string) {
	if f := s.c.add(at, words); f != nil {
		f.verdict, f.why = verdictNoExec, why
	}
}

// prefixed is the command behind exec, command and their like.
func prefixed(name string, args [][]byte) (inner [][]byte, why string) {
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		option := string(args[0])
		args = args[1:]
		switch {
		case option == "--":
			return args, ""
		case name == "command" && strings.Trim(option, "-vVp") == "":
			if strings.ContainsAny(option, "vV") {
				return nil, ""
			}
			if strings.Contains(option, "p") {
				return nil, "command -p looks it up in a PATH of its own"
			}
		case name == "exec" && strings.Trim(option, "-cl") == "":
		case name == "exec" && strings.Trim(option, "-cla") == "" && strings.HasSuffix(option, "a"):
			return nil, "exec -a calls it by another name"
		default:
			return nil, fmt.Sprintf("the option %s of %s is not known", event.Quote(option), name)
		}
	}
	return args, ""
}
