package pkgdb

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"strings"
)

const pacmanLocal = "var/lib/pacman/local"

// openPacman opens Arch's database: a directory for each package, in it desc and files, both of them headings between
// percent signs with lines below.
func openPacman(root fs.FS, note func(string, ...any)) (database, error) {
	entries, err := fs.ReadDir(root, pacmanLocal)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, dirs := new(contents), make(map[*Package]string)
	for _, e := range entries {
		if !e.IsDir() {
			continue // ALPM_DB_VERSION
		}
		dir := path.Join(pacmanLocal, e.Name())
		desc, err := fs.ReadFile(root, dir+"/desc")
		if err != nil {
			note("pacman: %s", err)
			continue
		}
		p := new(Package)
		eachUnder(desc, func(heading string, line []byte) {
			switch heading {
			case "%NAME%":
				p.Name = string(line)
			case "%VERSION%":
				p.Version = string(line)
			case "%ARCH%":
				p.Arch = string(line)
			case "%PROVIDES%":
				p.Provides = append(p.Provides, plainRelation(string(line)))
			case "%DEPENDS%":
				p.Depends = append(p.Depends, Dependency{plainRelation(string(line))})
			}
		})
		if p.Name == "" {
			note("pacman: /%s/desc has no %%NAME%%", dir)
			continue
		}
		c.list, dirs[p] = append(c.list, p), dir
	}
	c.each = func(p *Package, f func([]byte)) error {
		text, err := fs.ReadFile(root, dirs[p]+"/files")
		abs := []byte("/")
		eachUnder(text, func(heading string, line []byte) {
			if heading == "%FILES%" {
				f(bytes.TrimSuffix(append(abs[:1], line...), []byte("/")))
			}
		})
		return err
	}
	return c, nil
}

// eachUnder calls f for every line below a heading.
func eachUnder(text []byte, f func(heading string, line []byte)) {
	heading := ""
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte("\n"))
		switch {
		case len(line) == 0:
			heading = ""
		case heading == "" && line[0] == '%':
			heading = string(line)
		default:
			f(heading, line)
		}
	}
}

// plainRelation reads "name>=version", as pacman and apk write it.
func plainRelation(text string) (r Relation) {
	n := strings.IndexAny(text, "<=>~")
	if n < 0 {
		return Relation{Name: text}
	}
	r.Name = text[:n]
	r.Version = strings.TrimLeft(text[n:], "<=>~")
	r.Op = text[n : len(text)-len(r.Version)]
	return r
}
