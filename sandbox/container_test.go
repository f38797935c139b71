package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRootInContainer runs a build that drops its privileges under a root that has no CAP_SYS_PTRACE and no
// CAP_SYS_ADMIN, which is what containers leave of root.
func TestRootInContainer(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root has capabilities to leave out")
	}
	w := newWorkshop(t)
	dir, outside := filepath.Join(w.dir, "shared"), filepath.Join(w.dir, "outside")
	for _, d := range []string{dir, outside} {
		if err := os.Mkdir(d, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(d, 0o777); err != nil { // whatever the umask
			t.Fatal(err)
		}
	}
	const build = `umask 027; echo made > file && mkdir sub && mv file sub/f && chmod 600 sub/f && stat -c '%u %a' sub sub/f
		echo no > ../outside/file`
	cmd := exec.Command("setpriv", "--bounding-set", "-sys_ptrace,-sys_admin", "--inh-caps", "-sys_ptrace,-sys_admin",
		w.sydbox, "run", "--deny", "write="+outside, "--", "setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", "sh", "-c", build)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	text := string(out)
	if err == nil || !strings.Contains(text, "1000 750\n1000 600\n") || !strings.Contains(text, "sydbox: denied create") {
		t.Errorf("%v\n%s", err, text)
	}
	if _, err := os.Stat(filepath.Join(outside, "file")); err == nil {
		t.Error("the file outside was made")
	}
}
