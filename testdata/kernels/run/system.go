package main

import (
	"os"
	"path/filepath"
	"strings"
)

// systemPackages are what programs that are tested start or are linked with, besides what these need.
var systemPackages = []string{"dash", "bash", "coreutils", "findutils", "grep", "sed", "util-linux", "strace"}

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
func (k *kernel) system(a *archive) error {
	top, err := cached(k.systemRelease()+"-"+k.systemArch()+"-system", func(dir string) error {
		return fetch(dir, k.systemRelease(), k.systemArch(), systemPackages, true)
	}, func(dir string) string { return existing(filepath.Join(dir, "x/usr/bin/env")) })
	if err != nil {
		return err
	}
	top = strings.TrimSuffix(top, "/usr/bin/env")
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		a.merge(name)
	}
	for _, name := range []string{"usr/bin", "usr/sbin", "usr/lib", "bin", "sbin", "lib", "lib64"} {
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
	return nil
}

// existing is the path if there is such a file, else "".
func existing(path string) string {
	if _, err := os.Lstat(path); err != nil {
		return ""
	}
	return path
}
