package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// errMissing says that something is not to be had here; what needs it is skipped by name.
var errMissing = errors.New("not to be had")

// image returns the kernel's file.
func (k *kernel) image() (string, error) {
	return cached(k.release+"-"+k.debArch+"-"+k.pkg, func(dir string) error {
		return fetch(dir, k.release, k.debArch, []string{k.pkg}, false)
	}, k.find)
}

// cached is what find finds in a directory of that name below the user's cache directory (XDG_CACHE_HOME). It is fetched
// from Debian's archive once.
func cached(name string, fetch func(dir string) error, find func(dir string) string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "sydbox-kernels", name)
	if found := find(dir); found != "" {
		return found, nil
	}
	fresh := dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return "", err
	}
	if err := fetch(fresh); err != nil {
		return "", err
	}
	if find(fresh) == "" {
		return "", fmt.Errorf("what was fetched for %s does not hold it", name)
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, dir); err != nil {
		return "", err
	}
	return find(dir), nil
}

// find is the kernel's file below dir, "" if there is none.
func (k *kernel) find(dir string) string {
	patterns := []string{
		"x/boot/vmlinu[xz]-*",         // riscv64's is not compressed
		"x/usr/lib/modules/*/vmlinuz", // from forky on
	}
	if k.uml() {
		patterns = []string{"x/usr/bin/linux.uml"}
	}
	for _, pattern := range patterns {
		if list, err := filepath.Glob(filepath.Join(dir, pattern)); err == nil && len(list) != 0 {
			return list[0]
		}
	}
	return ""
}

// fetch downloads packages, and if it is told so what these depend on, into dir and unpacks them there, with lists and
// status of its own: this machine's packages stay as they are, and another release or machine is no matter. No maintainer
// script runs.
func fetch(dir, release, debArch string, names []string, depends bool) error {
	uri, err := archiveURI()
	if err != nil {
		return err
	}
	const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
	if _, err := os.Stat(keyring); err != nil {
		return fmt.Errorf("%w: %s (package debian-archive-keyring)", errMissing, keyring)
	}
	root := filepath.Join(dir, "apt")
	for _, d := range []string{
		"etc/apt/sources.list.d", "etc/apt/preferences.d", "etc/apt/apt.conf.d", "etc/apt/trusted.gpg.d",
		"var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/lib/dpkg",
	} {
		if err := os.MkdirAll(filepath.Join(root, d), 0o755); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{
		"var/lib/dpkg/status":      "",
		"etc/apt/sources.list":     fmt.Sprintf("deb [signed-by=%s] %s %s main\n", keyring, uri, release),
		"etc/apt/apt.conf.d/00own": "",
		"apt.conf": fmt.Sprintf("Dir %q;\nDir::State::status %q;\nAPT::Architecture %q;\nAPT::Architectures { %q; };\n"+
			"Acquire::Languages \"none\";\nAcquire::Check-Valid-Until \"false\";\nAPT::Sandbox::User \"root\";\n",
			root, filepath.Join(root, "var/lib/dpkg/status"), debArch, debArch),
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	apt := func(name string, args ...string) (string, error) {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "APT_CONFIG="+filepath.Join(root, "apt.conf"), "LC_ALL=C")
		out, err := cmd.CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
		}
		return string(out), nil
	}
	if _, err := apt("apt-get", "-qq", "update"); err != nil {
		return fmt.Errorf("%w: %s for %s: %w", errMissing, release, debArch, err)
	}
	if depends {
		// The status knows of no package, so that none is there already.
		args := []string{"-qq", "-y", "--no-install-recommends", "--download-only", "install"}
		if _, err := apt("apt-get", append(args, names...)...); err != nil {
			return fmt.Errorf("%w: %w", errMissing, err)
		}
	} else {
		names, err := realPackages(names[0], apt)
		if err != nil {
			return err
		}
		if _, err := apt("apt-get", append([]string{"-qq", "download"}, names...)...); err != nil {
			return fmt.Errorf("%w: %w", errMissing, err)
		}
	}
	debs, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if depends && err == nil {
		debs, err = filepath.Glob(filepath.Join(root, "var/cache/apt/archives/*.deb"))
	}
	if err != nil || len(debs) == 0 {
		return fmt.Errorf("%w: apt-get downloaded nothing of %v", errMissing, names)
	}
	for _, deb := range debs {
		if _, err := apt("dpkg", "-x", deb, "x"); err != nil {
			return err
		}
	}
	return os.RemoveAll(root)
}

// realPackages are those that a metapackage of a kernel stands for: the image and, from forky on, what is booted and its
// modules. Any other package is itself.
func realPackages(name string, apt func(string, ...string) (string, error)) ([]string, error) {
	if !strings.HasPrefix(name, "linux-image-") {
		return []string{name}, nil
	}
	images, err := dependsOn(name, apt, "linux-image-")
	if err != nil {
		return nil, err
	}
	if len(images) == 0 {
		return nil, fmt.Errorf("%w: %s depends on no image", errMissing, name)
	}
	parts, err := dependsOn(images[0], apt, "linux-binary-", "linux-modules-")
	return append(images[:1], parts...), err
}

// dependsOn are the packages that the named one depends on and that begin in one of these ways.
func dependsOn(name string, apt func(string, ...string) (string, error), prefixes ...string) ([]string, error) {
	out, err := apt("apt-cache", "depends", name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMissing, err)
	}
	var found []string
	for _, line := range strings.Split(out, "\n") {
		pkg, is := strings.CutPrefix(strings.TrimSpace(line), "Depends: ")
		for _, prefix := range prefixes {
			if is && strings.HasPrefix(pkg, prefix) {
				found = append(found, pkg)
			}
		}
	}
	return found, nil
}

// archiveURI is where this machine itself gets its Debian packages from.
func archiveURI() (string, error) {
	out, err := exec.Command("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(ORIGIN)",
		"Created-By: Packages").Output()
	if err != nil {
		return "", fmt.Errorf("%w: apt-get indextargets: %w (run apt-get update)", errMissing, err)
	}
	for _, line := range strings.Split(string(out), "\n") {
		words := strings.Fields(line)
		if len(words) >= 2 && !strings.Contains(words[1], "-") && !strings.Contains(words[1], "/") {
			return words[0], nil // not a suite of updates, which has an archive of its own
		}
	}
	return "", fmt.Errorf("%w: the apt sources of this machine name no release of Debian", errMissing)
}
