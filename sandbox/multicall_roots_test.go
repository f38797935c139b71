package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBundleRoots builds a small package in a system whose programs are almost all one file, and cannot run the two
// of them that are denied. make realworld builds GNU hello there.
func TestBundleRoots(t *testing.T) {
	t.Parallel()
	b := newBundles(t)
	for _, kind := range []string{"busybox", "nix"} {
		for _, uid := range users() {
			t.Run(kind+"/"+userName(uid), func(t *testing.T) {
				if kind == "busybox" && (uid != 0 || !canUnshareMounts()) {
					// Its root directory wants mounts and chroot(2).
					if uid == 0 || os.Getuid() != 0 {
						t.Skip("no mount namespace to throw away (unshare(2) says EPERM)")
					}
					return
				}
				newBundleRoot(t, b, kind, uid).check(t)
			})
		}
	}
}

// bundleRoot is a system that testdata/multicall/root.sh has made.
type bundleRoot struct {
	dir, enter   string
	work, inside string // the working directory, as we and as those inside call it
	sydbox       string // as those inside call it
	mounts       bool
	uid          int
}

func newBundleRoot(t *testing.T, b *bundles, kind string, uid int) *bundleRoot {
	t.Helper()
	r := &bundleRoot{dir: filepath.Join(b.dir, kind+"-"+userName(uid)), uid: uid}
	r.enter = filepath.Join(r.dir, "bin/enter")
	make := exec.Command("sh", "../testdata/multicall/root.sh", kind, r.dir, b.cache)
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", make.Args, err, out)
	}
	r.work = filepath.Join(r.dir, "work")
	r.inside, r.sydbox = r.work, b.sydbox
	if kind == "busybox" {
		r.work, r.inside, r.sydbox, r.mounts = filepath.Join(r.dir, "root/work"), "/work", "/usr/bin/sydbox", true
		copyFile(t, b.sydbox, filepath.Join(r.dir, "root/usr/bin/sydbox"), 0o755)
	}
	return r
}

// run runs a shell script there, in a box or not.
func (r *bundleRoot) run(t *testing.T, box bool, script string) outcome {
	t.Helper()
	removeAll(t, r.work)
	freshDir(t, r.work, r.uid)
	for name, text := range map[string]string{
		"script": script,
		"policy.toml": "version = 1\nextends = []\n[write]\ndefault = \"deny\"\nallow = [\"" + r.inside +
			"\", \"/tmp\", \"/dev/null\"]\n[exec]\ndeny = [\"dd\", \"wget\"]\n",
	} {
		if err := os.WriteFile(filepath.Join(r.work, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	argv := []string{r.enter, "--"}
	if box {
		argv = append(argv, r.sydbox, "run", "-p", r.inside+"/policy.toml", "--")
	}
	argv = append(argv, "sh", "-c", "cd "+r.inside+"; sh ./script; status=$?; rm script; exit $status")
	j := job{argv: argv, dir: r.dir, uid: r.uid, mounts: r.mounts}
	return j.run(t)
}

func (r *bundleRoot) check(t *testing.T) {
	script, err := os.ReadFile("../testdata/multicall/small.sh")
	if err != nil {
		t.Fatal(err)
	}
	native, boxed := r.run(t, false, string(script)), r.run(t, true, string(script))
	if native.status != 0 || !strings.Contains(native.stdout, "\nONE\nTWO\n") {
		t.Fatalf("it is not built without the box: status %d\n%s%s", native.status, native.stdout, native.stderr)
	}
	if boxed.status != 0 || boxed.stdout != native.stdout || boxed.stderr != native.stderr {
		t.Errorf("status %d\n%s%s", boxed.status, boxed.stderr, difference(native.stdout, boxed.stdout))
	}
	// Each is a way to dd that such a system has; what follows it still runs.
	for _, way := range []string{
		"dd if=script of=MARK", "$path if=script of=MARK", "env dd if=script of=MARK",
		"echo if=script of=MARK | xargs dd", "find script -exec dd if=script of=MARK ';'", "(exec dd if=script of=MARK)",
		"ln -s $path other; ./other if=script of=MARK", "cp $path dd; ./dd if=script of=MARK",
		"printf 'all:\\n\\tdd if=script of=MARK\\n' >Makefile; make -s all",
		"printf 'all:\\n\\t@true; dd if=script of=MARK; true\\n' >Makefile; make -s all",
	} {
		line := "path=$(which dd 2>/dev/null || command -v dd)\n" + way + "\necho after; ls MARK"
		native, boxed := r.run(t, false, line), r.run(t, true, line)
		renamed := strings.Contains(way, "./other") // without the name of an applet it may be nothing at all
		if !strings.HasSuffix(native.stdout, "after\nMARK\n") && !renamed {
			t.Errorf("%s does not do its thing without the box: %s%s", way, native.stdout, native.stderr)
		}
		if _, err := os.Stat(filepath.Join(r.work, "MARK")); err == nil || !strings.HasSuffix(boxed.stdout, "after\n") {
			t.Errorf("%s: %v\n%s%s", way, err, boxed.stdout, boxed.stderr)
		}
		if !strings.Contains(boxed.stderr, "[exec] deny dd") && !renamed {
			t.Errorf("%s: no denial is told: status %d\n%s", way, boxed.status, boxed.stderr)
		}
	}
}
