package program

import (
	"encoding/binary"
	"strings"
	"testing"
)

// narrowed gives an ELF file of 64 bits program headers of 32 bits as well: two at its end, of which the first names an
// interpreter.
func narrowed(text, interp string) string {
	b := []byte(text)
	order := binary.NativeEndian
	order.PutUint32(b[narrow.phoff:], uint32(len(b)))
	order.PutUint16(b[narrow.phentsize:], uint16(narrow.entry))
	order.PutUint16(b[narrow.phnum:], 2)
	table := make([]byte, 2*narrow.entry)
	order.PutUint32(table, ptInterp)
	order.PutUint32(table[narrow.offset:], uint32(len(b)+len(table)))
	order.PutUint32(table[narrow.filesz:], uint32(len(interp)+1))
	return string(b) + string(table) + interp + "\x00"
}

// unread has what is mapped of an ELF file writable, so that there are no strings to look at.
func unread(text string) string {
	b := []byte(text)
	for i := range 2 {
		b[64+wide.entry*i+wide.flags] |= pfW
	}
	return string(b)
}

// TestTwoLayouts: headers that fit both word sizes leave the program unknown, whatever else is in them.
func TestTwoLayouts(t *testing.T) {
	plain := elf("/LD", "x")
	for name, c := range map[string]struct {
		text    string
		unknown bool
	}{
		"one": {plain, false}, "one, writable": {unread(plain), false},
		"two": {narrowed(plain, "/evil"), true}, "two, writable": {narrowed(unread(plain), "/evil"), true},
	} {
		w := bundles()
		w.files["/x"] = c.text
		if id := NewCache(clock).Identify(w.exec(t, "/x", "x"), w, nil); (id.Unknown != "") != c.unknown {
			t.Errorf("%s: unknown %q", name, id.Unknown)
		}
	}
}

// TestUnnamedMapping: at the second look nothing may be mapped that the headers do not name.
func TestUnnamedMapping(t *testing.T) {
	const own = "400000-401000 r-xp 00000000 fe:01 7    /x\n401000-402000 rw-p 00001000 fe:01 7    /x\n" +
		"7ff000-800000 rw-p 00000000 00:00 0    [stack]\n"
	for maps, unknown := range map[string]bool{
		own: false, own + "500000-501000 r-xp 00000000 fe:01 8    /evil\n": true,
		own + "500000-501000 r-xp 00000000 fe:02 7    /evil\n": true,
	} {
		w := bundles()
		w.files["/x"] = elf("", "x")
		x := w.exec(t, "/x", "x")
		x.Loaded, x.Maps = true, []byte(maps)
		if id := NewCache(clock).Identify(x, w, nil); strings.Contains(id.Unknown, "do not name") != unknown {
			t.Errorf("unknown %q for\n%s", id.Unknown, maps)
		}
	}
}

// TestFirstApplet: the first of BusyBox's names is found whatever the linker has put before the table.
func TestFirstApplet(t *testing.T) {
	for _, before := range []string{"", "\x00", "or null\x00", "\xc0\xae "} {
		file := familyELF(BusyBox, before+"[\x00[[\x00ash\x00busybox\x00ls\x00zcat")
		w := &world{files: map[string]string{"/x": file}}
		id := NewCache(clock).Identify(w.exec(t, "/x", "busybox", "["), w, nil)
		if !allowed(id, "[ ...") {
			t.Errorf("behind %q: the table has no [\n%s", before, show(id))
		}
	}
}

// TestGitOfAnotherAge: what only some gits know is a mistake to the others, which take it for what they know.
func TestGitOfAnotherAge(t *testing.T) {
	for _, c := range []struct {
		typed, command string
		want           bool
	}{
		{"replay", "replace", true}, {"guc", "gc", true}, {"refst", "reset", true},
		{"pull", "push", false}, {"psuh", "push", true}, {"statsu", "stash", false},
	} {
		if got := gitMayMean(c.typed, c.command); got != c.want {
			t.Errorf("git %s as %s: %v", c.typed, c.command, got)
		}
	}
}
