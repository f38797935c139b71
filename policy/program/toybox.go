package program

import "bytes"

// maxToyboxWords bounds how far the words of a wrapper are followed: toybox itself calls execvp once its stack is
// some 24,000 bytes deep, and each of its own commands takes more than 50.
const maxToyboxWords = 512

// maxToyboxLinks is how many links are read for one word. In 0.8 the second already failed.
const maxToyboxLinks = 8

// toybox names what a toybox will be (main.c, 0.8).
func (w *walk) toybox(e *entry, argv [][]byte) {
	name, argv, ok := w.toyboxApplet(argv)
	args := after(argv, 1)
	if !ok {
		w.container("toybox", nil, args)
		if len(name) > 0 {
			w.add(Name{Text: name, Args: args, How: Applet, Unsure: true})
		}
		return
	}
	w.container("toybox", name, args)
	known := e.applets[string(name)]
	w.add(Name{Text: name, Args: args, How: Applet, Runs: known && w.sole(), Unsure: !known})
	w.links(name, args, known)
	w.toyboxInside(e, name, args)
}

// toyboxApplet is the name that toybox will look up, and argv from that word on. ok is false where only the
// multiplexer remains.
func (w *walk) toyboxApplet(argv [][]byte) (name []byte, rest [][]byte, ok bool) {
	name = trimmedBase(first(argv))
	if bytes.HasPrefix(name, []byte("toybox")) {
		argv = after(argv, 1)
		if len(argv) == 0 {
			return nil, nil, false
		}
		name = trimmedBase(argv[0])
	}
	if len(name) == 0 {
		return nil, argv, false
	}
	if toyboxCommands.all()[string(name)] {
		return name, argv, true
	}
	// What is no command may be a link whose text is one.
	link := argv[0]
	for range maxToyboxLinks {
		w.id.volatile = true
		target, err := w.view.Readlink(link)
		if err != nil {
			break
		}
		w.step("toybox reads the link", link, "")
		link = target
		if target = trimmedBase(target); toyboxCommands.all()[string(target)] {
			return target, argv, true
		}
		w.add(Name{Text: target, Args: after(argv, 1), How: Applet, Unsure: true})
	}
	return name, argv, false
}

// toyboxInside notes what a command will run in the same process.
func (w *walk) toyboxInside(e *entry, name []byte, args [][]byte) {
	switch {
	case toyboxShells.all()[string(name)]:
		w.id.inner.any(Toybox, e.applets)
	case string(name) == "find":
		w.findCommands(args, func(command [][]byte) {
			if placeholder(command[0]) {
				w.id.inner.any(Toybox, e.applets)
				return
			}
			w.toyboxRuns(e, command, "find -exec")
			w.toyboxInner(e, command[0], command[1:])
		})
	case toyboxWrappers.all()[string(name)]:
		for i := range args[:min(len(args), maxToyboxWords)] {
			w.toyboxRuns(e, args[i:], string(name))
			if toyboxCommands.all()[string(args[i])] && string(args[i]) != string(name) {
				w.toyboxInner(e, args[i], args[i+1:])
			}
		}
	}
}

// toyboxInner is for a command that a command of the same process runs: wrappers among its words were already named.
func (w *walk) toyboxInner(e *entry, name []byte, args [][]byte) {
	if name := string(trimmedBase(name)); toyboxShells.all()[name] {
		w.id.inner.any(Toybox, e.applets)
	} else if toyboxWrappers.all()[name] || name == "find" {
		for i := range args[:min(len(args), maxToyboxWords)] {
			w.toyboxRuns(e, args[i:], name)
			if toyboxShells.all()[string(args[i])] || placeholder(args[i]) {
				w.id.inner.any(Toybox, e.applets)
			}
		}
	}
}

// toyboxRuns names a word that may be a command: without a slash it is looked up among toybox's own first.
func (w *walk) toyboxRuns(e *entry, command [][]byte, by string) {
	word := command[0]
	if len(word) == 0 || word[0] == '-' || bytes.IndexByte(word, '/') >= 0 {
		return
	}
	if !e.applets[string(word)] {
		w.id.volatile = true
		target, err := w.view.Readlink(word)
		if err != nil {
			return
		}
		word = trimmedBase(target)
	}
	w.add(Name{Text: word, Args: command[1:], How: InProcess, Detail: by})
}

// trimmedBase is basename(3) as libc has it: trailing slashes do not count.
func trimmedBase(path []byte) []byte { return base(bytes.TrimRight(path, "/")) }
