package sandbox

import (
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// wrapper is a program of 4 KiB that has nothing but a name for an ELF interpreter.
type wrapper struct {
	machine     uint16
	class, data byte
	inHeader    bool // its program headers begin with the file
}

const wrapperBase = 0x7000000

// image is the file for a machine of 64 bits.
func (w wrapper) image(interp string) []byte {
	const entry, at = 56, 0x200
	file := make([]byte, 0x1000)
	copy(file, "\x7fELF")
	file[4], file[5], file[6] = w.class, w.data, 1
	order := binary.NativeEndian
	order.PutUint16(file[16:], 2) // ET_EXEC
	order.PutUint16(file[18:], w.machine)
	order.PutUint32(file[20:], 1)
	order.PutUint64(file[24:], wrapperBase+0x300)
	order.PutUint16(file[52:], 64)
	order.PutUint16(file[54:], entry)
	copy(file[at:], interp)
	header := func(off int, typ, flags uint32, from, size uint64) {
		p := file[off:]
		order.PutUint32(p, typ)
		order.PutUint32(p[4:], flags)
		order.PutUint64(p[8:], from)
		order.PutUint64(p[16:], wrapperBase+from)
		order.PutUint64(p[24:], wrapperBase+from)
		order.PutUint64(p[32:], size)
		order.PutUint64(p[40:], size)
		order.PutUint64(p[48:], 0x1000)
	}
	const interpreter, load = 3, 1
	if w.inHeader {
		// The first is the header of the file itself, which is of no type that matters. The second begins with the number of
		// headers, which is that of PT_INTERP.
		header(2*entry, load, 5, 0, 0x1000)
		header(entry, interpreter, 4, at, uint64(len(interp)+1))
		return file
	}
	order.PutUint64(file[32:], 64)
	order.PutUint16(file[56:], 2)
	header(64, interpreter, 4, at, uint64(len(interp)+1))
	header(64+entry, load, 5, 0, 0x1000)
	return file
}

// TestExecHeaders: the kernel does not ask an ELF header for what other readers ask it. A program that is denied is the
// interpreter of one whose header says what is not so.
func TestExecHeaders(t *testing.T) {
	if strconv.IntSize != 64 {
		return // the same headers are read there, and the files here are for 64 bits
	}
	h := newHoles(t)
	var err error
	if h.evil, err = h.compile("../testdata/multicall/holes.c",
		variant{"bare", []string{"-DBARE", "-static", "-nostartfiles"}}); err != nil {
		t.Fatal(err)
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	machine := binary.NativeEndian.Uint16(self[18:])
	right := wrapper{machine: machine, class: self[4], data: self[5]}
	class, data, header := right, right, right
	class.class, data.data, header.inHeader = 3-right.class, 3-right.data, true
	named := func(programs ...string) string {
		return "version = 1\nextends = []\n[write]\ndefault = \"allow\"\n[exec]\ndefault = \"deny\"\nallow = [\"" +
			strings.Join(programs, `", "`) + "\"]\n"
	}
	for name, w := range map[string]wrapper{"right": right, "class": class, "byte order": data, "in the header": header} {
		for _, uid := range users() {
			t.Run(name+"/"+userName(uid), func(t *testing.T) {
				place := func(kind string) job {
					dir := filepath.Join(h.dir, "headers-"+name+kind+userName(uid))
					freshDir(t, dir, uid)
					program := filepath.Join(dir, "x")
					if err := writeProgram(program, w.image(h.evil), 0o755); err != nil {
						t.Fatal(err)
					}
					own(t, program, uid)
					return job{argv: []string{program}, dir: dir, uid: uid}
				}
				if name != "right" && machine != 62 { // other machines' kernels may look closer
					tried := place("tried")
					if err := exec.Command(tried.argv[0]).Run(); errors.Is(err, unix.ENOEXEC) {
						return
					}
				}
				native := place("native")
				if r := native.run(t); wins(t, native.dir) != 1 {
					if name == "right" || machine == 62 {
						t.Fatalf("no win without the box: status %d\n%s", r.status, r.stderr)
					}
					return
				}
				denied := place("denied")
				boxed := h.boxed(t, denied)
				if boxed.run(t); wins(t, denied.dir) != 0 {
					t.Error("the denied program ran")
				}
				// Nothing but what is named: the file alone is not enough, and its interpreter is.
				for kind, c := range map[string]struct {
					programs []string
					runs     int64
				}{
					"unnamed": {[]string{h.dir + "/headers-*"}, 0},
					"named":   {[]string{h.dir + "/headers-*", h.evil}, 1},
				} {
					j := place(kind)
					policy := j.dir + ".toml"
					if err := os.WriteFile(policy, []byte(named(c.programs...)), 0o644); err != nil {
						t.Fatal(err)
					}
					j.argv = append([]string{h.sydbox, "run", "-q", "-p", policy, "--"}, j.argv...)
					if r := j.run(t); wins(t, j.dir) != c.runs {
						t.Errorf("%s: the interpreter ran %d times: status %d\n%s", kind, wins(t, j.dir), r.status, r.stderr)
					}
				}
			})
		}
	}
}
