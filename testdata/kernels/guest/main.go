// Guest is the first process of a booted kernel: it mounts what the tests look at, runs the test programs that are named
// in /suites, one after the other and each for a limited time, and tells how they ended. Then it stops the machine.
//
// The kernel's command line says how: with the word poweroff it powers off (user-mode Linux, where a restart starts over),
// else it restarts, which ends an emulator that was told not to (-no-reboot).
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	switch tool := filepath.Base(os.Args[0]); tool {
	case "true":
		return // what the tests start when they want nothing of it
	case "gcc", "cc", "go":
		if err := compiler(tool, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if os.Getpid() != 1 {
		if err := runAll(); err != nil {
			fmt.Println("GUEST failed:", err)
			os.Exit(1)
		}
		return
	}
	defer stop()
	if err := prepare(); err != nil {
		fmt.Println("GUEST failed:", err)
		return
	}
	var u unix.Utsname
	_ = unix.Uname(&u)
	fmt.Printf("GUEST kernel %s %s\n", unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:]))
	if err := raise(); err != nil {
		fmt.Println("GUEST failed:", err)
		return
	}
	fmt.Println("GUEST done")
}

// raise has a child run the programs and waits for it, and for all that lose their parents meanwhile: thousands do in
// the tests, and dead ones count among the processes that a kernel has room for.
func raise() error {
	files := []*os.File{os.Stdin, os.Stdout, os.Stderr}
	child, err := os.StartProcess("/proc/self/exe", os.Args[:1], &os.ProcAttr{Files: files})
	if err != nil {
		return err
	}
	for {
		var status unix.WaitStatus
		switch pid, err := unix.Wait4(-1, &status, 0, nil); {
		case pid == child.Pid && status != 0:
			return fmt.Errorf("what runs the programs ended with status %#x", uint32(status))
		case pid == child.Pid:
			return nil
		case err != nil && err != unix.EINTR:
			return fmt.Errorf("wait: %w", err)
		}
	}
}

// runAll runs what /suites names.
func runAll() error {
	text, err := os.ReadFile("/suites")
	if err != nil {
		return err
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		words := strings.Fields(line)
		run(words[0], words[1], words[2], words[3], words[4:])
	}
	return nil
}

// prepare mounts file systems and brings the loopback interface up.
func prepare() error {
	if err := leaveFirstRoot(); err != nil {
		return fmt.Errorf("leave the kernel's first root: %w", err)
	}
	for _, m := range []struct{ kind, at, options string }{
		{"proc", "/proc", ""}, {"sysfs", "/sys", ""}, {"tmpfs", "/tmp", "mode=1777"}, {"tmpfs", "/run", "mode=755"},
	} {
		if err := unix.Mount(m.kind, m.at, m.kind, 0, m.options); err != nil {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	for _, d := range []string{"/dev/pts", "/dev/shm"} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	_ = unix.Mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=666") // not every kernel here has it
	if err := unix.Mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777"); err != nil {
		return fmt.Errorf("mount /dev/shm: %w", err)
	}
	for name, target := range map[string]string{
		"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1",
		"/dev/stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(target, name); err != nil {
			return err
		}
	}
	loadModules()
	return loopback()
}

// leaveFirstRoot makes the root directory a mount of its own, above the kernel's first one, which pivot_root(2) cannot
// replace and no system has for a root once it has started.
func leaveFirstRoot() error {
	const above = "/above"
	return errors.Join(os.Mkdir(above, 0o755), unix.Mount("/", above, "", unix.MS_BIND, ""), os.Chdir(above),
		unix.Mount(".", "/", "", unix.MS_MOVE, ""), unix.Chroot("."), os.Chdir("/"))
}

// loadModules loads what is below /modules, in the order of its names. What cannot be loaded the tests will miss.
func loadModules() {
	list, _ := filepath.Glob("/modules/*")
	for _, name := range list {
		f, err := os.Open(name)
		if err != nil {
			fmt.Println("GUEST module", name, err)
			continue
		}
		flags := 0
		if filepath.Ext(name) != ".ko" {
			flags = unix.MODULE_INIT_COMPRESSED_FILE // Linux 5.17
		}
		if err := unix.FinitModule(int(f.Fd()), "", flags); err != nil {
			fmt.Println("GUEST module", name, err)
		}
		f.Close()
	}
}

// loopback is ip link set lo up.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req); err != nil {
		return fmt.Errorf("bring lo up: %w", err)
	}
	return nil
}

// run runs one program in a directory, with that PATH, between two lines that name it.
func run(name, dir, limit, path string, argv []string) {
	seconds, err := time.ParseDuration(limit)
	if err != nil {
		fmt.Println("GUEST failed:", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), seconds)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + path, "HOME=/root", "LC_ALL=C", "TMPDIR=/tmp", "SYDBOX_TEST_SLOW=1"}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stdout
	cmd.WaitDelay = 5 * time.Second
	fmt.Println("GUEST begin", name)
	start := time.Now()
	err = cmd.Run()
	fmt.Printf("\nGUEST end %s %.0f %v\n", name, time.Since(start).Seconds(), err)
}

// stop ends the machine.
func stop() {
	unix.Sync()
	how := unix.LINUX_REBOOT_CMD_RESTART
	if line, err := os.ReadFile("/proc/cmdline"); err == nil && strings.Contains(string(line), "poweroff") {
		how = unix.LINUX_REBOOT_CMD_POWER_OFF
	}
	if err := unix.Reboot(how); err != nil {
		fmt.Println("GUEST failed: reboot:", err)
	}
	select {}
}
