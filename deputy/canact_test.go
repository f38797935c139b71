package deputy

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCanAct: what is said is so, and nothing of the trial is left in this process.
func TestCanAct(t *testing.T) {
	before, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	err = CanAct()
	var unneeded ErrUnneeded
	switch s := readStatusOf(t); {
	case s.permitted == 0 && !errors.As(err, &unneeded):
		t.Errorf("without capabilities: %v", err)
	case s.permitted&(1<<unix.CAP_SETUID) == 0 && err == nil:
		t.Error("it can do without CAP_SETUID what takes it")
	case os.Getuid() == 0 && s.permitted&(1<<unix.CAP_SETGID) != 0 && err != nil && !errors.As(err, &unneeded):
		t.Logf("root cannot: %v", err) // in a user namespace where setgroups is denied
	}
	after, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil || after != before {
		t.Errorf("dumpable was %d and is %d, %v", before, after, err)
	}
}

func readStatusOf(t *testing.T) *status {
	t.Helper()
	d := &Deputy{proc: -1, fds: -1}
	defer d.Close()
	done := make(chan error)
	var s status
	go func() {
		err := d.open(Options{})
		s.permitted = d.permitted
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return &s
}

// TestOtherID: there is another user, but where one alone is mapped.
func TestOtherID(t *testing.T) {
	for _, c := range []struct {
		text string
		own  uint32
		id   uint32
		ok   bool
	}{
		{"         0          0 4294967295\n", 0, 1, true},
		{"         0          0 4294967295\n", 7, 0, true},
		{"      1000       1000          1\n", 1000, 0, false},
		{"      1000       1000          1\n         0          5          1\n", 1000, 0, true},
		{"", 5, 0, false},
	} {
		if id, ok := otherIn(c.text, c.own); id != c.id || ok != c.ok {
			t.Errorf("%q, %d: %d, %v", c.text, c.own, id, ok)
		}
	}
}
