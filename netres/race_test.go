package netres

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// TestOutsiderIsNeverSkipped: an outsider that shares a port with many sockets is told of in every answer, while those
// many are closed one by one, which moves the places that the kernel counts. Answers that say that they are none are
// none.
func TestOutsiderIsNeverSkipped(t *testing.T) {
	for _, c := range []struct {
		name string
		open func(t testing.TB) *Net
		many int
	}{
		{"netlink", open, 150},
		{"netlink in pieces", open, 600},
		{"proc", byProc, 600},
	} {
		t.Run(c.name, func(t *testing.T) {
			enterNetwork(t, 0)
			n := c.open(t)
			answers, refusals := 0, 0
			for round := range 6 {
				o := options{typ: unix.SOCK_STREAM, address: "127.0.0.1", port: 7201 + round, reusePort: true, listen: true}
				var theirs []socket
				half := func() {
					for range c.many / 2 {
						theirs = append(theirs, o.mustMake(t))
					}
				}
				half()
				outsider := o.mustMake(t)
				half()
				var closed atomic.Bool
				go func() {
					runtime.LockOSThread() // as fast as it can, beside the one who asks
					for i := range theirs {
						theirs[i].close()
					}
					closed.Store(true)
				}()
				for last := false; !last; {
					last = closed.Load()
					list, err := n.Receivers(unix.IPPROTO_TCP, netip.MustParseAddr("127.0.0.1"), uint16(o.port), nil)
					if errors.Is(err, ErrTooMany) || errors.Is(err, ErrUnstable) {
						refusals++
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					answers++
					if !slices.Contains(inodes(list), outsider.inode) {
						t.Fatalf("an answer of %d sockets without the outsider", len(list))
					}
				}
			}
			t.Logf("%d answers, %d refusals", answers, refusals)
			if answers == 0 {
				t.Error("no answer at all")
			}
		})
	}
}

// TestFullPiece: a piece that nothing follows may have been full, if what was told is gone when the kernel goes on.
func TestFullPiece(t *testing.T) {
	enterNetwork(t, 0)
	n := open(t)
	o := options{typ: unix.SOCK_DGRAM, address: "127.0.0.1", port: 7251, reusePort: true}
	outsider := o.mustMake(t) // the kernel puts later ones before it
	var theirs []socket
	for range 100 {
		theirs = append(theirs, o.mustMake(t))
	}
	var told []uint64
	length := n.diag.inetRequest(unix.AF_INET, unix.IPPROTO_UDP, 7251)
	if err := n.diag.send(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, length); err != nil {
		t.Fatal(err)
	}
	for _, s := range theirs {
		s.close()
	}
	whole, err := n.diag.answer(true, func(_ uint16, body []byte) error {
		told = append(told, inetSocket(body).Inode)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(told, outsider.inode) {
		t.Fatalf("the kernel told of all %d sockets: this shows nothing", len(told))
	}
	if whole {
		t.Errorf("an answer of %d sockets counts as whole, and one is missing", len(told))
	}
}

// TestStable: only two readings that tell the same count.
func TestStable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("heading\none\ntwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := files{open: map[string]*os.File{"x": must(os.Open(path))(t)}}
	defer f.close()
	for _, c := range []struct {
		changes  int // so many readings are told differently
		readings int
		err      error
	}{{0, 2, nil}, {1, 3, nil}, {3, 5, nil}, {readingsMax - 2, readingsMax, nil}, {100, readingsMax, ErrUnstable}} {
		readings, line := 0, 0
		err := f.stable("x", func() { readings++; line = 0 }, func(text []byte) ([]byte, error) {
			if line++; line == 2 && readings <= c.changes {
				return fmt.Appendf(nil, "%d", readings), nil
			}
			return text, nil
		})
		if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) || readings != c.readings || line != 2 {
			t.Errorf("%d changes: %d readings of %d lines, %v", c.changes, readings, line, err)
		}
	}
	// The same bytes in other lines are not the same.
	shift := 0
	err := f.stable("x", func() { shift++ }, func(text []byte) ([]byte, error) {
		if string(text) == "one" {
			return []byte("ab"[:1+shift%2]), nil
		}
		return []byte("bc"[1-shift%2:]), nil
	})
	if !errors.Is(err, ErrUnstable) {
		t.Errorf("a and bc, ab and c: %v", err)
	}
}
