package console

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Version is what --version prints: the release, which the linker sets, or the module's version, the commit where it
// is known, and what it was built with and for.
func (p Program) Version(release string) string {
	commit := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if release == "" {
			release = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				commit = ", commit " + s.Value[:12]
			}
		}
	}
	if release == "" || release == "(devel)" {
		release = "(development)"
	}
	return fmt.Sprintf("%s %s (%s, %s/%s%s)", p, release, runtime.Version(), runtime.GOOS, runtime.GOARCH, commit)
}
