package sandbox

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/policy"
)

// Host describes the running system to policy.Load: its files, its environment, its working directory.
func Host() *policy.System {
	cwd, _ := unix.Getwd() // the kernel's answer: os.Getwd believes $PWD, which may go through links
	home, _ := os.UserHomeDir()
	return &policy.System{
		FS:       os.DirFS("/"),
		Getenv:   os.Getenv,
		Cwd:      cwd,
		Home:     home,
		Realpath: filepath.EvalSymlinks,

		OpenProgram:  openProgram,
		ListPrograms: listPrograms,
		LookupHost:   lookupHost,
		ConfigDirs:   configDirs(home),
	}
}

// lookupTimeout bounds how long one name of a host in a policy may hold up the start.
const lookupTimeout = 10 * time.Second

// lookupHost returns the addresses of a host as programs on this machine find them.
func lookupHost(host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return nil, errors.New(dns.Err) // the policy's error names the host itself
	}
	return addrs, err
}

// configDirs lists where a policy that is named without a slash is looked for, nearest first.
func configDirs(home string) []string {
	dirs := make([]string, 0, 2)
	switch xdg := os.Getenv("XDG_CONFIG_HOME"); {
	case filepath.IsAbs(xdg):
		dirs = append(dirs, filepath.Join(xdg, "sydbox"))
	case home != "":
		dirs = append(dirs, filepath.Join(home, ".config", "sydbox"))
	}
	return append(dirs, "/etc/sydbox")
}
