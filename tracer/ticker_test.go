package tracer

import (
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTicker: a raw wait for a child that does nothing ends each time, and after a while of that waits are no longer raw.
func TestTicker(t *testing.T) {
	onOwnThread(func() {
		child := exec.Command("sleep", "600")
		if err := child.Start(); err != nil {
			t.Error(err)
			return
		}
		defer func() {
			_ = child.Process.Kill()
			_ = child.Wait()
		}()
		var k ticker
		defer k.start()()
		if !k.ready {
			t.Error("no timer")
			return
		}
		var status unix.WaitStatus
		for waits := 0; k.raw(); waits++ {
			if pid, errno := k.wait(&status); pid != 0 || errno != 0 || waits > quietest {
				t.Errorf("wait %d: process %d, %v", waits, pid, errno)
				return
			}
		}
	})
}
