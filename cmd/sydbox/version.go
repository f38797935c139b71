package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// release is set by the linker: -X main.release=1.2.3.
var release string

// version is what --version prints: the release or the module's version, the commit where it is known, and what it was
// built with and for.
func version() string {
	name, commit := release, ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if name == "" {
			name = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				commit = ", commit " + s.Value[:12]
			}
		}
	}
	if name == "" || name == "(devel)" {
		name = "(development)"
	}
	return fmt.Sprintf("sydbox %s (%s, %s/%s%s)", name, runtime.Version(), runtime.GOOS, runtime.GOARCH, commit)
}
