package program

import "bytes"

// The dispatch of BusyBox (libbb/appletlib.c), 1.28 to the present tree.

// busyboxApplet is which applet a BusyBox will act as, and the words behind its name. An empty name: the container.
func busyboxApplet(argv [][]byte) (name []byte, args [][]byte) {
	name = base(bytes.TrimPrefix(first(argv), []byte("-")))
	argv = after(argv, 1)
	for bytes.HasPrefix(name, []byte("busybox")) {
		word := first(argv)
		if len(argv) == 0 || bytes.HasPrefix(word, []byte("--list")) || string(word) == "--install" ||
			string(word) == "--help" {
			return nil, argv
		}
		name, argv = base(word), argv[1:]
	}
	return name, argv
}

// busybox names what a BusyBox will be.
func (w *walk) busybox(e *entry, argv [][]byte) {
	name, args := busyboxApplet(argv)
	w.container("busybox", name, args)
	if len(name) == 0 {
		return
	}
	known := e.applets == nil || e.applets[string(name)]
	w.add(Name{Text: name, Args: args, How: Applet, Runs: known && w.sole(), Unsure: !known})
	w.links(name, args, known)
	w.busyboxInside(e, name, args, 0)
}

// busyboxInside notes what an applet will run without an exec.
func (w *walk) busyboxInside(e *entry, name []byte, args [][]byte, depth int) {
	switch string(name) {
	case "sh", "ash", "hush", "bash", "lash", "msh":
		if e.standalone {
			w.id.inner.any(BusyBox, e.applets)
		}
	case "find":
		w.findCommands(args, func(command [][]byte) { w.busyboxRuns(e, command, "find -exec", depth) })
	case "xargs":
		eachCommand(args, xargsOptions, func(command [][]byte) { w.busyboxRuns(e, command, "xargs", depth) })
	}
}

// busyboxRuns notes a command that find or xargs will run, without an exec if it is an applet.
func (w *walk) busyboxRuns(e *entry, command [][]byte, by string, depth int) {
	word := command[0]
	switch {
	case placeholder(word):
		w.id.inner.any(BusyBox, e.applets)
	case depth == maxNesting:
		w.unknown("commands of find and xargs are nested too deep")
	case bytes.IndexByte(word, '/') < 0 && (e.applets == nil || e.applets[string(word)]):
		w.add(Name{Text: word, Args: command[1:], How: InProcess, Detail: by, Unsure: !e.standalone})
		w.busyboxInside(e, word, command[1:], depth+1)
	}
}

// maxNesting bounds find -exec xargs find -exec ….
const maxNesting = 16

// placeholder says that a word is replaced by what find or xargs finds.
func placeholder(word []byte) bool { return bytes.Contains(word, []byte("{}")) }

// findCommands calls see with the rest of the words behind each -exec.
func (w *walk) findCommands(args [][]byte, see func(command [][]byte)) {
	seen := 0
	for i, word := range args {
		switch string(word) {
		case "-exec", "-execdir", "-ok", "-okdir":
			if i+1 == len(args) {
				continue
			}
			if seen++; seen > maxCommands {
				w.unknown("find has too many -exec")
				return
			}
			see(args[i+1:])
		}
	}
}

// maxCommands is how many commands of one find are looked at.
const maxCommands = 256

// appletTable finds BusyBox's applet_names: all names in ascending order, each with its NUL. It is nil if there is
// none.
func appletTable(s *scanner) (map[string]bool, error) {
	var best map[string]bool
	// The table is some kilobytes long and may lie across two chunks, so the end of what was seen is kept.
	var joined []byte
	err := s.each(func(chunk []byte, kept int) bool {
		if kept == 0 {
			joined = joined[:0]
		}
		joined = append(joined, chunk[kept:]...)
		for _, anchor := range tableAnchors {
			for from := 0; ; {
				n := bytes.Index(joined[from:], anchor)
				if n < 0 {
					break
				}
				from += n + 1
				if table := tableAround(joined, from); len(table) > len(best) {
					best = table
				}
			}
		}
		joined = append(joined[:0], joined[max(0, len(joined)-maxTable):]...)
		return true
	})
	if len(best) < leastTable {
		best = nil
	}
	return best, err
}

const (
	maxTable   = 16 << 10 // BusyBox with everything has 3 KiB of names
	leastTable = 2
)

// tableAnchors are names that hardly any BusyBox lacks, each between the NULs of its neighbours.
var tableAnchors = [][]byte{[]byte("\x00busybox\x00"), []byte("\x00cat\x00"), []byte("\x00ls\x00"),
	[]byte("\x00sh\x00"), []byte("\x00ash\x00"), []byte("\x00echo\x00")}

// tableAround reads the ascending names before and behind the one that starts at at.
func tableAround(b []byte, at int) map[string]bool {
	table := make(map[string]bool)
	var last []byte
	for i := at; i < len(b); {
		n := bytes.IndexByte(b[i:], 0)
		if n < 0 || !appletName(b[i:i+n]) || bytes.Compare(b[i:i+n], last) <= 0 {
			break
		}
		last = b[i : i+n]
		table[string(last)] = true
		i += n + 1
	}
	next := cString(b[at:])
	for i := at - 1; i > 0; {
		start := bytes.LastIndexByte(b[:i], 0) + 1
		name := b[start:i]
		if !appletName(name) || bytes.Compare(name, next) >= 0 {
			// The first name need not follow a NUL: a linker may put anything before the table.
			if name = firstName(name, next); len(name) > 0 {
				table[string(name)] = true
			}
			break
		}
		next = name
		table[string(name)] = true
		i = start - 1
	}
	return table
}

// firstName is the longest end of b that can be the name of an applet before next and has something else before it. It is
// empty if there is none.
func firstName(b, next []byte) []byte {
	for i := range b {
		if i > 0 && !appletName(b[i-1:i]) && appletName(b[i:]) && bytes.Compare(b[i:], next) < 0 {
			return b[i:]
		}
	}
	return nil
}

// appletName says whether a string can be the name of an applet.
func appletName(name []byte) bool {
	if len(name) == 0 || len(name) > 24 {
		return false
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && bytes.IndexByte([]byte("[_-.+"), c) < 0 {
			return false
		}
	}
	return true
}
