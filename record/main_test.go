package record

import (
	"os"
	"testing"

	"sydbox/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	if to, ok := os.LookupEnv(recorderTo); ok {
		os.Exit(recorderMain(to, os.Args[1:]))
	}
	os.Exit(m.Run())
}
