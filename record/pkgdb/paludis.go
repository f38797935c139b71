package pkgdb

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"strings"
)

// paludisRepositories is where Paludis has the packages of Exherbo (its formats exndbam and ndbam): below it
// NAME/data/CATEGORY---PACKAGE/VERSION:SLOT:MAGIC/contents.
const paludisRepositories = "var/db/paludis/repositories"

func openPaludis(root fs.FS, note func(string, ...any)) (database, error) {
	repositories, err := fs.ReadDir(root, paludisRepositories)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, dirs := new(contents), make(map[*Package]string)
	for _, repository := range repositories {
		data := path.Join(paludisRepositories, repository.Name(), "data")
		packages, err := fs.ReadDir(root, data)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			note("paludis: %s", err)
		}
		for _, e := range packages {
			versions, err := fs.ReadDir(root, path.Join(data, e.Name()))
			if err != nil {
				note("paludis: %s", err)
			}
			for _, v := range versions {
				version, _, ok := strings.Cut(v.Name(), ":")
				if !v.IsDir() || !ok || strings.HasPrefix(v.Name(), "-") {
					continue
				}
				p := &Package{Name: strings.Replace(e.Name(), "---", "/", 1), Version: version}
				dir := path.Join(data, e.Name(), v.Name())
				p.Depends = atoms(readWord(root, dir+"/RDEPEND"))
				c.list, dirs[p] = append(c.list, p), dir
			}
		}
	}
	if len(c.list) == 0 {
		return nil, nil
	}
	c.each = func(p *Package, f func([]byte)) error {
		text, err := fs.ReadFile(root, dirs[p]+"/contents")
		if errors.Is(err, fs.ErrNotExist) {
			return nil // an account or another package without files
		}
		for len(text) > 0 {
			var line []byte
			line, text, _ = bytes.Cut(text, []byte("\n"))
			if p := ndbamValue(line, "path"); p != nil {
				f(p)
			}
		}
		return err
	}
	return c, nil
}

// ndbamValue is a value of a line "type=file path=/a\ b md5=... mtime=...": a backslash takes the next character as it
// is, and before an n it is a newline.
func ndbamValue(line []byte, key string) (value []byte) {
	for len(line) > 0 {
		name, rest, ok := bytes.Cut(line, []byte("="))
		if !ok {
			return nil
		}
		i := 0
		for value = value[:0]; i < len(rest) && rest[i] != ' '; i++ {
			c := rest[i]
			if c == '\\' && i+1 < len(rest) {
				if i++; rest[i] == 'n' {
					c = '\n'
				} else {
					c = rest[i]
				}
			}
			value = append(value, c)
		}
		if string(name) == key {
			return value
		}
		line = rest[min(i+1, len(rest)):]
	}
	return nil
}
