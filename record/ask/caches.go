package ask

import (
	"path"
	"strings"

	"sydbox/record/trail"
)

// caches are directories of programs' caches, each with a slash behind.
type caches []string

// cachesOf are those that the environment names, and those that programs have at home where it names none.
func cachesOf(t *trail.Trail) (dirs caches) {
	add := func(dir string) {
		if strings.HasPrefix(dir, "/") && path.Clean(dir) != "/" {
			dirs = append(dirs, path.Clean(dir)+"/")
		}
	}
	for _, v := range t.Head.Env {
		switch name, dir, _ := strings.Cut(v, "="); name {
		case "GOCACHE", "GOMODCACHE", "CCACHE_DIR", "SCCACHE_DIR", "XDG_CACHE_HOME", "CARGO_HOME", "npm_config_cache":
			add(dir)
		case "HOME":
			if strings.HasPrefix(dir, "/") {
				add(path.Join(dir, ".cache"))
				add(path.Join(dir, ".ccache"))
				add(path.Join(dir, ".npm"))
			}
		}
	}
	return dirs
}

// have says whether a path is one of the directories, or in one.
func (c caches) have(name string) bool {
	for _, dir := range c {
		if strings.HasPrefix(name, dir) || name == dir[:len(dir)-1] {
			return true
		}
	}
	return false
}
