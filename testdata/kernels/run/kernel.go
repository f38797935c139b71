package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// kernel is one of Debian's, and the machine that it runs on here.
type kernel struct {
	name    string
	release string // of Debian
	debArch string
	goarch  string
	pkg     string // of the kernel; a metapackage leads to the real one
	// emulator is the program and its Debian package; empty for user-mode Linux, which is a program itself.
	emulator, emulatorPkg string
	machine               []string
	// appended is the kernel's command line besides what all have.
	appended string
}

const (
	imageOf  = "linux-image-cloud-"
	umlPkg   = "user-mode-linux"
	ttyPC    = "console=ttyS0 reboot=t"
	ttyARM   = "console=ttyAMA0"
	ttyRISCV = "console=ttyS0"
)

// microvm has no ACPI: powering it off would only halt it.
// The emulated cmpxchg16b of qemu 7.2 spoils the flags, on which Linux 6.12 panics; without it the kernel has a way of
// its own. And a program that returns by IRET (int80_in_a_based_segment) is a fault of the kernel under its SMAP.
var microvm = []string{"-M", "microvm,acpi=off,rtc=on", "-cpu", "max,-cx16,-smap"}

// armVirt computes pointer authentication by a quick function of qemu's own: the true one takes most of the time.
var armVirt = []string{"-M", "virt", "-cpu", "max,pauth-impdef=on"}

var riscvVirt = []string{"-M", "virt"}

// kernels are what Debian's archive has. Older releases leave it: then they are skipped by name.
var kernels = []kernel{
	{name: "uml-6.1", release: "bookworm", debArch: "amd64", goarch: "amd64", pkg: umlPkg},
	{name: "uml-5.10", release: "bullseye", debArch: "amd64", goarch: "amd64", pkg: umlPkg},
	{
		name: "amd64-5.10", release: "bullseye", debArch: "amd64", goarch: "amd64", pkg: imageOf + "amd64",
		emulator: "qemu-system-x86_64", emulatorPkg: "qemu-system-x86", machine: microvm, appended: ttyPC,
	},
	{
		name: "amd64-6.1", release: "bookworm", debArch: "amd64", goarch: "amd64", pkg: imageOf + "amd64",
		emulator: "qemu-system-x86_64", emulatorPkg: "qemu-system-x86", machine: microvm, appended: ttyPC,
	},
	{
		name: "amd64-6.12", release: "trixie", debArch: "amd64", goarch: "amd64", pkg: imageOf + "amd64",
		emulator: "qemu-system-x86_64", emulatorPkg: "qemu-system-x86", machine: microvm, appended: ttyPC,
	},
	{
		name: "arm64-5.10", release: "bullseye", debArch: "arm64", goarch: "arm64", pkg: imageOf + "arm64",
		emulator: "qemu-system-aarch64", emulatorPkg: "qemu-system-arm", machine: armVirt, appended: ttyARM,
	},
	{
		name: "arm64-6.1", release: "bookworm", debArch: "arm64", goarch: "arm64", pkg: imageOf + "arm64",
		emulator: "qemu-system-aarch64", emulatorPkg: "qemu-system-arm", machine: armVirt, appended: ttyARM,
	},
	{
		name: "arm-tracer-6.1", release: "bookworm", debArch: "arm64", goarch: "arm", pkg: imageOf + "arm64",
		emulator: "qemu-system-aarch64", emulatorPkg: "qemu-system-arm", machine: armVirt, appended: ttyARM,
	},
	{
		name: "386-tracer-6.1", release: "bookworm", debArch: "amd64", goarch: "386", pkg: imageOf + "amd64",
		emulator: "qemu-system-x86_64", emulatorPkg: "qemu-system-x86", machine: microvm, appended: ttyPC,
	},
	{
		name: "riscv64-6.12", release: "trixie", debArch: "riscv64", goarch: "riscv64", pkg: "linux-image-riscv64",
		emulator: "qemu-system-riscv64", emulatorPkg: "qemu-system-misc opensbi", machine: riscvVirt, appended: ttyRISCV,
	},
	// The newest that a release to come has: what changes there is to be seen before its users see it.
	{
		name: "amd64-forky", release: "forky", debArch: "amd64", goarch: "amd64", pkg: imageOf + "amd64",
		emulator: "qemu-system-x86_64", emulatorPkg: "qemu-system-x86", machine: microvm, appended: ttyPC,
	},
	{
		name: "arm64-forky", release: "forky", debArch: "arm64", goarch: "arm64", pkg: imageOf + "arm64",
		emulator: "qemu-system-aarch64", emulatorPkg: "qemu-system-arm", machine: armVirt, appended: ttyARM,
	},
	{
		name: "riscv64-forky", release: "forky", debArch: "riscv64", goarch: "riscv64", pkg: "linux-image-riscv64",
		emulator: "qemu-system-riscv64", emulatorPkg: "qemu-system-misc opensbi", machine: riscvVirt, appended: ttyRISCV,
	},
}

// uml says that the kernel is a program of this machine.
func (k *kernel) uml() bool { return k.emulator == "" }

// memory is what the machine has, in MiB. What is in the archive is in memory, twice for a while.
func memory(chosen []suite) int {
	if slices.ContainsFunc(chosen, func(s suite) bool { return s.tools }) {
		return 2560
	}
	return 1024
}

// command is what boots the kernel at image with the archive at initrd, for the suites.
func (k *kernel) command(image, initrd string, chosen []suite) []string {
	if k.uml() {
		return []string{
			image, fmt.Sprintf("mem=%dM", memory(chosen)), "initrd=" + initrd, "con=null", "con0=fd:0,fd:1", "quiet",
			"panic=-1", "poweroff",
		}
	}
	args := append([]string{k.emulator}, k.machine...)
	// A nested /dev/kvm may open and then abort or hang, so it is never asked for.
	// Time in the guest goes by with its instructions, and skips what nothing is done in: what a test waits for depends on
	// no other load here. Two processors, which qemu runs in turns, are for the races: on one, hardly any is won.
	// The firmware of riscv64 does not come to an end with two.
	processors := "2"
	if k.goarch == "riscv64" {
		processors = "1"
	}
	return append(args, "-accel", "tcg", "-icount", "shift=2,sleep=off", "-smp", processors,
		"-m", fmt.Sprint(memory(chosen)), "-kernel", image, "-initrd", initrd,
		"-display", "none", "-no-reboot", "-nodefaults", "-monitor", "none", "-serial", "stdio",
		"-append", k.appended+" quiet panic=-1")
}

// moduleNames are what a system would load by itself when it is asked for, in the order in which they need each other.
var moduleNames = []string{"crc-ccitt", "ipv6", "inet_diag", "tcp_diag", "udp_diag", "unix_diag", "overlay", "veth"}

// modules puts those that the kernel's package has besides the image into the archive, below modules.
func (k *kernel) modules(a *archive, image string) error {
	top, _, _ := strings.Cut(image, "/x/") // what was unpacked is in x
	for i, name := range moduleNames {
		var found string
		err := filepath.WalkDir(top, func(path string, _ os.DirEntry, err error) error {
			if base, _, _ := strings.Cut(filepath.Base(path), ".ko"); base == name && strings.Contains(path, ".ko") {
				found = path
			}
			return err
		})
		if err != nil {
			return err
		}
		if found == "" {
			continue // built in, or not to be had
		}
		if err := a.copyFile(fmt.Sprintf("modules/%d-%s", i, filepath.Base(found)), found); err != nil {
			return err
		}
	}
	return nil
}
