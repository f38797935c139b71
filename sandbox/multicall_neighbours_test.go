package sandbox

import (
	"path/filepath"
	"strings"
	"testing"
)

const coreutilsOption = "--coreutils-prog="

// TestMultiCallNeighbours: where one applet is denied all others work, as many as each bundle says it has. What --help
// tells is enough to see that an applet was reached; a script of ordinary work follows.
func TestMultiCallNeighbours(t *testing.T) {
	t.Parallel()
	b := newBundles(t)
	policy := b.policy(t, "dd", "dd")
	for i, bundle := range []struct {
		name   string
		list   string // how it lists its applets
		option string // in front of an applet's name
		shell  string // refused as well, for it could run dd without an exec
		few    int    // it has more than these
	}{
		{"BB", "$BB --list", "", "", 200},
		{"BBS", "$BBS --list", "", "", 200},
		{"TB", "$TB", "", "bash sh toysh", 15},
		{"TBD", "$TBD", "", "", 150},
		{"CU", "sh -c 'cd /; $CU --help | sed -n /Built-in/,/^$/p | tail -n +2'", coreutilsOption, "", 90},
		{"UU", "sh -c '$UU --help | tail -n +8 | tr -d ,'", "", "", 80},
	} {
		uid := users()[i%len(users())]
		t.Run(bundle.name+"/"+userName(uid), func(t *testing.T) {
			w := filepath.Join(b.dir, bundle.name+"-"+userName(uid))
			b.scratch(t, w, uid, "")
			defer removeAll(t, w)
			list := job{argv: b.command(bundle.list, w), dir: w, uid: uid}
			var applets []string
			for _, name := range strings.Fields(list.run(t).stdout) {
				if !strings.Contains(" reboot halt poweroff init linuxrc ", " "+name+" ") {
					applets = append(applets, name)
				}
			}
			if len(applets) < bundle.few {
				t.Fatalf("it lists %d applets: %q", len(applets), applets)
			}
			b.compareHelps(t, bundle.name, bundle.option, bundle.shell, policy, w, uid, applets)
		})
	}
}

func (b *bundles) compareHelps(t *testing.T, name, option, shell, policy, w string, uid int, applets []string) {
	t.Helper()
	arg0 := filepath.Base(b.vars[name])
	command := []string{b.vars["AS"], "helps", b.vars[name], arg0}
	for _, applet := range applets {
		command = append(command, option+applet)
	}
	native := (&job{argv: command, dir: w, uid: uid}).run(t)
	boxed := (&job{argv: b.sandboxed(policy, true, command), dir: w, uid: uid}).run(t)
	want, got := strings.Split(native.stdout, "\n"), strings.Split(boxed.stdout, "\n")
	if native.status != 0 || boxed.status != 0 || len(want) != len(got) || len(want) != len(applets)+1 {
		t.Fatalf("status %d and %d lines, natively %d and %d\n%s", boxed.status, len(got), native.status, len(want),
			boxed.stderr)
	}
	for i, applet := range applets {
		refused := applet == "dd" || strings.Contains(" "+shell+" ", " "+applet+" ")
		switch {
		case refused && got[i] != option+applet+" 126":
			t.Errorf("%s is not refused: %s", applet, got[i])
		case !refused && got[i] != want[i]:
			t.Errorf("%s: natively %s\n%s", got[i], want[i], boxed.stderr)
		}
	}
}

// neighbourWork is what every bundle can do; it has no applet of its own name in it but as the first word.
const neighbourWork = `
b=$1 option=$2 n=0
mkdir out
run() { n=$((n + 1)); "$b" "$option$@" >out/$n 2>&1; echo "$* $?"; cat out/$n; }
run echo one two; run printf '%s\n' three; run basename /a/b; run seq 3; run uname; run pwd; run true; run false
printf 'b\na\nc\n' >lines
run cat lines; run sort lines; run wc lines; run head -n 1 lines; run mkdir d; run touch d/t; run cp lines d/copy
run ls d; run rm d/t; run ls -a d; run test -f d/copy; run test -f d/t; run nice true; run env A=1 true
run cp -r d e; run cat e/copy; run rm -r e; run ls
`

// TestMultiCallWork does ordinary work with the neighbours of a denied applet.
func TestMultiCallWork(t *testing.T) {
	t.Parallel()
	b := newBundles(t)
	policy := b.policy(t, "dd", "dd", "wget")
	for name, option := range map[string]string{"BB": "", "BBS": "", "TB": "", "CU": coreutilsOption, "UU": ""} {
		for _, uid := range users() {
			t.Run(name+"/"+userName(uid), func(t *testing.T) {
				run := func(box ...string) outcome {
					w := filepath.Join(b.dir, "work-"+name+"-"+userName(uid))
					b.scratch(t, w, uid, "")
					defer removeAll(t, w)
					argv := append(box, "/bin/sh", "-c", neighbourWork, "sh", b.vars[name], option)
					return (&job{argv: argv, dir: w, uid: uid}).run(t)
				}
				native, boxed := run(), run(b.box(policy)...)
				if native.status != 0 || strings.Count(native.stdout, " 0\n") < 15 {
					t.Fatalf("it does not work without the box: status %d\n%s%s", native.status, native.stdout,
						native.stderr)
				}
				if boxed.status != native.status || boxed.stdout != native.stdout || boxed.stderr != native.stderr {
					t.Errorf("status %d, natively %d\n%s%s", boxed.status, native.status, boxed.stderr,
						difference(native.stdout, boxed.stdout))
				}
			})
		}
	}
}
