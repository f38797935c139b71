package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// systemPackages are what programs that are tested start or are linked with, besides what these need.
var systemPackages = []string{"dash", "bash", "coreutils", "findutils", "grep", "sed", "util-linux", "strace"}

// toolPackages are what builds and downloads, for tests that record such programs. What is written here lacks its
// alternatives, as no maintainer script runs: see toolNames.
var toolPackages = append([]string{
	"gcc", "libc6-dev", "make", "python3", "curl", "git", "busybox-static", "iproute2", "netcat-openbsd", "tar", "gzip",
	"procps", "mawk", "perl-base", "wget", "bsdutils", "libpam-modules", "diffutils", "hostname", "libc-bin", "mount",
}, systemPackages...)

// toolNames are the links that maintainer scripts would make.
var toolNames = map[string]string{"cc": "gcc", "awk": "mawk", "nc": "nc.openbsd"}

// systemRelease is whose they are: programs that were linked here run with no older C library than that of here.
// riscv64 is in no release before trixie, which its kernels are of, too.
func (k *kernel) systemRelease() string {
	if k.debArch == "riscv64" {
		return k.release
	}
	return "bookworm"
}

// systemArch is the machine of the programs: a tracer of 32 bits serves no others, whatever the kernel has.
func (k *kernel) systemArch() string {
	switch k.goarch {
	case "386":
		return "i386"
	case "arm":
		return "armhf"
	}
	return k.debArch
}

// system puts a small Debian into the archive: what is below bin, sbin and lib.
func (k *kernel) system(a *archive, tools bool) error {
	kind, packages := "system", systemPackages
	if tools {
		kind, packages = "tools", toolPackages
		if k.systemArch() == "amd64" {
			packages = append(slices.Clip(packages), "gcc-multilib") // as make test installs there
		}
	}
	kind += fmt.Sprintf("-%.8x", sha256.Sum256([]byte(strings.Join(packages, " "))))
	top, err := cached(k.systemRelease()+"-"+k.systemArch()+"-"+kind, func(dir string) error {
		return fetch(dir, k.systemRelease(), k.systemArch(), packages, true)
	}, func(dir string) string { return existing(filepath.Join(dir, "x/usr/bin/env")) })
	if err != nil {
		return err
	}
	top = strings.TrimSuffix(top, "/usr/bin/env")
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		a.merge(name)
	}
	for _, name := range []string{
		"usr/bin", "usr/sbin", "usr/lib", "usr/lib32", "usr/libexec", "usr/include", "bin", "sbin", "lib", "lib64",
	} {
		from := filepath.Join(top, name)
		if s, err := os.Lstat(from); err == nil && s.Mode()&os.ModeSymlink != 0 {
			continue // the package of the base system has the links already (trixie)
		}
		if err := a.copyTree(name, from); err != nil {
			return err
		}
	}
	if !a.has("usr/bin/sh") {
		a.link("usr/bin/sh", "dash")
	}
	for _, name := range []string{"home", "mnt", "opt", "srv", "var/cache", "var/lib", "var/log"} {
		a.dir(name)
	}
	a.entries["var/tmp"] = entry{mode: modeDir | 0o1777}
	a.link("var/run", "/run")
	for name, text := range map[string]string{
		"etc/hostname":      "guest\n",
		"etc/nsswitch.conf": "hosts: files dns\n",
		"etc/resolv.conf":   "nameserver 127.0.0.1\n",
		"etc/pam.d/su": "auth sufficient pam_rootok.so\naccount required pam_permit.so\n" +
			"session required pam_permit.so\n",
	} {
		a.file(name, []byte(text), 0o644)
	}
	for name, target := range toolNames {
		if a.has("usr/bin/" + target) {
			a.link("usr/bin/"+name, target)
		}
	}
	return nil
}

// existing is the path if there is such a file, else "".
func existing(path string) string {
	if _, err := os.Lstat(path); err != nil {
		return ""
	}
	return path
}
