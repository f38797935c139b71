package deputy

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
)

// TestLookIn32Bits compares structures with what a 32-bit program gets.
func TestLookIn32Bits(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("only x86-64 runs the program")
	}
	program := filepath.Join(t.TempDir(), "looks32")
	build := exec.Command("gcc", "-m32", "-static", "-O1", "-o", program, "testdata/looks32.c")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, tk := newBench(t), startTask(t, who{})
	dir := publicDir(t)
	small, large := filepath.Join(dir, "small"), filepath.Join(dir, "large")
	for name, size := range map[string]int64{small: 5, large: 1 << 31} {
		if err := os.WriteFile(name, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(name, size); err != nil {
			t.Fatal(err)
		}
	}
	paths := []string{small, large, dir, "/", "/dev/null", "/proc/sys", "/proc/version", "/dev/shm", "/sys", "/none"}
	if os.Geteuid() == 0 {
		foreign := filepath.Join(dir, "foreign")
		if err := os.WriteFile(foreign, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(foreign, 70000, 70001); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, foreign)
	}
	for _, path := range paths {
		lines, err := exec.Command(program, path).Output()
		if errors.Is(err, unix.ENOEXEC) {
			t.Skip("this kernel runs no programs of i386")
		}
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(lines)) {
			var call, want string
			var result int
			if _, err := fmt.Sscan(line, &call, &result, &want); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			args := []any{path, bytes.Repeat([]byte{0xee}, 128)}
			at := 1
			switch call {
			case "fstatat64":
				args = []any{unix.AT_FDCWD, path, args[1], 0}
				at = 2
			case "statfs64":
				args = []any{path, 84, args[1]}
				at = 2
			}
			inv := tk.invocation(arch.I386, call, args)
			out := b.do(tk, &inv)
			if out.Kind != Done || int(out.Value) != result {
				t.Errorf("%s %s: kind %d, %d, want %d", call, path, out.Kind, out.Value, result)
				continue
			}
			after := make([]byte, 128)
			if errno := tk.Read(inv.Args[at], after); errno != 0 {
				t.Fatal(errno)
			}
			if call == "stat64" || call == "lstat64" || call == "fstatat64" {
				for _, pad := range []int{8, 40} { // the kernel leaves what is there
					if result == 0 {
						copy(after[pad:pad+4], []byte{0xee, 0xee, 0xee, 0xee})
					}
				}
			}
			if got := hex.EncodeToString(after); got != want && !strings.HasPrefix(call, "statfs") {
				t.Errorf("%s %s:\n got  %s\n want %s", call, path, got, want)
			} else if got != want && path != dir && path != "/" && !strings.HasPrefix(path, dir) {
				t.Errorf("%s %s:\n got  %s\n want %s", call, path, got, want) // elsewhere nobody writes meanwhile
			}
		}
	}
}

func TestFormsTakeTheirSize(t *testing.T) {
	for _, c := range []struct {
		abi  *arch.ABI
		size uint64
		want bool
	}{{arch.I386, 84, true}, {arch.I386, 88, false}, {arch.ARM, 84, true}, {arch.ARM, 88, true}, {arch.ARM, 64, false}} {
		if got := statfs64Form.takes(c.abi, c.size); got != c.want {
			t.Errorf("%s %d: %v", c.abi, c.size, got)
		}
	}
}

func TestLookAllocatesNothing(t *testing.T) {
	b, tk := newBench(t), startTask(t, who{})
	path := filepath.Join(publicDir(t), "file")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	link := path + ".link"
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 256)
	for _, c := range []oracleCase{
		{"newfstatat", []any{unix.AT_FDCWD, path, buf, 0}},
		{"statx", []any{unix.AT_FDCWD, path, 0, 0xfff, buf}},
		{"faccessat", []any{unix.AT_FDCWD, path, 4}},
		{"readlinkat", []any{unix.AT_FDCWD, link, buf, 256}},
	} {
		if _, ok := syscalls.Number(arch.Native()[0], c.call); !ok || lacks(c.call) {
			continue
		}
		if c.call == "faccessat" && !hasFaccessat2 {
			continue // left to the task
		}
		inv := tk.invocation(arch.Native()[0], c.call, c.args)
		mem := &quietMemory{}
		if n := testing.AllocsPerRun(100, func() {
			if errno := b.judge(tk, &inv); errno != 0 {
				t.Fatal(errno)
			}
			if out := b.d.Do(&inv, mem, b.res, &b.acc); out.Kind != Done || out.Value < 0 {
				t.Fatal(out.Kind, out.Value)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", c.call, n)
		}
	}
}

// quietMemory takes every write.
type quietMemory struct{ Memory }

func (*quietMemory) Write(uint64, []byte) unix.Errno { return 0 }
