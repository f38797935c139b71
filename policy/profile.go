package policy

import (
	"bufio"
	"bytes"
	"embed"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed profiles/*.toml
var profileFiles embed.FS

// ProfileInfo is a policy that can be named without a slash.
type ProfileInfo struct {
	Name string
	// Path is its file; empty for an embedded profile.
	Path string
	// About is one line: the file's first comment, without its name.
	About string
	// Hidden says that a nearer policy of the same name is found first.
	Hidden bool
}

// Profiles lists the policies that can be named without a slash: those in sys.ConfigDirs, nearest first, then the embedded
// ones. With a nil sys only the latter are listed.
func Profiles(sys *System) []ProfileInfo {
	var list []ProfileInfo
	seen := make(map[string]bool)
	add := func(files fs.FS, dir, shown string) {
		entries, err := fs.ReadDir(files, dir)
		if err != nil {
			return // a directory that is not there has no policies
		}
		var here []string
		for _, e := range entries {
			name, isPolicy := strings.CutSuffix(e.Name(), ".toml")
			if !isPolicy || name == "" || e.IsDir() {
				continue
			}
			info := ProfileInfo{Name: name, About: about(files, path.Join(dir, e.Name()), name), Hidden: seen[name]}
			if shown != "" {
				info.Path = path.Join(shown, e.Name())
			}
			list = append(list, info)
			here = append(here, name)
		}
		for _, name := range here {
			seen[name] = true
		}
	}
	if sys != nil && sys.FS != nil {
		for _, dir := range sys.ConfigDirs {
			add(sys.FS, fsPath(dir), dir)
		}
	}
	add(profileFiles, "profiles", "")
	return list
}

// EmbeddedProfiles returns the names of the profiles that are part of sydbox.
func EmbeddedProfiles() []string {
	var names []string
	for _, info := range Profiles(nil) {
		names = append(names, info.Name)
	}
	slices.Sort(names)
	return names
}

// ProfileText returns the text of an embedded profile: each is commented, to be read.
func ProfileText(name string) (string, bool) {
	text, err := profileFiles.ReadFile("profiles/" + path.Base(name) + ".toml")
	return string(text), err == nil
}

// about returns the first line of a policy if it is a comment.
func about(files fs.FS, name, profile string) string {
	f, err := files.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	const longest = 500
	line, _ := bufio.NewReader(io.LimitReader(f, longest)).ReadBytes('\n')
	text, isComment := bytes.CutPrefix(bytes.TrimSpace(line), []byte("#"))
	if !isComment {
		return ""
	}
	return printable(strings.TrimPrefix(strings.TrimSpace(string(text)), profile+": "))
}
