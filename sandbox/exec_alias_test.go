package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestExecAliased: a program that nobody may write by the name that is executed has another one, by which its content is
// changed under an unchanged identity.
func TestExecAliased(t *testing.T) {
	h := newHoles(t)
	for _, uid := range users() {
		t.Run(userName(uid), func(t *testing.T) {
			place := func(name string) string {
				dir := filepath.Join(h.dir, name+"-"+userName(uid))
				h.site(t, dir, uid, 0o755)
				freshDir(t, filepath.Join(dir, "still"), uid)
				copyFile(t, h.good, filepath.Join(dir, "y"), 0o755)
				own(t, filepath.Join(dir, "y"), uid)
				if err := os.Link(filepath.Join(dir, "y"), filepath.Join(dir, "still/y")); err != nil {
					t.Fatal(err)
				}
				return dir
			}
			j := job{argv: []string{h.attacker, "linked"}, dir: place("native"), uid: uid}
			native := j.run(t)
			if n := wins(t, j.dir); native.status != 0 || n != 1 {
				t.Fatalf("no win without the box: %d, status %d, %s", n, native.status, native.stderr)
			}
			j.dir = place("boxed")
			policy := filepath.Join(h.dir, "aliased.toml")
			text := fmt.Sprintf("version = 1\nextends = []\n[write]\ndefault = \"allow\"\ndeny = [%q]\n[exec]\ndeny = [%q]\n",
				j.dir+"/still", h.evil)
			if err := os.WriteFile(policy, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			j.argv = append([]string{h.sydbox, "run", "-q", "-p", policy, "--"}, j.argv...)
			boxed := j.run(t)
			if n := wins(t, j.dir); n != 0 {
				t.Errorf("the denied program ran")
			}
			if boxed.status != 200+int(syscall.EACCES) {
				t.Errorf("status %d\n%s", boxed.status, boxed.stderr)
			}
		})
	}
}
