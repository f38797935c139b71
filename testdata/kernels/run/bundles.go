package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// bundlePackages are the multi-call binaries that come as packages, as testdata/multicall/fetch.sh has them.
var bundlePackages = []string{"busybox", "busybox-static", "toybox", "rust-coreutils"}

// bundlesAt is where the tests look for them in a guest.
const bundlesAt = "root/.cache/sydbox-tests/multicall"

// triplets are those of machines that clang builds for.
var triplets = map[string]string{
	"arm64": "aarch64-linux-gnu", "armhf": "arm-linux-gnueabihf", "riscv64": "riscv64-linux-gnu",
}

// bundles puts into the archive what fetch.sh has fetched and built for the machine.
func (k *kernel) bundles(a *archive) error {
	script := exec.Command("sh", "testdata/multicall/fetch.sh")
	if triplet := triplets[k.systemArch()]; triplet != "" {
		script.Args = append(script.Args, triplet)
	}
	script.Stderr = os.Stderr
	out, err := script.Output()
	if err != nil {
		return fmt.Errorf("multi-call binaries for %s: %w", k.systemArch(), err)
	}
	cache := strings.TrimSpace(string(out))
	if err := a.copyTree(bundlesAt, cache); err != nil {
		return err
	}
	// Scripts of programs name the place for which they were made.
	for name, e := range a.entries {
		if strings.HasPrefix(name, bundlesAt+"/") && bytes.HasPrefix(e.data, []byte("#!"+cache)) {
			e.data = bytes.Replace(e.data, []byte(cache), []byte("/"+bundlesAt), 1)
			a.entries[name] = e
		}
	}
	for _, name := range append([]string{"hello"}, bundlePackages...) {
		if !a.has(path.Join(bundlesAt, name, "VERSION")) {
			if name != "hello" {
				if err := k.bundle(a, name); err != nil {
					return err
				}
			}
			a.file(path.Join(bundlesAt, name, "VERSION"), []byte("of the guest\n"), 0o644)
		}
	}
	return nil
}

// bundle puts one of the packages for another machine into the archive. A release in the making may lack one for a while
// that unstable has.
func (k *kernel) bundle(a *archive, name string) error {
	find := func(dir string) string { return existing(filepath.Join(dir, "x")) }
	top, err := cached(k.systemRelease()+"-"+k.systemArch()+"-"+name, func(dir string) error {
		err := fetch(dir, k.systemRelease(), k.systemArch(), []string{name}, false)
		if !errors.Is(err, errMissing) || k.systemRelease() != "forky" {
			return err
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		return fetch(dir, "sid", k.systemArch(), []string{name}, false)
	}, find)
	if err != nil {
		return err
	}
	if err := a.copyTree(path.Join(bundlesAt, name), top); err != nil {
		return err
	}
	if bin := path.Join(bundlesAt, name, "bin"); existing(filepath.Join(top, "bin")) == "" {
		a.link(bin, "usr/bin") // packages have nothing in the old place from trixie on
	}
	return nil
}
