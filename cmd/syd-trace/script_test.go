package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"sydbox/cmd/internal/scripts"
	"sydbox/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init() // the shim of a run is this test binary
	testscript.Main(m, map[string]func(){"syd-trace": main})
}

// TestScript runs testdata/trace: each rule of the command line has a script there, and so have the questions.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/trace",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			own, err := exec.LookPath("syd-trace")
			if err != nil {
				return err
			}
			env.Setenv("bindir", filepath.Dir(own))
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, ".state"))
			return scripts.MakeExecutable(filepath.Join(env.WorkDir, "bin"))
		},
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": scripts.Exits},
	})
}
