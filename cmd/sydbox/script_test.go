package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"sydbox/arch"
	"sydbox/cmd/internal/scripts"
	"sydbox/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init() // the shim of a run is this test binary
	testscript.Main(m, map[string]func(){
		"sydbox":   main,
		"args":     printArgs,
		"confined": scripts.Confined,
	})
}

// printArgs shows exactly what a command was given.
func printArgs() {
	for _, arg := range os.Args[1:] {
		fmt.Printf("<%s>\n", arg)
	}
}

// TestScript runs testdata/script: each rule of the command line has a script there.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			sydbox, err := exec.LookPath("sydbox")
			if err != nil {
				return err
			}
			env.Setenv("bindir", filepath.Dir(sydbox))
			env.Setenv("ABI", arch.Native()[0].Name)
			return scripts.MakeExecutable(filepath.Join(env.WorkDir, "bin"))
		},
		Condition: func(cond string) (bool, error) {
			if word, ok := strings.CutPrefix(cond, "can:"); ok {
				return scripts.CanConfine(word)
			}
			switch cond {
			case "root":
				return os.Geteuid() == 0, nil
			case "ld.so": // where the loader of glibc is on amd64
				_, err := os.Stat("/lib64/ld-linux-x86-64.so.2")
				return err == nil, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": scripts.Exits},
	})
}
