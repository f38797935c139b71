package pkgdb

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"strings"
)

const portageVDB = "var/db/pkg"

// openPortage opens Gentoo's database: CATEGORY/NAME-VERSION/CONTENTS, with a line "obj PATH MD5 TIME",
// "sym PATH -> TARGET TIME" or "dir PATH" for each.
func openPortage(root fs.FS, note func(string, ...any)) (database, error) {
	categories, err := fs.ReadDir(root, portageVDB)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, dirs := new(contents), make(map[*Package]string)
	for _, category := range categories {
		if !category.IsDir() {
			continue
		}
		list, err := fs.ReadDir(root, path.Join(portageVDB, category.Name()))
		if err != nil {
			note("portage: %s", err)
		}
		for _, e := range list {
			if !e.IsDir() || strings.HasPrefix(e.Name(), "-MERGING-") {
				continue
			}
			name, version := cutVersion(e.Name())
			p := &Package{Name: category.Name() + "/" + name, Version: version}
			dir := path.Join(portageVDB, category.Name(), e.Name())
			p.Arch = readWord(root, dir+"/CHOST")
			p.Depends = atoms(readWord(root, dir+"/RDEPEND"))
			c.list, dirs[p] = append(c.list, p), dir
		}
	}
	if len(c.list) == 0 {
		return nil, nil // Portage's tools make the directory where there is nothing to be in it
	}
	c.each = func(p *Package, f func([]byte)) error {
		text, err := fs.ReadFile(root, dirs[p]+"/CONTENTS")
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a virtual package has no files
		}
		for len(text) > 0 {
			var line []byte
			line, text, _ = bytes.Cut(text, []byte("\n"))
			if p := contentsPath(line); p != nil {
				f(p)
			}
		}
		return err
	}
	return c, nil
}

// contentsPath is the path in a line of CONTENTS; it may have spaces in it.
func contentsPath(line []byte) []byte {
	kind, rest, ok := bytes.Cut(line, []byte(" "))
	if !ok {
		return nil
	}
	switch string(kind) {
	case "obj":
		for range 2 {
			i := bytes.LastIndexByte(rest, ' ')
			if i < 0 {
				return nil
			}
			rest = rest[:i]
		}
	case "sym":
		rest, _, _ = bytes.Cut(rest, []byte(" -> "))
	}
	return rest
}

// cutVersion takes NAME-VERSION apart: the version begins after the last dash that a digit follows, but for -r1.
func cutVersion(s string) (name, version string) {
	for i := len(s) - 1; i > 0; i-- {
		if s[i-1] == '-' && digit(s[i]) {
			return s[:i-1], s[i:]
		}
	}
	return s, ""
}

func readWord(root fs.FS, name string) string {
	text, _ := fs.ReadFile(root, name)
	return strings.TrimSpace(string(text))
}

// atoms reads the packages in a dependency of Gentoo's: ">=dev-libs/foo-1.2:0=[bar]", between "|| (", "flag? (" and
// ")". That only one of several is needed is left out: all of them that are installed count.
func atoms(text string) (list []Dependency) {
	for _, word := range strings.Fields(text) {
		if strings.HasPrefix(word, "!") || !strings.Contains(word, "/") || strings.HasSuffix(word, "?") {
			continue
		}
		if end := strings.IndexAny(word, ":["); end >= 0 {
			word = word[:end]
		}
		versioned := strings.TrimLeft(word, "<=>~")
		if versioned != word {
			versioned, _ = cutVersion(strings.TrimSuffix(versioned, "*"))
		}
		list = append(list, Dependency{{Name: versioned}})
	}
	return list
}
