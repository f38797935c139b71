package syscalls

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"sydbox/arch"
)

// define is a line of asm/unistd_*.h: a name and a number, which of x32 lacks the bit.
var define = regexp.MustCompile(`^#define __NR_(\w+) +\(?(?:__X32_SYSCALL_BIT \+ )?(\d+)\)?$`)

// TestHostHeaders holds the tables of x86 against the kernel headers of the machine, a second source, where they are
// installed. They are of another kernel version: what is newer than the newest call of either is not compared.
func TestHostHeaders(t *testing.T) {
	for header, abi := range map[string]*arch.ABI{
		"unistd_64.h": arch.X86_64, "unistd_32.h": arch.I386, "unistd_x32.h": arch.X32,
	} {
		t.Run(header, func(t *testing.T) {
			theirs, newest := readHeader(t, header)
			if theirs == nil {
				t.Log("not installed here: nothing to compare with")
				return
			}
			if len(theirs) < 300 {
				t.Fatalf("only %d calls read from the header", len(theirs))
			}
			entries := All(abi)
			last := entries[len(entries)-1].Nr &^ abi.NumberBit
			for name, nr := range theirs {
				got, ok := Number(abi, name)
				if (ok || nr <= last) && got != nr|abi.NumberBit {
					t.Errorf("%s is number %#x, the header says %#x", name, got, nr|abi.NumberBit)
				}
			}
			for _, e := range entries {
				_, ok := theirs[e.Call.Name]
				if !ok && e.Nr&^abi.NumberBit <= newest && !slices.Contains(gapFillers, e.Call.Name) {
					t.Errorf("%s (%#x) is not in the header, which goes up to %d", e.Call.Name, e.Nr, newest)
				}
			}
		})
	}
}

// gapFillers were given numbers below those of older calls (both are in Linux 6.18).
var gapFillers = []string{"uretprobe", "uprobe"}

// readHeader returns the numbers of a header and the newest of them that is not of the range that x32 has for itself;
// nil if it is not there.
func readHeader(t *testing.T, name string) (numbers map[string]uint32, newest uint32) {
	t.Helper()
	for _, dir := range []string{"/usr/include/x86_64-linux-gnu/asm", "/usr/include/asm"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		defer f.Close()
		numbers = map[string]uint32{}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			m := define.FindStringSubmatch(lines.Text())
			if m == nil {
				continue
			}
			nr, err := strconv.ParseUint(m[2], 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			numbers[m[1]] = uint32(nr)
			if nr < 512 {
				newest = max(newest, uint32(nr))
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		return numbers, newest
	}
	return nil, 0
}
