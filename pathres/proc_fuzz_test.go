package pathres

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
)

// procPID allows zeros in front, which no entry of procfs has: such a path leads nowhere.
var procPID = regexp.MustCompile(`^/proc/([0-9]+)(/|$)`)

// FuzzProcText: whose entry a path names, and what a status file says of capabilities.
func FuzzProcText(f *testing.F) {
	f.Add([]byte("/proc/7/mem"), uint64(1))
	f.Add([]byte("/proc/007"), uint64(0))
	f.Add([]byte("/proc/99999999999999999999/x"), ^uint64(0))
	f.Add([]byte("CapEff:\t00000000000000g0\n"), uint64(5))
	f.Fuzz(func(t *testing.T, text []byte, caps uint64) {
		want := 0
		if m := procPID.FindSubmatch(text); m != nil {
			if n, err := strconv.ParseUint(string(m[1]), 10, 64); err == nil && n <= 1<<30 {
				want = int(n)
			}
		}
		if got := pidIn(text); got != want {
			t.Errorf("%q is in /proc/%d, want %d", text, got, want)
		}
		_, _ = capabilities(text) // must end, whatever it is
		status := fmt.Sprintf("Name:\tx\nCapPrm:\t%016x\nCapEff:\t%016x\nCapBnd:\t%016x\n", ^caps, caps, ^caps)
		if got, ok := capabilities([]byte(status)); !ok || got != caps {
			t.Errorf("%#x is read as %#x, %v", caps, got, ok)
		}
	})
}
