package main

import (
	"fmt"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
)

// recordedConfigure is the workload whose recording's size is told.
const recordedConfigure = "configure, recorded"

// builds are what people build: configure scripts, make, Go, and a script that is all shell.
func builds(k *kit) []workload {
	conf := []string{"./configure"}
	// A program that Go builds calls the kernel without the C library, which fakeroot stands before.
	noLibc := []string{"fakeroot"}
	script := func() error { return command("cp", "testdata/bench/programs/shell.sh", k.dir) }
	return []workload{
		{
			name: "configure", group: programs, argv: conf, budget: 1.10, peerRounds: 1,
			prepare: k.archive("hello"), fresh: k.copyOf("hello"),
		},
		{
			name: "configure of coreutils", group: programs, argv: conf, budget: 1.10, rounds: 2, peerRounds: 1,
			// Minutes, for what the smaller one shows.
			without: []string{"strace %file", "proot", "fakeroot"},
			env:     []string{"FORCE_UNSAFE_CONFIGURE=1"}, // it refuses to run as root
			prepare: k.archive("coreutils"), fresh: k.copyOf("coreutils"),
		},
		{
			name: "make", group: programs, argv: []string{"make"}, budget: 1.06,
			prepare: all(k.archive("hello"), k.configured), fresh: k.copyOf("configured"),
		},
		{
			name: "make -j2", group: programs, argv: []string{"make", "-j2"}, budget: 1.06,
			prepare: all(k.archive("hello"), k.configured), fresh: k.copyOf("configured"),
		},
		{
			name: "shell script", group: programs, argv: []string{"/bin/sh", k.path("shell.sh"), "120"},
			prepare: script, fresh: k.empty,
		},
		{
			name: "go build, cold", group: programs, argv: goBuild, env: k.goEnv("work/cache"), rounds: 3, peerRounds: 1,
			without: noLibc, prepare: k.goModule, fresh: k.copyOf("module"),
		},
		{
			name: "go build, warm", group: programs, argv: goBuild, env: k.goEnv("cache"),
			without: noLibc, prepare: all(k.goModule, k.goCache), fresh: k.copyOf("module"),
		},
		{
			name: recordedConfigure, group: recording, argv: conf, budget: 2.2, rounds: 3, peerRounds: 1,
			prepare: k.archive("hello"), fresh: k.copyOf("hello"),
		},
		{
			name: "make, recorded", group: recording, argv: []string{"make"}, rounds: 3,
			prepare: all(k.archive("hello"), k.configured), fresh: k.copyOf("configured"),
		},
	}
}

// configured makes a GNU hello that was configured at the path where make will run.
func (k *kit) configured() error {
	return k.once("configured", func() error {
		if _, err := k.copyOf("hello")(); err != nil {
			return err
		}
		defer os.RemoveAll(k.work())
		if err := command("sh", "-c", "cd \"$0\" && ./configure", k.work()); err != nil {
			return err
		}
		return os.Rename(k.work(), k.path("configured"))
	})
}

// toolsVersion is what is built: a module that go.sum has, because the linter is made of it.
const toolsVersion = "v0.51.0"

var goBuild = []string{"go", "build", "-o", "out", "."}

const goMod = "module bench\n\ngo 1.26.0\n\nrequire (\n\tgolang.org/x/tools " + toolsVersion + "\n" +
	"\tgolang.org/x/mod v0.41.0\n\tgolang.org/x/sync v0.23.0\n)\n"

const goMain = `package main

import (
	"fmt"

	"golang.org/x/tools/go/packages"
)

func main() { fmt.Println(packages.Load(nil, ".")) }
`

// goModule makes the module to build, and sees to it that what it needs is there.
func (k *kit) goModule() error {
	return k.once("module", func() error {
		sums, err := os.ReadFile("go.sum")
		if err != nil {
			return err
		}
		if err := os.Mkdir(k.path("module"), 0o755); err != nil {
			return err
		}
		for name, text := range map[string]string{"go.mod": goMod, "go.sum": string(sums), "main.go": goMain} {
			if err := os.WriteFile(filepath.Join(k.path("module"), name), []byte(text), 0o644); err != nil {
				return err
			}
		}
		return command("sh", "-c", "cd \"$0\" && go mod download", k.path("module"))
	})
}

// goCache fills the cache that a warm build finds.
func (k *kit) goCache() error {
	return k.once("cache", func() error {
		cmd := exec.Command(goBuild[0], goBuild[1:]...)
		cmd.Dir, cmd.Env = k.path("module"), append(os.Environ(), k.goEnv("cache")...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
		return os.Remove(filepath.Join(k.path("module"), "out"))
	})
}

// goEnv keeps what go writes below the kit: HOME is where it keeps counters of its own.
func (k *kit) goEnv(cache string) []string {
	return []string{
		"GOCACHE=" + k.path(cache), "GOPATH=" + build.Default.GOPATH, "HOME=" + k.path("home"), "GOENV=off", "GOTOOLCHAIN=local",
		"GOFLAGS=-buildvcs=false",
	}
}
