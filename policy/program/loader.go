package program

import (
	"bytes"
	"strconv"
)

// invocation is what a dynamic loader that was run as a program makes of its arguments.
type invocation struct {
	program []byte
	argv    [][]byte // of the program: the words from program on
	argv0   []byte   // --argv0, nil if it was not given
	lists   bool     // it only shows something
	unknown []byte   // an option that is not known
}

// glibcOptions are the options of glibc's loader (elf/rtld.c, up to 2.43): with true a word follows.
var glibcOptions = map[string]bool{
	"--inhibit-cache": false, "--library-path": true, "--inhibit-rpath": true, "--audit": true, "--preload": true,
	"--argv0": true, "--glibc-hwcaps-prepend": true, "--glibc-hwcaps-mask": true,
}

// loaderLists are the options after which nothing is run.
var loaderLists = map[string]bool{
	"--list": true, "--verify": true, "--list-tunables": true, "--list-diagnostics": true,
	"--help": true, "--version": true,
}

// parseGlibc reads the arguments of glibc's loader: words that start with `--` are options, the first other is the
// program, and so is what follows `--`.
func parseGlibc(argv [][]byte) (v invocation) {
	for args := after(argv, 1); len(args) > 0; {
		word := args[0]
		if !bytes.HasPrefix(word, []byte("--")) {
			v.program, v.argv = word, args
			return v
		}
		if string(word) == "--" { // ends the options from 2.43 on; before that nothing is run
			if len(args) > 1 {
				v.program, v.argv = args[1], args[1:]
			}
			return v
		}
		if loaderLists[string(word)] {
			// --list needs its program too, but whatever follows is not run.
			v.lists = true
			args = args[1:]
			continue
		}
		value, known := glibcOptions[string(word)]
		if !known {
			v.unknown = word
			return v
		}
		args = args[1:]
		if value && len(args) > 0 {
			if string(word) == "--argv0" {
				v.argv0 = args[0]
			}
			args = args[1:]
		}
	}
	return v
}

// parseMusl reads the arguments of musl's loader (ldso/dynlink.c).
func parseMusl(argv [][]byte) (v invocation) {
	v.lists = bytes.HasSuffix(first(argv), []byte("ldd"))
	args := after(argv, 1)
	for len(args) > 0 && bytes.HasPrefix(args[0], []byte("--")) {
		word := args[0]
		args = args[1:]
		if len(word) == 2 {
			break
		}
		option, value, attached := bytes.Cut(word, []byte("="))
		switch string(option) {
		case "--list":
			v.lists = v.lists || !attached
			if attached {
				v.unknown = word
				return v
			}
		case "--library-path", "--preload", "--argv0":
			if !attached {
				if len(args) == 0 {
					return v
				}
				value, args = args[0], args[1:]
			}
			if string(option) == "--argv0" {
				v.argv0 = value
			}
		case "--help":
			v.lists = true // any unknown option shows the usage; this one is sure to
		default:
			v.unknown = word
			return v
		}
	}
	if len(args) > 0 {
		v.program, v.argv = args[0], args
	}
	return v
}

// loader follows a dynamic loader to the program that it will load.
func (w *walk) loader(fam Family, argv [][]byte, depth int) {
	if fam&GlibcLoader != 0 {
		w.load(parseGlibc(argv), depth)
	}
	if fam&MuslLoader != 0 {
		w.load(parseMusl(argv), depth)
	}
}

func (w *walk) load(v invocation, depth int) {
	switch {
	case v.unknown != nil:
		w.unknown("the loader's option is not known, so neither is the program: " + shown(v.unknown))
		return
	case v.lists:
		w.step("loader", v.program, "shows the program and does not run it")
		return
	case v.program == nil:
		w.step("loader", nil, "runs nothing")
		return
	case depth == maxLoaders:
		w.unknown("loaders that load loaders are nested too deep")
		return
	}
	w.id.volatile = true
	w.step("loader loads", v.program, "")
	program := append([][]byte{v.program}, v.argv[1:]...)
	if v.argv0 != nil {
		program[0] = v.argv0
	}
	if bytes.IndexByte(v.program, '/') < 0 {
		w.add(Name{Text: v.program, Args: v.argv[1:], How: Loader})
		w.unknown("the loader looks " + shown(v.program) + " up among libraries")
		return
	}
	f, hops, err := w.view.Open(v.program)
	if err != nil {
		// The loader opens the file by itself later, when nobody looks any more.
		w.add(Name{Text: v.program, Args: v.argv[1:], How: Loader})
		w.unknown("what the loader will load cannot be opened: " + err.Error())
		return
	}
	defer w.close(f)
	w.called(v.program, hops, program)
	if e := w.file(f, Loader, program); e != nil && e.elf {
		w.elf(f, e, program, depth+1)
	}
}

// shown is a word for a reason: quoted and not too long.
func shown(word []byte) string { return strconv.QuoteToASCII(string(word[:min(len(word), 64)])) }
