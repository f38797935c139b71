package launch

import (
	"os"
	"testing"
)

// TestCanDrop: what is tried is lost by no thread of this process.
func TestCanDrop(t *testing.T) {
	_, before, _, err := capabilities()
	if err != nil {
		t.Fatal(err)
	}
	if err := CanDrop(); err != nil {
		t.Errorf("capabilities cannot be dropped: %v", err)
	}
	for range 4 {
		done := make(chan uint64)
		go func() {
			_, permitted, _, _ := capabilities() // an error leaves 0
			done <- permitted
		}()
		if after := <-done; after != before {
			t.Errorf("a thread of user %d has %#x, before it was %#x", os.Getuid(), after, before)
		}
	}
	if err := CanLimit(); err != nil {
		t.Errorf("no limit can be set: %v", err)
	}
}
