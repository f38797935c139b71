package pkgdb

import "strings"

// stores are directories in which a path itself tells the package: DIR/HASH-NAME-VERSION/...
var stores = []struct{ dir, system string }{{"/nix/store", "nix"}, {"/gnu/store", "guix"}}

// hashLen is the length of the hash in a store path, of Nix and of Guix.
const hashLen = 32

// store is the package that a path in a store belongs to; nil for other paths.
func (db *DB) store(p string) *Package {
	for _, s := range stores {
		rest, ok := strings.CutPrefix(p, s.dir+"/")
		if !ok {
			continue
		}
		item, _, _ := strings.Cut(rest, "/")
		if len(item) <= hashLen+1 || item[hashLen] != '-' {
			return nil
		}
		if known := db.stores[s.dir+item]; known != nil {
			return known
		}
		pkg := &Package{System: s.system}
		pkg.Name, pkg.Version = cutStoreName(item[hashLen+1:])
		db.stores[s.dir+item] = pkg
		return pkg
	}
	return nil
}

// cutStoreName takes a name apart as Nix does: the version begins at the first dash that no letter follows.
func cutStoreName(s string) (name, version string) {
	for i := 0; i+1 < len(s); i++ {
		if c := s[i+1] | 0x20; s[i] == '-' && (c < 'a' || c > 'z') {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}
