package record

import (
	"os"
	"testing"

	"sydbox/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	os.Exit(m.Run())
}
