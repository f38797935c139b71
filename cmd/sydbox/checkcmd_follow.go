package main

import (
	"bytes"
	"slices"

	"sydbox/cmd/internal/console"
	"sydbox/policy/program"
)

// follow judges what a program will start, where its arguments tell.
func (c *checker) follow(f *finding, at place) {
	var sh *shell
	var shArgs [][]byte
	var wrap *wrapper
	var name *program.Name
	isScript := slices.ContainsFunc(f.id.Steps, func(s program.Step) bool { return s.What == "script" })
	for i := range f.id.Names {
		n := &f.id.Names[i]
		if n.Unsure || !n.Runs && n.How != program.Canonical {
			continue // a name that the caller made up says nothing of what runs
		}
		if isScript && n.How == program.Canonical && n.Detail == "" {
			if w := wrappers[string(n.Base())]; w != nil && w.script && wrap == nil {
				wrap, name = w, n
			}
			continue
		}
		if s := shellOf(f.id, n); s != nil && (sh == nil || sh.called == "sh") {
			sh, shArgs = s, n.Args
		}
		if w := wrappers[string(n.Base())]; w != nil && !w.script && wrap == nil {
			wrap, name = w, n
		}
	}
	switch {
	case sh != nil && (wrap == nil || !wrap.script):
		c.shellCommand(f, sh, shArgs, at)
	case wrap == nil:
	case string(name.Base()) == "find":
		at.by = "find starts"
		c.findCommands(f, name.Args, at)
	default:
		at.by = string(name.Base()) + " starts"
		c.wrapped(f, wrap, name, at)
	}
}

// wrapped judges the command that a wrapper will start.
func (c *checker) wrapped(f *finding, w *wrapper, name *program.Name, at place) {
	base := string(name.Base())
	r := w.read(name.Args)
	if base == "env" && len(f.id.Next) > 0 {
		// The identification has read -S as env does.
		r.command, r.why = f.id.Next, ""
		for i, word := range r.command {
			if bytes.Contains(word, []byte("${")) {
				r.command[i] = openWord(string(word), false)
			}
		}
	}
	switch {
	case r.why != "":
		c.cannotSay(at, nil, r.why)
		return
	case r.text != nil:
		r.command = [][]byte{[]byte("sh"), []byte("-c"), r.text}
	case len(r.command) == 0:
		return
	}
	if w.adds != "" && !r.given["I"] {
		r.command = append(bytesClone(r.command), openWord(w.adds, true))
	}
	if r.replace != "" {
		r.command = replaced(r.command, r.replace)
	}
	switch {
	case w.foreign != "" && base == "chroot" && rootAgain(name.Args, r.command):
		at.moved = "it depends on the directory that chroot changes to"
	case w.foreign != "":
		at.foreign = w.foreign
	case w.roots && r.given["R"]:
		at.foreign = "it starts in another root"
	}
	if r.given["C"] && w.chdir {
		at.moved = "it depends on the directory that " + base + " changes to"
	}
	if base == "env" {
		envPath(&at, name.Args, r)
	}
	c.command(at, r.command)
}

// rootAgain says that the operand before the command is the root as it is.
func rootAgain(args, command [][]byte) bool {
	i := len(args) - len(command) - 1
	return i >= 0 && string(args[i]) == "/"
}

// envPath notes the PATH that env gives its command, in which it also looks for it.
func envPath(at *place, args [][]byte, r reading) {
	if r.given["i"] {
		path := console.DefaultPath
		at.path = &path
	}
	for _, word := range args[:len(args)-min(len(args), len(r.command))] {
		if path, ok := bytes.CutPrefix(word, []byte("PATH=")); ok && !isOpen(word) {
			text := string(path)
			at.path, at.pathless = &text, ""
		} else if bytes.Contains(word, []byte("PATH")) || isMany(word) {
			at.pathless = "env gives it a PATH of its own"
		}
	}
}

// replaced makes the words open that hold what xargs -I replaces.
func replaced(command [][]byte, what string) [][]byte {
	list := bytesClone(command)
	for i, word := range list {
		if bytes.Contains(word, []byte(what)) && !isOpen(word) {
			list[i] = openWord(string(word), false)
		}
	}
	return list
}

func bytesClone(words [][]byte) [][]byte { return append([][]byte(nil), words...) }

// findCommands judges what find's -exec and its like start.
func (c *checker) findCommands(f *finding, args [][]byte, at place) {
	for i := 0; i < len(args); i++ {
		switch string(args[i]) {
		case "-execdir", "-okdir":
			at.moved = "it depends on where find has found something"
		case "-exec", "-ok":
		default:
			if isMany(args[i]) {
				c.cannotSay(at, args[i:i+1], "it may hold an -exec")
			}
			continue
		}
		command := args[i+1:]
		for n, word := range command {
			last := string(word) == "+" && n > 0 && string(command[n-1]) == "{}"
			if string(word) == ";" || last {
				if command = bytesClone(command[:n]); last {
					command[n-1] = openWord("{}", true)
				}
				break
			}
		}
		i += len(command)
		c.command(at, replaced(command, "{}"))
	}
}
