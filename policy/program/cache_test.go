package program

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestKnownFile: a second exec of a file opens and reads nothing but looks at where the ELF interpreter leads.
func TestKnownFile(t *testing.T) {
	w, c := bundles(), NewCache(clock)
	w.files["/static"] = elf("", "static")
	for _, file := range []string{"/static", "/CU", "/BB", "/TB", "/bin/ls", "/w/frob", "/LD"} {
		argv := []string{"x", "/bin/ls"}
		c.Identify(w.exec(t, file, argv...), w, nil)
		before := w.reads
		if before == 0 {
			t.Fatalf("%s: the first exec read nothing", file)
		}
		c.Identify(w.exec(t, file, argv...), w, nil)
		if w.reads != before {
			t.Errorf("%s: %d reads for a file that is known", file, w.reads-before)
		}
	}
}

// TestChangedFile: any part of the identity is enough to look again.
func TestChangedFile(t *testing.T) {
	c := NewCache(clock)
	w := &world{files: map[string]string{"/x": familyELF(Git)}}
	first := w.exec(t, "/x", "x")
	if id := c.Identify(first, w, nil); id.Family != Git {
		t.Fatalf("family %v", id.Family)
	}
	for _, change := range []func(*ID){
		func(id *ID) { id.Dev++ }, func(id *ID) { id.Ino++ }, func(id *ID) { id.Mtime++ },
		func(id *ID) { id.Ctime++ },
		func(id *ID) { id.Size++ },
	} {
		x := w.exec(t, "/x", "x")
		m := x.File.(*memory)
		m.Reset([]byte(familyELF(Uutils)))
		change(&m.id)
		if id := c.Identify(x, w, nil); id.Family != Uutils {
			t.Errorf("%+v: family %v", m.id, id.Family)
		}
	}
}

// TestFreshFileIsForgotten: what was written in the same tick as it was read may be written again without a trace.
func TestFreshFileIsForgotten(t *testing.T) {
	now := time.Unix(50, 0)
	c := NewCache(func() time.Time { return now })
	w := &world{files: map[string]string{"/x": familyELF(Git)}}
	x := w.exec(t, "/x", "x")
	m := x.File.(*memory)
	m.id.Ctime = now.UnixNano() - int64(settled) + 1
	c.Identify(x, w, nil)
	m.Reset([]byte(familyELF(Uutils)))
	if id := c.Identify(x, w, nil); id.Family != Uutils {
		t.Errorf("a fresh file is remembered as %v", id.Family)
	}
	now = now.Add(time.Second)
	c.Identify(x, w, nil)
	before := w.reads
	if c.Identify(x, w, nil); w.reads != before {
		t.Error("a settled file is not remembered")
	}
}

// TestCacheIsBounded: however many files there are.
func TestCacheIsBounded(t *testing.T) {
	c := NewCache(clock)
	w := &world{files: map[string]string{"/x": "#!/bin/none\n"}}
	x := w.exec(t, "/x", "x")
	for i := range 5 * generation {
		x.File.(*memory).id.Ino = uint64(i + 10)
		if _, err := c.look(x.File); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.young) + len(c.old); n > 2*generation || n < generation {
		t.Errorf("%d files are remembered, want %d to %d", n, generation, 2*generation)
	}
}

// TestMarkersAnywhere: a marker is found wherever it lies, also across two chunks.
func TestMarkersAnywhere(t *testing.T) {
	c := NewCache(clock)
	for i := range markers {
		for _, at := range []int{0, chunkSize - 300, chunkSize - 200, 2*chunkSize - 250, 1} {
			for shift := range 90 {
				text := elf("", strings.Repeat("x", max(0, at+shift*3)), string(markers[i].rare),
					string(markers[i].other))
				m := &memory{id: ID{Ino: 1, Size: int64(len(text))}}
				m.Reset([]byte(text))
				e, err := c.read(m, m.id.Size)
				if err != nil || e.family != markers[i].family {
					t.Fatalf("%v at %d: found %v, %v", markers[i].family, at+shift*3, e.family, err)
				}
			}
		}
		if n := max(len(markers[i].rare), len(markers[i].other)); n > overlap+1 {
			t.Errorf("a marker of %v is longer than the overlap", markers[i].family)
		}
	}
}

// TestNoFamily: one marker is not enough, nor are both in a script or in writable memory.
func TestNoFamily(t *testing.T) {
	c := NewCache(clock)
	for i := range markers {
		rare, other := string(markers[i].rare), string(markers[i].other)
		for _, text := range []string{elf("", rare), elf("", other), elf("") + rare + "\x00" + other,
			"#!/x\n" + rare + other} {
			m := &memory{id: ID{Size: int64(len(text))}}
			m.Reset([]byte(text))
			if e, err := c.read(m, m.id.Size); err != nil || e.family != 0 {
				t.Errorf("%.60q: %v, %v", text, e.family, err)
			}
		}
	}
}

// TestOwnSource: this program is linked into sydbox, which must not be taken for what it knows.
func TestOwnSource(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) < 10 {
		t.Fatal(sources, err)
	}
	var all []byte
	for _, source := range sources {
		if text, err := os.ReadFile(source); err != nil {
			t.Fatal(err)
		} else if !strings.HasSuffix(source, "_test.go") {
			all = append(all, text...)
		}
	}
	for i := range markers {
		if bytes.Contains(all, markers[i].rare) && bytes.Contains(all, markers[i].other) {
			t.Errorf("the sources hold both markers of %v", markers[i].family)
		}
	}
}

func TestAppletTable(t *testing.T) {
	names := []string{"[", "[[", "ash", "busybox", "cat", "dd", "ls", "sh", "zcat"}
	table := "\x00noise here\x00" + strings.Join(names, "\x00") + "\x00Other strings\x00"
	c := NewCache(clock)
	for _, lead := range []int{0, chunkSize - 230, chunkSize - 240, chunkSize - 250, chunkSize - 260, 3 * chunkSize} {
		text := familyELF(BusyBox, string(bannerMarker), strings.Repeat("y", lead), table)
		m := &memory{id: ID{Size: int64(len(text))}}
		m.Reset([]byte(text))
		e, err := c.read(m, m.id.Size)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for name := range e.applets {
			got = append(got, name)
		}
		slices.Sort(got)
		if !slices.Equal(got, names) {
			t.Errorf("lead %d: applets %q, want %q", lead, got, names)
		}
		if e.standalone {
			t.Error("it is not standalone")
		}
	}
}

func BenchmarkKnownFile(b *testing.B) {
	w, c := bundles(), NewCache(clock)
	for _, file := range []string{"/bin/ls", "/BB"} {
		b.Run(strings.TrimPrefix(file, "/"), func(b *testing.B) {
			x := w.exec(b, file, "ls", "/")
			b.ReportAllocs()
			for b.Loop() {
				c.Identify(x, w, nil)
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	c := NewCache(clock)
	text := elf("", strings.Repeat("text and more of it, -- (as usual) in a \x00 file", 1<<20))
	m := &memory{id: ID{Size: int64(len(text))}}
	m.Reset([]byte(text))
	b.SetBytes(m.id.Size)
	for b.Loop() {
		if e, err := c.read(m, m.id.Size); err != nil || e.family != 0 {
			b.Fatal(fmt.Sprint(e, err))
		}
	}
}
