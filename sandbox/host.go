package sandbox

import (
	"os"
	"path/filepath"

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

		OpenProgram: openProgram,
		ConfigDirs:  configDirs(home),
	}
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
