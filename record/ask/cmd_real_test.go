package ask

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A command of a real recording, pasted, does the same again.
func TestCmdReal(t *testing.T) {
	const program = "#!/bin/sh\npwd; printf '<%s>' \"$0\" \"$@\"; env | grep -v '^\\(_\\|SHLVL\\|OLDPWD\\)=' | sort; cat\n"
	tr, dir := recordedFiles(t, []string{"sub dir/prog", program, "in", "some\ninput\n"},
		"sh", "-c", `unset HOME; cd 'sub dir'; A="b c" B=$(printf 'x\ty') ./prog 'x y' "it's" "$(printf 'a\nb')" '' <../in >out`)
	out := filepath.Join(dir, "sub dir", "out")
	want, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	tree := Tree(tr, TreeOptions{Program: "prog"})
	var found *TreeProcess
	for _, p := range tree.Processes {
		if p.Program == "prog" {
			found = p
			break
		}
	}
	if found == nil {
		t.Fatalf("no prog in\n%s", shown(t, Tree(tr, TreeOptions{}), 0))
	}
	for _, options := range []CmdOptions{{Sh: true}, {Sh: true, AllEnv: true}} {
		text := shown(t, Cmd(tr, tr.Proc(found.ID), options), 0)
		if err := os.Remove(out); err != nil {
			t.Fatal(err)
		}
		run := exec.Command("sh", "-c", text)
		run.Env, run.Dir = tr.Head.Env, "/"
		if said, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, said, text)
		}
		if got, err := os.ReadFile(out); err != nil || string(got) != string(want) {
			t.Errorf("%v\n%q\n%q\n%s", err, got, want, text)
		}
	}
}
