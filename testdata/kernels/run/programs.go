package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"sydbox/testdata/kernels/built"
)

// compiler is the C compiler for a machine, the package that has it, and how it makes programs of the machine's other
// word size; nil if it cannot.
type compiler struct {
	tool   []string
	pkg    string
	narrow []string
}

// Other machines' compiler is clang, with their libraries: Debian's gcc-multilib, which the tests of this machine need, and
// its cross compilers by gcc exclude each other.
var compilers = map[string]compiler{
	"amd64":   {tool: []string{"gcc"}, pkg: "gcc", narrow: []string{"gcc", "-m32"}},
	"386":     {tool: []string{"gcc", "-m32"}, pkg: "gcc-multilib", narrow: []string{"gcc", "-m32"}},
	"arm64":   {tool: clang("aarch64-linux-gnu"), pkg: "clang", narrow: clang("arm-linux-gnueabihf")},
	"arm":     {tool: clang("arm-linux-gnueabihf"), pkg: "clang", narrow: clang("arm-linux-gnueabihf")},
	"riscv64": {tool: clang("riscv64-linux-gnu"), pkg: "clang"},
}

func clang(target string) []string { return []string{"clang", "--target=" + target} }

var variantsComment = regexp.MustCompile(`/\* variants: ([a-z0-9 ]+) \*/`)

// flagsOf are those of the variants of a program (sandbox/suite_test.go).
var flagsOf = map[string][]string{
	"dynamic": nil, "static": {"-static"}, "m32": {"-m32", "-static"}, "int80": {"-DINT80", "-static", "-no-pie"},
}

// commands are those that the tests of a package give. One that is missing here fails its test in the guest.
func commands(pkg, goarch string) (list []built.Command, err error) {
	add := func(tool, goarch string, args ...string) {
		list = append(list, built.Parse(tool, goarch, "", args))
	}
	each := func(pattern string, do func(source, text string)) {
		sources, _ := filepath.Glob(pattern)
		for _, source := range sources {
			text, readErr := os.ReadFile(source)
			if readErr != nil {
				err = readErr
			}
			do(source, string(text))
		}
	}
	variants := func(source, text string, otherwise ...string) {
		names := otherwise
		if m := variantsComment.FindStringSubmatch(text); m != nil {
			names = strings.Fields(m[1])
		}
		for _, name := range names {
			if name != "m32" && name != "int80" || goarch == "amd64" {
				add("gcc", "", append([]string{"-O1", "-w", "-pthread", source}, flagsOf[name]...)...)
			}
		}
	}
	switch pkg {
	case "tracer/seccomp":
		if goarch == "amd64" {
			add("go", "386", "build", "./tracer/seccomp/testdata/calls386")
		}
	case "deputy":
		if goarch == "amd64" {
			add("gcc", "", "-m32", "-static", "-O1", "deputy/testdata/looks32.c")
		}
	case "tracer":
		add("go", "", "build", "./tracer/testdata/govictim")
		if other := map[string]string{"amd64": "386", "arm64": "arm"}[goarch]; other != "" {
			add("go", other, "build", "./tracer/testdata/govictim")
		}
		add("gcc", "", "-O1", "-Wall", "-Werror", "-static", "-nostdlib", "tracer/testdata/first.c")
		each("tracer/testdata/*.c", func(source, text string) {
			if strings.HasSuffix(source, "/first.c") {
				return
			}
			for _, narrow := range [][]string{nil, {"-m32"}} {
				add("gcc", "", append([]string{"-O1", "-Wall", "-Werror", "-static", "-pthread", source}, narrow...)...)
			}
		})
	case "sandbox":
		add("go", "", "build", "sydbox/cmd/sydbox")
		add("go", "", "build", "-tags", "ablation", "sydbox/cmd/sydbox")
		each("testdata/benign/*.c", func(source, text string) {
			if m := variantsComment.FindStringSubmatch(text); m == nil || !strings.Contains(m[1], "dynamic") {
				add("gcc", "", "-O1", "-w", "-pthread", source)
			}
			variants(source, text)
		})
		each("testdata/attacks/*.c", func(source, text string) { variants(source, text, "static", "m32", "int80") })
	}
	return list, err
}

// programs builds what the tests of a package have built, and puts it into the archive.
func (k *kernel) programs(a *archive, pkg, dir string) error {
	list, err := commands(pkg, k.goarch)
	if err != nil {
		return err
	}
	errs := make([]error, len(list))
	var all sync.WaitGroup
	turns := make(chan struct{}, runtime.NumCPU())
	for i := range list {
		turns <- struct{}{}
		all.Go(func() {
			errs[i] = k.program(&list[i], filepath.Join(dir, list[i].Name()))
			<-turns
		})
	}
	all.Wait()
	for i := range list {
		if errs[i] != nil {
			return errs[i]
		}
		name := list[i].Name()
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			continue // the machine has no such programs
		}
		if err := a.copyFile(strings.TrimPrefix(built.Dir, "/")+"/"+name, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// program carries out one command for the kernel's machine.
func (k *kernel) program(c *built.Command, to string) error {
	goarch := c.GOARCH
	if goarch == "" {
		goarch = k.goarch
	}
	argv := append([]string{"go", "build", "-o", to}, c.Args[1:]...)
	if c.Tool == "gcc" {
		with := compilers[k.goarch]
		tool := with.tool
		if slices.Contains(c.Args, "-m32") {
			tool = with.narrow
		}
		if tool == nil {
			return nil
		}
		// What the tests say means the smaller word size of the machine, whatever its compiler calls that.
		args := slices.DeleteFunc(slices.Clone(c.Args), func(a string) bool { return a == "-m32" })
		argv = slices.Concat(tool, args, []string{"-o", to})
		if _, err := exec.LookPath(argv[0]); err != nil {
			return fmt.Errorf("%w: %s (package %s)", errMissing, argv[0], with.pkg)
		}
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+goarch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s for %s: %w\n%s", c.String(), k.goarch, err, out)
	}
	return nil
}
