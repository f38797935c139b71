package program

import "bytes"

// uutils names what a uutils coreutils will be. Up to 0.7 it listens to argv[0]; from 0.8 on, with glibc, to
// AT_EXECFN. Until 0.5 a utility's name counts at the end of the name if no letter or digit stands before it, from
// 0.6 on always.
func (w *walk) uutils(argv [][]byte) {
	args := after(argv, 1)
	exact := false
	seen := ""
	for i, called := range [][]byte{w.argv0, w.typed} {
		stem := pathStem(called)
		name := longestUtility(stem)
		if name == "" || name == seen {
			continue
		}
		seen = name
		whole := len(name) == len(stem)
		exact = exact || whole
		// A link that bears the name, called by it, runs it in every version.
		sure := whole && i == 0 && bytes.Equal(stem, pathStem(w.typed))
		detail := "argv[0]"
		if i == 1 {
			detail = "AT_EXECFN"
		}
		w.add(Name{Text: []byte(name), Args: args, How: Applet, Detail: detail, Runs: sure && w.sole(),
			Unsure: !sure})
		w.links([]byte(name), args, sure)
	}
	if exact {
		w.container("coreutils", []byte(seen), args)
		return
	}
	word := first(args)
	if len(word) == 0 {
		w.container("coreutils", nil, args)
		return
	}
	w.container("coreutils", word, after(args, 1))
	sure := seen == "" && coreutils.all()[string(word)]
	w.add(Name{Text: word, Args: after(args, 1), How: Applet, Detail: "first word", Runs: sure && w.sole(),
		Unsure: !sure})
}

// pathStem is the last component of a path without its last extension, as Rust's Path::file_stem has it.
func pathStem(path []byte) []byte {
	for {
		switch {
		case bytes.HasSuffix(path, []byte("/")):
			path = path[:len(path)-1]
			continue
		case bytes.HasSuffix(path, []byte("/.")):
			path = path[:len(path)-2]
			continue
		}
		break
	}
	name := base(path)
	if dot := bytes.LastIndexByte(name, '.'); dot > 0 {
		return name[:dot]
	}
	return name
}

// longestUtility is the longest utility that the stem ends with, "" if there is none.
func longestUtility(stem []byte) string {
	const longest = 16
	for i := max(0, len(stem)-longest); i < len(stem); i++ {
		if name := string(stem[i:]); coreutils.all()[name] && name != "ginstall" {
			return name
		}
	}
	return ""
}
