package program

import "bytes"

// The options of the container, which are also its markers.
var (
	progOption    = string(marker("--coreutils~-prog="))
	shebangOption = string(marker("--coreutils~-prog-shebang="))
)

// gnu names what the single binary of GNU coreutils will be (src/coreutils.c, 8.24 to the present tree): argv[0] if
// that is a built-in, else what argv[1] names. Both are named, as the set of built-ins is a build's choice.
func (w *walk) gnu(argv [][]byte) {
	name := gnuName(base(first(argv)))
	known := coreutils.all()[string(name)]
	if known {
		w.container("coreutils", publicName(name), after(argv, 1))
	}
	if len(name) > 0 {
		w.gnuApplet(name, after(argv, 1), "argv[0]", known)
		w.links(publicName(name), after(argv, 1), known)
	}
	option := first(after(argv, 1))
	args, detail := after(argv, 2), progOption
	prog, ok := bytes.CutPrefix(option, []byte(progOption))
	if !ok {
		if prog, ok = bytes.CutPrefix(option, []byte(shebangOption)); ok {
			args, detail = after(argv, 3), shebangOption // the word between becomes argv[0]
		}
	}
	switch {
	case ok && len(prog) > 0:
		if !known {
			w.container("coreutils", publicName(prog), args)
		}
		w.gnuApplet(prog, args, detail, !known && coreutils.all()[string(prog)])
	case !known:
		w.container("coreutils", nil, after(argv, 1))
	}
}

func (w *walk) gnuApplet(name []byte, args [][]byte, detail string, runs bool) {
	w.add(Name{Text: publicName(name), Args: args, How: Applet, Detail: detail, Runs: runs && w.sole(),
		Unsure: !runs})
	if string(name) == "ginstall" {
		w.add(Name{Text: name, Args: args, How: Applet, Detail: detail})
	}
}

// gnuName is the built-in that argv[0] asks for: install is built as ginstall.
func gnuName(name []byte) []byte {
	if string(name) == "install" {
		return []byte("ginstall")
	}
	return name
}

// publicName is what a built-in is called outside.
func publicName(name []byte) []byte {
	if string(name) == "ginstall" {
		return []byte("install")
	}
	return name
}
