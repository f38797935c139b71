package sandbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// realThings are scripts that print what came of them: the same natively, behind one wall and behind two. Each runs in
// a directory of its own.
var realThings = []struct{ name, needs, script string }{
	{"configure", "cc", `
		for f in stdlib.h unistd.h no-such.h; do
			echo "#include <$f>" >conftest.c
			if cc -E conftest.c >/dev/null 2>conftest.err; then echo "have $f"; else echo "no $f"; fi
			rm -f conftest*
		done
		echo 'int main(void){return 0;}' >conftest.c
		cc -o conftest conftest.c && ./conftest && echo works
		cat >config.in <<-EOF
			prefix=@prefix@
		EOF
		sed s,@prefix@,/usr,g config.in >config.tmp && mv -f config.tmp config.out && cat config.out
		ln -s config.out link && cp -p link copy && ln copy hard && mkdir -p a/b && mv copy a/b/ && ls -R`},
	{"make", "make", `
		printf 'all: a.o b.o\n\tcat a.o b.o >all\n%%.o: %%.c\n\t@echo making $@; cp $< $@; sleep 0.1\n' >Makefile
		echo a >a.c; echo b >b.c
		make -j2 >log 2>&1; sort log; cat all; make; touch -d '1 hour' a.c; make -s; make -n`},
	{"go", "go", `
		export HOME=$PWD GOCACHE=$CACHE GOPATH=$PWD/path GOFLAGS=-mod=mod GOTOOLCHAIN=local CGO_ENABLED=0
		mkdir m; cd m; printf 'module m\n\ngo 1.20\n' >go.mod
		printf 'package main\n\nfunc main() { println("built") }\n' >main.go
		"$TOOL" build -o hello . && ./hello 2>&1`},
	{"jobs", "bash", `
		bash -c 'set -m; sleep 100 & kill -STOP %1; sleep 0.2; kill -CONT %1; kill %1; wait -f %1; echo status $?
			(exit 3) | cat; echo "${PIPESTATUS[@]}"
			seq 1000 | sort -rn | head -n1
			trap "echo got usr1" USR1; sh -c "kill -USR1 \$PPID"; kill -0 $$ && echo there'`},
	{"signals to a group", "setsid", `
		setsid -w sh -c 'trap "echo term" TERM; sleep 100 & sleep 0.3; kill -TERM 0; wait; echo over'; echo $?
		sh -c 'kill -KILL $$'; echo $?`},
	{"python", "python3", `
		python3 -c '
import subprocess, multiprocessing, tempfile, os, sys
print(subprocess.run(["sh", "-c", "echo out; exit 3"], capture_output=True))
p = subprocess.Popen(["sleep", "100"]); p.terminate(); print(p.wait())
with multiprocessing.Pool(2) as pool: print(pool.map(abs, [-1, 2]))
with tempfile.NamedTemporaryFile(dir=".") as f:
    f.write(b"x"); f.flush(); os.truncate(f.name, 0); print(os.stat(f.name).st_size)
open("/proc/self/comm", "w").write("renamed"); print(open("/proc/self/comm").read())
'`},
	{"timeout", "timeout", `
		timeout 0.3 sleep 60; echo $?; timeout 60 true; echo $?; timeout -s KILL 0.3 sleep 60; echo $?`},
	{"nohup", "nohup", `
		nohup sh -c 'echo still here' >out 2>&1; cat out; (nohup sleep 0.2; echo late) 2>&1 | cat; wait; echo $?`},
	{"script", "script", `
		script -qec 'tty >/dev/null && echo on a terminal; echo x >/dev/tty' /dev/null </dev/null`},
	{"held descriptors", "sh", `
		echo a >held; exec 7>>held; echo b >>/proc/self/fd/7; echo c >/dev/stdout; echo d >&7; cat held
		mkfifo p; (echo through >p) & cat p; wait`},
}

// TestWallIsNotNoticed runs everyday programs natively, with Landlock and without it.
func TestWallIsNotNoticed(t *testing.T) {
	t.Parallel()
	needLandlock(t)
	w := newWorkshop(t)
	off := filepath.Join(w.dir, "off.toml")
	if err := os.WriteFile(off, []byte("[harden]\nlandlock = 'off'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	required := filepath.Join(w.dir, "required.toml")
	if err := os.WriteFile(required, []byte("[harden]\nlandlock = 'required'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, uid := range users() {
		freshDir(t, w.dir+"/cache-"+userName(uid), uid)
	}
	for _, thing := range realThings {
		for _, uid := range users() {
			t.Run(thing.name+"/"+userName(uid), func(t *testing.T) {
				t.Parallel()
				tool, err := exec.LookPath(thing.needs)
				if err != nil {
					t.Skip(err)
				}
				run := func(box ...string) outcome {
					dir, err := os.MkdirTemp(w.dir, "real-")
					if err == nil {
						err = os.Chmod(dir, 0o755)
					}
					if err != nil {
						t.Fatal(err)
					}
					own(t, dir, uid)
					given := "TOOL=" + tool + " CACHE=" + w.dir + "/cache-" + userName(uid) + "\n"
					j := job{argv: append(box, "sh", "-c", given+thing.script), dir: dir, uid: uid}
					got := j.run(t)
					got.stdout = strings.ReplaceAll(got.stdout, dir, "DIR")
					return got
				}
				native := run()
				if native.status != 0 || native.stdout == "" || native.hung {
					t.Fatalf("natively: %+v", native)
				}
				for _, policy := range []string{off, required} {
					got := run(w.sydbox, "run", "-p", policy, "--")
					same := got.status == native.status && got.stdout == native.stdout && !got.hung
					if !same || strings.Contains(got.stderr, "sydbox") {
						t.Errorf("with %s: %+v\nnatively: %+v", filepath.Base(policy), got, native)
					}
				}
			})
		}
	}
}

// TestWallHidesNoDenial: the first wall says what it denies, although the second would have stopped it too.
func TestWallHidesNoDenial(t *testing.T) {
	t.Parallel()
	needLandlock(t)
	w := newWorkshop(t)
	program, err := w.compile("../testdata/landlock/reach.c", variants["static"])
	if err != nil {
		t.Fatal(err)
	}
	for _, uid := range users() {
		g := newGrounds(t, w, uid)
		policy := filepath.Join(w.dir, "policy.toml")
		text := "extends = []\n[write]\nallow = ['" + g.own + "']\n[harden]\nlandlock = 'required'\n"
		if err := os.WriteFile(policy, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		argv := []string{w.sydbox, "run", "-p", policy, "--", program, g.victim, g.own, "1"}
		j := job{argv: argv, dir: g.own, uid: uid}
		got := j.run(t)
		for line := range strings.Lines(got.stdout) {
			name, errno, _ := strings.Cut(strings.TrimSpace(line), " ")
			if errno == "0" && name != "status" && name != "environ" {
				t.Errorf("%s, %s succeeded", userName(uid), name)
			}
		}
		for _, what := range []string{
			"create DIR/new", "write DIR/file", "create DIR/d", "create DIR/l", "create DIR/p", "create DIR/s",
			"create DIR/linked", "delete DIR/other", "create DIR/moved", "delete DIR/third", "create DIR/full/file",
			"delete DIR/file", "delete DIR/empty",
		} {
			what = strings.ReplaceAll(what, "DIR", g.victim)
			if !strings.Contains(got.stderr, "sydbox: denied "+what) {
				t.Errorf("%s: %s is not reported\n%s", userName(uid), what, got.stderr)
			}
		}
	}
}
