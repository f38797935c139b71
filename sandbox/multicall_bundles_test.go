package sandbox

import (
	"debug/elf"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bundles are the multi-call binaries that testdata/multicall/fetch.sh has cached, copied to where every user can
// reach them. Their paths are variables for the command lines of the tests.
type bundles struct {
	*workshop
	cache string
	vars  map[string]string
}

func newBundles(t *testing.T) *bundles {
	t.Helper()
	// With NODEPS it only says where the cache is, or what is missing there.
	fetch := exec.Command("sh", "../testdata/multicall/fetch.sh")
	fetch.Env = append(os.Environ(), "NODEPS=1")
	var why strings.Builder
	fetch.Stderr = &why
	out, err := fetch.Output()
	if err != nil {
		t.Fatalf("%s(make test fetches and builds it; or run testdata/multicall/fetch.sh)", why.String())
	}
	cache := strings.TrimSpace(string(out))
	b := &bundles{workshop: newWorkshop(t), cache: cache, vars: make(map[string]string)}
	for name, from := range map[string]string{
		"CU": "coreutils-symlinks/bin/coreutils", "SH": "coreutils-shebangs/bin/coreutils", "BB": "busybox/bin/busybox",
		"BBS": "busybox-static/bin/busybox", "TB": "toybox-sh/bin/toybox", "TBD": "toybox/bin/toybox",
		"UU": "rust-coreutils/usr/bin/coreutils",
	} {
		dir := filepath.Join(b.dir, name)
		freshDir(t, dir, os.Getuid())
		b.vars[name] = filepath.Join(dir, filepath.Base(from))
		copyFile(t, filepath.Join(cache, from), b.vars[name], 0o755)
	}
	// The scripts of the one layout name the place that they were installed to; they are as they would be here.
	script, err := os.ReadFile(filepath.Join(cache, "coreutils-shebangs/bin/dd"))
	if err != nil {
		t.Fatal(err)
	}
	line, option, _ := strings.Cut(string(script), " ")
	if line != "#!"+filepath.Join(cache, "coreutils-shebangs/bin/coreutils") {
		t.Fatalf("the layout with scripts has this dd: %q", script)
	}
	b.vars["SHDD"] = filepath.Join(b.dir, "SH", "dd")
	if err := writeProgram(b.vars["SHDD"], []byte("#!"+b.vars["SH"]+" "+option), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("coreutils", filepath.Join(b.dir, "CU", "dd")); err != nil {
		t.Fatal(err)
	}
	b.vars["CUDD"] = filepath.Join(b.dir, "CU", "dd")
	if b.vars["AS"], err = b.compile("../testdata/multicall/as.c", variants["static"]); err != nil {
		t.Fatal(err)
	}
	b.vars["LD"] = elfInterpreter(t, "/bin/ls")
	core, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatalf("git --exec-path: %v (make test installs git)", err)
	}
	b.vars["CORE"] = strings.TrimSpace(string(core))
	return b
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(to); err == nil {
		t.Fatalf("%s is there", to)
	}
	if err := writeProgram(to, text, mode); err != nil {
		t.Fatal(err)
	}
}

// elfInterpreter is the dynamic loader that a program names.
func elfInterpreter(t *testing.T, path string) string {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			name, err := io.ReadAll(p.Open())
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimRight(string(name), "\x00")
		}
	}
	t.Fatalf("%s has no interpreter", path)
	return ""
}

// words splits a command line at blanks, but for those in single quotes, after the variables are filled in.
func (b *bundles) words(line, w string) []string {
	line = os.Expand(line, func(name string) string {
		if name == "?" {
			return "$?" // the shell's
		}
		value, ok := b.variables(w)[name]
		if !ok {
			panic("no variable " + name)
		}
		return value
	})
	var list []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			list = append(list, part)
		} else {
			list = append(list, strings.Fields(part)...)
		}
	}
	return list
}

// variables are those of the command lines: the bundles, the scratch directory, and what makes dd leave a mark.
func (b *bundles) variables(w string) map[string]string {
	vars := maps.Clone(b.vars)
	vars["W"], vars["D"] = w, "if=/etc/hostname of="+w+"/MARK"
	return vars
}

// command makes a command line of the words: "X ARG0 FILE ..." is FILE with that argv[0], "as HOW FILE ..." is our own
// program, everything else is what it says.
func (b *bundles) command(line, w string) []string {
	words := b.words(line, w)
	switch words[0] {
	case "X":
		return append([]string{b.vars["AS"], "run", words[2], words[1]}, words[3:]...)
	case "as":
		return append([]string{b.vars["AS"]}, words[1:]...)
	}
	return words
}

// sandboxed puts a command into a box that denies the rules. inside has it executed by a program in the box; else it
// is what the box starts with, if it is no program that has to be executed in a special way anyway.
func (b *bundles) sandboxed(policy string, inside bool, command []string) []string {
	box := b.box(policy)
	if inside && command[0] != b.vars["AS"] {
		box = append(box, "/usr/bin/env", "--")
	}
	return append(box, command...)
}

func (b *bundles) box(policy string) []string { return []string{b.sydbox, "run", "-p", policy, "--"} }

// policy writes one that denies these programs and nothing else.
func (b *bundles) policy(t *testing.T, name string, deny ...string) string {
	t.Helper()
	path := filepath.Join(b.dir, name+".toml")
	quoted := make([]string, len(deny))
	for i, rule := range deny {
		quoted[i] = fmt.Sprintf("%q", rule)
	}
	text := fmt.Sprintf("version = 1\nextends = []\n[write]\ndefault = \"allow\"\n"+
		"[exec]\ndeny = [%s]\n", strings.Join(quoted, ", "))
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// scratch is a fresh directory of the user's, with what one of the preparations leaves in it.
func (b *bundles) scratch(t *testing.T, w string, uid int, prepare string) {
	t.Helper()
	freshDir(t, w, uid)
	if prepare == "" {
		return
	}
	var set strings.Builder
	for name, value := range b.variables(w) {
		fmt.Fprintf(&set, "%s='%s'\n", name, value)
	}
	j := job{argv: []string{"/bin/sh", "-euc", set.String() + prepare}, dir: w, uid: uid}
	if result := j.run(t); result.status != 0 {
		t.Fatalf("prepare: %s: status %d\n%s", prepare, result.status, result.stderr)
	}
}
