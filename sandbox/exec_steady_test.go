package sandbox

import (
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Programs that nobody in the tree can write are known by their identity, so the second look at them opens nothing and
// reads nothing (confirmed). Whoever wants to win against it changes which of them a name leads to.

// steadySite makes the two programs where nobody in the tree can write, and says where.
func (h *holes) steadySite(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(h.dir, "steady")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]string{"good": h.good, "evil": h.evil} {
		copyFile(t, from, filepath.Join(dir, name), 0o755)
	}
	return dir
}

// links makes dir, which is uid's, with symbolic links in it.
func (h *holes) links(t *testing.T, dir string, uid int, links map[string]string) {
	t.Helper()
	removeAll(t, dir)
	freshDir(t, dir, uid)
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// swapLinks runs an attack that exchanges two links while x is executed, without the box and in it.
func (h *holes) swapLinks(t *testing.T, dir string, links map[string]string, a, b string) {
	t.Helper()
	steady := h.steadySite(t)
	for name, to := range links {
		links[name] = strings.ReplaceAll(to, "STEADY", steady)
	}
	policy := filepath.Join(h.dir, "steady.toml")
	text := fmt.Sprintf("version = 1\nextends = []\n[write]\ndefault = \"allow\"\ndeny = [%q]\n[exec]\ndeny = [%q]\n",
		steady, steady+"/evil")
	if err := os.WriteFile(policy, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	uid := plainUser()
	j := job{argv: []string{h.attacker, "swap", swapTries, a, b}, uid: uid}
	boxed := j
	boxed.argv = append([]string{h.sydbox, "run", "-q", "-p", policy, "--"}, j.argv...)
	secondLook(t, j, boxed, func(string) string {
		h.links(t, dir, uid, links)
		return dir
	})
}

// TestExecSteadySwapped: the program is another one by the time the kernel looks.
func TestExecSteadySwapped(t *testing.T) {
	h := newHoles(t)
	h.swapLinks(t, filepath.Join(h.dir, "swap"), map[string]string{"x": "STEADY/good", "evil": "STEADY/evil"}, "x", "evil")
}

// TestExecSteadyInterpreter: the program is the same, but not what its file names as the ELF interpreter, which runs
// before it.
func TestExecSteadyInterpreter(t *testing.T) {
	h := newHoles(t)
	dir := filepath.Join(h.dir, "interpreter")
	plain, err := h.compile("../testdata/multicall/holes.c", variant{"dynamic", []string{"-DGOOD"}})
	if err != nil {
		t.Fatal(err)
	}
	if h.evil, err = h.compile("../testdata/multicall/holes.c",
		variant{"bare", []string{"-DBARE", "-static", "-nostartfiles"}}); err != nil {
		t.Fatal(err)
	}
	loader := interpreterOf(t, plain)
	x, err := h.compile("../testdata/multicall/holes.c",
		variant{"relinked", []string{"-DGOOD", "-pie", "-fPIE", "-Wl,--dynamic-linker=" + dir + "/ld"}})
	if err != nil {
		t.Fatal(err)
	}
	h.swapLinks(t, dir, map[string]string{"x": x, "ld": loader, "other": "STEADY/evil"}, "ld", "other")
}

// interpreterOf is what an ELF file names as its interpreter.
func interpreterOf(t *testing.T, file string) string {
	t.Helper()
	f, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			text, err := io.ReadAll(p.Open())
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimRight(string(text), "\x00")
		}
	}
	t.Fatalf("%s names no ELF interpreter", file)
	return ""
}
