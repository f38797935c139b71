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

// image returns the kernel's file, which is fetched from Debian's archive once and then kept below the user's cache
// directory (XDG_CACHE_HOME).
func (k *kernel) image() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "sydbox-kernels", k.release+"-"+k.debArch+"-"+k.pkg)
	if found := k.find(dir); found != "" {
		return found, nil
	}
	fresh := dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return "", err
	}
	if err := k.fetch(fresh); err != nil {
		return "", err
	}
	if k.find(fresh) == "" {
		return "", fmt.Errorf("%s of %s holds no kernel", k.pkg, k.release)
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, dir); err != nil {
		return "", err
	}
	return k.find(dir), nil
}

// find is the kernel's file below dir, "" if there is none.
func (k *kernel) find(dir string) string {
	pattern := "x/boot/vmlinu[xz]-*" // riscv64's is not compressed
	if k.uml() {
		pattern = "x/usr/bin/linux.uml"
	}
	list, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(list) == 0 {
		return ""
	}
	return list[0]
}

// fetch downloads the package into dir and unpacks it there, with lists and status of its own: this machine's packages
// stay as they are, and another release or machine is no matter. No maintainer script runs.
func (k *kernel) fetch(dir string) error {
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
		"etc/apt/sources.list":     fmt.Sprintf("deb [signed-by=%s] %s %s main\n", keyring, uri, k.release),
		"etc/apt/apt.conf.d/00own": "",
		"apt.conf": fmt.Sprintf("Dir %q;\nDir::State::status %q;\nAPT::Architecture %q;\nAPT::Architectures { %q; };\n"+
			"Acquire::Languages \"none\";\nAcquire::Check-Valid-Until \"false\";\nAPT::Sandbox::User \"root\";\n",
			root, filepath.Join(root, "var/lib/dpkg/status"), k.debArch, k.debArch),
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
		return fmt.Errorf("%w: %s for %s: %w", errMissing, k.release, k.debArch, err)
	}
	name, err := realPackage(k.pkg, apt)
	if err != nil {
		return err
	}
	if _, err := apt("apt-get", "-qq", "download", name); err != nil {
		return fmt.Errorf("%w: %w", errMissing, err)
	}
	debs, err := filepath.Glob(filepath.Join(dir, name+"_*.deb"))
	if err != nil || len(debs) != 1 {
		return fmt.Errorf("apt-get download %s left %d files", name, len(debs))
	}
	if _, err := apt("dpkg", "-x", debs[0], "x"); err != nil {
		return err
	}
	return os.RemoveAll(root)
}

// realPackage is the package that a metapackage of a kernel stands for.
func realPackage(name string, apt func(string, ...string) (string, error)) (string, error) {
	if name == umlPkg {
		return name, nil
	}
	out, err := apt("apt-cache", "depends", name)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errMissing, err)
	}
	for _, line := range strings.Split(out, "\n") {
		if rest, found := strings.CutPrefix(strings.TrimSpace(line), "Depends: "); found {
			return rest, nil
		}
	}
	return "", fmt.Errorf("%w: %s depends on nothing", errMissing, name)
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
