package policy

import "strings"

// manyNames is how many programs are looked for in a directory one by one before it is listed: that costs about as much
// as so many opens.
const manyNames = 64

// directory is one in which the programs of bare names are looked for.
type directory struct {
	path string
	// asked is how many names have been looked for in it so far.
	asked int
	// names are those in it, in lower case, once it was listed; nil if that does not tell what is not there.
	names map[string]struct{}
}

// mayHave says whether an open of a name in the directory can lead to anything: false only if the directory was listed
// without it. A name in other letters is the same to a file system that folds case, so it counts as listed, and none
// is ruled out where that takes more than ASCII to say.
func (d *directory) mayHave(name string, lists *listings) bool {
	if d.asked++; d.asked == manyNames {
		d.names = lists.of(d.path)
	}
	if d.names == nil || !isASCII(name) || name == "." || name == ".." {
		return true
	}
	_, there := d.names[strings.ToLower(name)]
	return there
}

// listings are the directories that were listed.
type listings struct {
	list     func(dir string) (names []string, ok bool) // nil if no listing can be had
	realpath func(string) (string, error)
	known    map[string]map[string]struct{} // by real path
}

// of returns what a directory has, for mayHave. One that has two names is listed once.
func (l *listings) of(dir string) map[string]struct{} {
	if l.list == nil {
		return nil
	}
	if l.realpath != nil {
		if real, err := l.realpath(dir); err == nil {
			dir = real
		}
	}
	set, listed := l.known[dir]
	if !listed {
		if names, ok := l.list(dir); ok {
			set = folded(names)
		}
		l.known[dir] = set
	}
	return set
}

// folded is the set of the names in lower case; nil if one of them may fold to a name in ASCII and is none: the Kelvin
// sign is a k.
func folded(names []string) map[string]struct{} {
	set := make(map[string]struct{}, len(names))
	for _, name := range names {
		if !isASCII(name) {
			return nil
		}
		set[strings.ToLower(name)] = struct{}{}
	}
	return set
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}
