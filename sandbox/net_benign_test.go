package sandbox

import (
	"os"
	"path/filepath"
	"testing"
)

// TestNetBenignPython lets Python's own servers and their clients talk to each other, natively and in the box. The C
// programs of testdata/benign that do such things are run by TestBenign.
func TestNetBenignPython(t *testing.T) {
	t.Parallel()
	python, err := lookSystem("python3")
	if err != nil {
		t.Fatalf("%v (make test installs it)", err)
	}
	w := newWorkshop(t)
	text, err := os.ReadFile("../testdata/benign/net_servers.py")
	if err != nil {
		t.Fatal(err)
	}
	// It is a program to whoever runs it, and says itself which interpreter it takes.
	program := filepath.Join(w.dir, "net_servers.py")
	if err := writeProgram(program, append([]byte("#!"+python+" -B\n"), text...), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, uid := range users() {
		t.Run(userName(uid), func(t *testing.T) {
			t.Parallel()
			w.compare(t, program, uid)
		})
	}
}
