package pkgdb

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// apkInstalled are where Alpine's database is, the second since its /usr was merged.
var apkInstalled = []string{"lib/apk/db/installed", "usr/lib/apk/db/installed"}

// openApk opens Alpine's database: paragraphs of lines that begin with a letter and a colon. P is the package, V its
// version, A its architecture, D what it depends on, p what it provides, F a directory and R a file in the last one.
func openApk(root fs.FS, note func(string, ...any)) (database, error) {
	var text []byte
	err, name := error(nil), ""
	for _, name = range apkInstalled {
		if text, err = fs.ReadFile(root, name); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, parts := new(contents), make(map[*Package][]byte)
	for part := range bytes.SplitSeq(text, []byte("\n\n")) {
		p := new(Package)
		eachLetter(part, func(letter byte, value []byte) {
			switch letter {
			case 'P':
				p.Name = string(value)
			case 'V':
				p.Version = string(value)
			case 'A':
				p.Arch = string(value)
			case 'p':
				for _, word := range strings.Fields(string(value)) {
					p.Provides = append(p.Provides, plainRelation(word))
				}
			case 'D':
				for _, word := range strings.Fields(string(value)) {
					if !strings.HasPrefix(word, "!") { // a conflict
						p.Depends = append(p.Depends, Dependency{plainRelation(word)})
					}
				}
			}
		})
		if p.Name != "" {
			c.list, parts[p] = append(c.list, p), part
		} else if len(bytes.TrimSpace(part)) > 0 {
			note("apk: /%s: a paragraph without the name of a package", name)
		}
	}
	if len(c.list) == 0 {
		return nil, fmt.Errorf("/%s has no package", name)
	}
	c.each = func(p *Package, f func([]byte)) error {
		dir, file := []byte("/"), []byte(nil)
		eachLetter(parts[p], func(letter byte, value []byte) {
			switch letter {
			case 'F':
				if dir = append(dir[:1], value...); len(value) > 0 {
					f(dir)
				}
			case 'R':
				file = append(file[:0], dir...)
				if len(dir) > 1 {
					file = append(file, '/')
				}
				file = append(file, value...)
				f(file)
			}
		})
		return nil
	}
	return c, nil
}

func eachLetter(part []byte, f func(letter byte, value []byte)) {
	for len(part) > 0 {
		var line []byte
		line, part, _ = bytes.Cut(part, []byte("\n"))
		if len(line) > 1 && line[1] == ':' {
			f(line[0], line[2:])
		}
	}
}
