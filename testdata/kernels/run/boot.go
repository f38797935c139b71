package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/testdata/kernels/built"
)

// shortKernels are those of the short form, of which the first that fits is booted. User-mode Linux needs no emulator.
var shortKernels = []string{"uml-6.1", "amd64-6.1"}

// errUnfit is why a kernel cannot be booted on this machine, whatever is installed.
var errUnfit = errors.New("this machine is none for it")

// boot runs the suites in real kernels.
func boot(args []string) error {
	o, err := parse("boot", "kernel", args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	failed, booted := 0, 0
	fmt.Println("kernel          release                      suite            wall s  passed  failed  skipped")
	for i := range kernels {
		k := &kernels[i]
		if !o.kernels.MatchString(k.name) || o.short && (booted > 0 || !slices.Contains(shortKernels, k.name)) {
			continue
		}
		n, err := k.boot(ctx, o)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("%s: %w", k.name, context.Cause(ctx))
		case errors.Is(err, errMissing), errors.Is(err, errUnfit):
			fmt.Printf("%-15s skipped: %v\n", k.name, err)
			continue
		case err != nil:
			fmt.Printf("%-15s failed: %v\n", k.name, err)
			failed++
		}
		booted++
		failed += n
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%d %w", failed, errFailed)
	case booted == 0:
		return errors.New("no kernel was booted")
	}
	return nil
}

// umlUnfit is what user-mode Linux says before it panics where the registers of vectors (NT_X86_XSTATE) take more bytes
// than it has room for, as with AMX: the kernel sets all of them or none (EFAULT).
const umlUnfit = "ptrace set fp regs failed, errno = 14"

// findEmulator fails if what the kernel needs is not there. The short form installs it: who asks for that cannot know
// whether it will be needed.
func (k *kernel) findEmulator(install bool) error {
	if k.uml() {
		return nil
	}
	_, err := exec.LookPath(k.emulator)
	if err != nil && install {
		deps := exec.Command("sh", append([]string{"testdata/deps.sh"}, strings.Fields(k.emulatorPkg)...)...)
		deps.Stdout, deps.Stderr = os.Stderr, os.Stderr
		err = deps.Run()
	}
	if err != nil {
		return fmt.Errorf("%w: %s (package %s)", errMissing, k.emulator, k.emulatorPkg)
	}
	return nil
}

// boot boots one kernel, prints a line for each suite and returns how many tests failed.
func (k *kernel) boot(ctx context.Context, o *options) (failed int, err error) {
	if err := k.findEmulator(o.short); err != nil {
		return 0, err
	}
	image, err := k.image()
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "sydbox-boot-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	chosen := slices.DeleteFunc(o.chosen(), func(s suite) bool { return !o.all && !s.quick })
	initrd := filepath.Join(dir, "initrd")
	if err := k.pack(initrd, dir, image, chosen, o); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	argv := k.command(image, initrd, chosen)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir // user-mode Linux keeps its memory in a file
	// The processes in user-mode Linux are processes here as well, and outlive it if it is killed alone.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	out := newTranscript(o, cancel)
	defer out.silence.Stop()
	cmd.Stdout, cmd.Stderr = out, out
	end := cmd.Run() // an emulator that was restarted ends with 0, user-mode Linux as it likes
	said := bytes.ReplaceAll(out.text.Bytes(), []byte("\r"), nil)
	if k.uml() && bytes.Contains(said, []byte(umlUnfit)) {
		return 0, fmt.Errorf("%w: its processor has more registers than user-mode Linux knows of (AMX)", errUnfit)
	}
	failed = k.report(said, chosen)
	if !bytes.Contains(said, []byte("\nGUEST done\n")) {
		t := tally{failed: 1, failures: []string{fmt.Sprintf("(the kernel: it did not come to its end: %v)", end)}}
		t.tell(os.Stdout, said)
		failed++
	}
	return failed, nil
}

// pack writes the archive of the guest: its first process, the test programs and the files that they read.
func (k *kernel) pack(to, dir, image string, chosen []suite, o *options) error {
	guest := filepath.Join(dir, "guest")
	build := exec.Command("go", "build", "-o", guest, "./testdata/kernels/guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+k.goarch)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the guest for %s: %w\n%s", k.goarch, err, out)
	}
	a := newArchive()
	for _, name := range []string{"init", "bin/true", built.Bin + "/gcc", built.Bin + "/cc", built.Bin + "/go"} {
		name = strings.TrimPrefix(name, "/")
		if err := a.copyFile(name, guest); err != nil {
			return err
		}
	}
	tools := slices.ContainsFunc(chosen, func(s suite) bool { return s.tools })
	if tools || slices.ContainsFunc(chosen, func(s suite) bool { return s.system }) {
		if err := k.system(a, tools); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(chosen, func(s suite) bool { return s.bundles }) {
		if err := k.bundles(a); err != nil {
			return err
		}
	}
	if err := k.modules(a, image); err != nil {
		return err
	}
	var list strings.Builder
	for i := range chosen {
		s := &chosen[i]
		if err := s.build(dir, k.goarch); err != nil {
			return err
		}
		if err := k.programs(a, s.pkg, dir); err != nil {
			return err
		}
		at := strings.TrimPrefix(built.Root, "/") + "/" + s.pkg
		a.dir(at)
		if err := a.copyFile("tests/"+s.file(), filepath.Join(dir, s.file())); err != nil {
			return err
		}
		if err := a.copyTree(at+"/testdata", filepath.Join(filepath.FromSlash(s.pkg), "testdata")); err != nil {
			return err
		}
		for _, tree := range s.trees {
			if err := a.copyTree(path.Join(at, tree), filepath.Join(filepath.FromSlash(s.pkg), tree)); err != nil {
				return err
			}
		}
		fmt.Fprintln(&list, s.pkg, "/"+at, s.limit(o), s.path(), "/tests/"+s.file(), strings.Join(s.args(o, true), " "))
	}
	a.file("suites", []byte(list.String()), 0o644)
	return a.write(to)
}

var (
	kernelLine = regexp.MustCompile(`(?m)^GUEST kernel (\S+ \S+)$`)
	endLine    = regexp.MustCompile(`(?m)^GUEST end (\S+) (\d+) (.*)$`)
)

// report prints a line for each suite. One that did not end is a failure.
func (k *kernel) report(said []byte, chosen []suite) (failed int) {
	release := "?"
	if m := kernelLine.FindSubmatch(said); m != nil {
		release = string(m[1])
	}
	for i := range chosen {
		s := &chosen[i]
		var text []byte
		wall, end := "?", errors.New("it did not end")
		if _, after, found := bytes.Cut(said, []byte("GUEST begin "+s.pkg+"\n")); found {
			text = after
			if m := endLine.FindSubmatchIndex(after); m != nil && string(after[m[2]:m[3]]) == s.pkg {
				text, wall, end = after[:m[0]], string(after[m[4]:m[5]]), nil
				if how := string(after[m[6]:m[7]]); how != "<nil>" {
					end = errors.New(how)
				}
			}
		}
		t := verdict(text, end)
		fmt.Printf("%-15s %-28s %-16s %6s  %6d  %6d  %7d\n", k.name, release, s.name(), wall, t.passed, t.failed, t.skipped)
		t.tell(os.Stdout, text)
		failed += t.failed
	}
	return failed
}
