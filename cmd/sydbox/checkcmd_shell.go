package main

import (
	"bytes"
	"os"

	"mvdan.cc/sh/v3/syntax"

	"sydbox/event"
)

// shellText is the text of `sh -c`, or a part of one, whose commands are looked at.
type shellText struct {
	c     *checker
	shell *shell
	lang  syntax.LangVariant
	text  string
	args  [][]byte // behind the text: $0, $1 ...
	at    place    // of its commands

	// What the text does to its own meaning:
	assigns   map[string]bool // variables that it assigns
	functions map[string]function
	aliases   map[string]bool
	moves     changes   // cd
	paths     changes   // PATH
	argsLost  bool      // set, shift
	bodies    [][2]uint // from where to where functions are declared: they have arguments of their own
	loops     bool      // what stands later may run earlier
}

// function is a declaration in the text.
type function struct {
	behind uint // the offset from which on it is declared
	sure   bool // no branch goes round it
}

// changes are the places at which something is changed.
type changes []uint

// before says whether a change may come before what stands at an offset.
func (c changes) before(offset uint, anywhere bool) bool {
	for _, at := range c {
		if anywhere || at < offset {
			return true
		}
	}
	return false
}

// shellCommand looks at what a shell is told to do.
func (c *checker) shellCommand(f *finding, sh *shell, args [][]byte, at place) {
	text, rest, note, ok := sh.shellArgs(args)
	if !ok {
		f.why = join(f.why, note)
		return
	}
	at.by = sh.called + " runs"
	at.text = true
	if f.id.Shell() {
		at.bundle = f
	}
	c.text(at, sh, text, rest)
}

// text judges every command in a shell's text.
func (c *checker) text(at place, sh *shell, text []byte, args [][]byte) {
	if isOpen(text) {
		c.cannotSay(at, [][]byte{text}, "the text is known only when it runs")
		return
	}
	s := &shellText{c: c, shell: sh, lang: sh.lang, text: string(text), args: args, at: at,
		assigns: make(map[string]bool), functions: make(map[string]function), aliases: make(map[string]bool)}
	file, err := syntax.NewParser(syntax.Variant(s.lang)).Parse(bytes.NewReader(text), "")
	if err != nil {
		c.cannotSay(at, [][]byte{text}, "the text cannot be parsed: "+event.Quote(err.Error()))
		return
	}
	s.learn(file)
	syntax.Walk(file, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 {
			s.call(call)
		}
		return !c.full
	})
}

// learn finds out what the text does to its own meaning.
func (s *shellText) learn(file *syntax.File) {
	for _, stmt := range file.Stmts {
		if decl, ok := stmt.Cmd.(*syntax.FuncDecl); ok && decl.Name != nil {
			s.functions[decl.Name.Value] = function{stmt.End().Offset(), true}
		}
	}
	passing := make(map[*syntax.Assign]bool) // for one command alone
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.WhileClause, *syntax.ForClause:
			s.loops = true
		case *syntax.FuncDecl:
			s.loops = true
			s.bodies = append(s.bodies, [2]uint{n.Pos().Offset(), n.End().Offset()})
			for _, name := range append(n.Names, n.Name) {
				if name != nil && !s.functions[name.Value].sure {
					s.functions[name.Value] = function{n.Pos().Offset(), false}
				}
			}
		case *syntax.Assign:
			if n.Name != nil && !passing[n] {
				s.assign(n.Name.Value, n.Pos().Offset())
			}
		case *syntax.WordIter:
			s.assign(n.Name.Value, n.Pos().Offset())
		case *syntax.CallExpr:
			s.effects(n)
			for _, a := range n.Assigns {
				passing[a] = len(n.Args) > 0 && !s.shell.builtins[n.Args[0].Lit()]
			}
		}
		return true
	})
}

func (s *shellText) assign(name string, offset uint) {
	s.assigns[name] = true
	if name == "PATH" || name == "path" && s.lang == syntax.LangZsh {
		s.paths = append(s.paths, offset)
	}
}

// effects notes what a builtin changes.
func (s *shellText) effects(call *syntax.CallExpr) {
	if len(call.Args) == 0 {
		return
	}
	offset := call.Pos().Offset()
	words := s.words(call.Args)
	if len(words) == 0 {
		return
	}
	switch name := string(words[0]); name {
	case "cd", "chdir", "pushd", "popd":
		s.moves = append(s.moves, offset)
	case "shift":
		s.argsLost = true
	case "set":
		for _, w := range words[1:] {
			s.argsLost = s.argsLost || isOpen(w) || string(w) == "--" || len(w) == 0 || w[0] != '-' && w[0] != '+'
		}
	case "export", "readonly", "read", "typeset", "local", "declare", "unset", "command", "builtin":
		for _, w := range words[1:] {
			variable, _, _ := bytes.Cut(w, []byte("="))
			s.assign(string(variable), offset)
			if string(w) == "cd" {
				s.moves = append(s.moves, offset)
			}
		}
	case "alias":
		for _, w := range words[1:] {
			if variable, _, ok := bytes.Cut(w, []byte("=")); ok {
				s.aliases[string(variable)] = true
			}
		}
	case "eval", ".", "source":
		// It may do all of this. Where the text of eval is known its commands are judged by themselves.
		text := bytes.Join(words[1:], []byte(" "))
		if name != "eval" || openWords(words) || bytes.Contains(text, []byte("PATH")) ||
			bytes.Contains(text, []byte("cd")) {
			s.moves, s.paths = append(s.moves, offset), append(s.paths, offset)
		}
		s.argsLost = true
	}
}

// call judges a simple command.
func (s *shellText) call(call *syntax.CallExpr) {
	words, offset := s.words(call.Args), call.Pos().Offset()
	at := s.at
	if s.moves.before(offset, s.loops) && at.moved == "" {
		at.moved = "the directory may be another by then"
	}
	if s.paths.before(offset, s.loops) && at.pathless == "" {
		at.pathless = "PATH may be another by then"
	}
	for _, a := range call.Assigns {
		if a.Name != nil && a.Name.Value == "PATH" {
			at.pathless = "PATH is set for it"
		}
	}
	if len(words) == 0 {
		return // "$@" without arguments
	}
	s.simple(at, words, offset, true)
}

// simple judges a command of known words. functions: a function or alias may bear its name.
func (s *shellText) simple(at place, words [][]byte, offset uint, functions bool) {
	name := string(words[0])
	if functions && !isOpen(words[0]) {
		decl, declared := s.functions[name]
		switch {
		case declared && decl.sure && decl.behind <= offset:
			s.noExec(at, words, "a function of the text")
			return
		case declared:
			s.c.cannotSay(at, words, "it may be the function that the text declares")
			return
		case s.aliases[name]:
			s.c.cannotSay(at, words, "it may be the alias that the text defines")
			return
		case s.shell.exported && os.Getenv("BASH_FUNC_"+name+"%%") != "":
			s.c.cannotSay(at, words, "it is a function in the environment")
			return
		}
	}
	if !s.shell.builtins[name] {
		s.c.command(at, words)
		return
	}
	s.builtin(at, words, offset)
}
