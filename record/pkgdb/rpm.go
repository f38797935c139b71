package pkgdb

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
)

// rpmDatabases are the files that RPM keeps, of all its formats (sqlite, ndb, Berkeley DB), in the directory that it
// used for long and in the one that Fedora and openSUSE moved it to.
var rpmDatabases = []string{
	"usr/lib/sysimage/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/Packages.db", "usr/lib/sysimage/rpm/Packages",
	"var/lib/rpm/rpmdb.sqlite", "var/lib/rpm/Packages.db", "var/lib/rpm/Packages",
}

// openRPM asks the rpm command for all files of all packages at once: one query is a second or so, and unlike that of
// -qf with many paths its answer cannot be mistaken.
func openRPM(root fs.FS, run Runner, note func(string, ...any)) (database, error) {
	where := ""
	for _, name := range rpmDatabases {
		if info, err := fs.Stat(root, name); err == nil && info.Size() > 0 {
			where = name
			break
		}
	}
	if where == "" {
		return nil, nil
	}
	if run == nil {
		return nil, fmt.Errorf("/%s needs the rpm command to be read", where)
	}
	out, err := run("-qa", "--qf", `%{NAME}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\t%{ARCH}\n`)
	if err != nil {
		return nil, fmt.Errorf("/%s needs the rpm command to be read, and that failed: %w", where, err)
	}
	c, named := new(contents), make(map[string]*Package)
	eachFields(out, 3, func(f []string) {
		p := &Package{Name: f[0], Version: f[1], Arch: f[2]}
		if f[0] == "gpg-pubkey" { // keys are kept as packages
			return
		}
		c.list = append(c.list, p)
		named[f[0]+"\t"+f[1]+"\t"+f[2]] = p
		named[f[0]] = p
	})
	if len(c.list) == 0 {
		return nil, fmt.Errorf("/%s has no package", where)
	}
	relate := func(tag string, add func(p *Package, r Relation)) {
		out, err := run("-qa", "--qf", `[%{=NAME}\t%{`+tag+`}\n]`)
		if err != nil {
			note("rpm: what packages need and provide is not known: %s", err)
		}
		eachFields(out, 2, func(f []string) {
			if p := named[f[0]]; p != nil && !strings.HasPrefix(f[1], "rpmlib(") {
				add(p, Relation{Name: f[1]})
			}
		})
	}
	relate("PROVIDENAME", func(p *Package, r Relation) { p.Provides = append(p.Provides, r) })
	relate("REQUIRENAME", func(p *Package, r Relation) { p.Depends = append(p.Depends, Dependency{r}) })
	var files map[*Package][][]byte
	c.each = func(p *Package, f func([]byte)) error {
		if files == nil {
			files = make(map[*Package][][]byte)
			out, err := run("-qa", "--qf", `[%{=NAME}\t%|EPOCH?{%{=EPOCH}:}|%{=VERSION}-%{=RELEASE}\t%{=ARCH}\t%{FILENAMES}\n]`)
			if err != nil {
				return fmt.Errorf("the files of its packages: %w", err)
			}
			eachFields(out, 4, func(f []string) {
				if p := named[f[0]+"\t"+f[1]+"\t"+f[2]]; p != nil {
					files[p] = append(files[p], []byte(f[3]))
				}
			})
		}
		for _, name := range files[p] {
			f(name)
		}
		return nil
	}
	return c, nil
}

// eachFields calls f for every line that has n fields.
func eachFields(text []byte, n int, f func(fields []string)) {
	for line := range bytes.Lines(text) {
		if fields := strings.SplitN(strings.TrimRight(string(line), "\n"), "\t", n); len(fields) == n {
			f(fields)
		}
	}
}
