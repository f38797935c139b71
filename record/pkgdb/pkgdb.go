// Package pkgdb tells which package a file belongs to, from the databases that package managers keep: dpkg, RPM,
// pacman, apk, Portage, Paludis, and the stores of Nix and Guix, where the path itself tells.
//
// All but RPM's are read as files of a root that the caller hands in; RPM's has to be asked of the rpm command. What is
// missing or damaged is a note (DB.Notes), never a failure: whatever else can be told is told.
package pkgdb

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"sort"
	"strings"
)

// Package is an installed package.
type Package struct {
	System  string // "dpkg", "rpm", "pacman", "apk", "portage", "paludis", "nix"
	Name    string // "libc6-dev"; with its category where packages have one: "sys-libs/glibc"
	Version string
	Arch    string
	// Provides are further names that it answers to.
	Provides []Relation
	// Depends are what it cannot do without; each may be met in several ways.
	Depends []Dependency
	// Essential: every installation has it, and nobody needs to say that it is used.
	Essential bool
	// BuildEssential: every Debian package may be built with it without saying so.
	BuildEssential bool
	// Required: its priority says so, which is not the same as Essential.
	Required bool
}

// String is the package as its own tools name it: "libc6-dev", with its architecture where two are installed.
func (p *Package) String() string { return p.Name }

// database is one package manager's.
type database interface {
	// packages are those that are installed.
	packages() []*Package
	// scan calls found for every path that is in w and that a package has.
	scan(w *wanted, found func(line string, p *Package)) error
	// files are all paths of one package.
	files(p *Package) ([]string, error)
}

// DB is every database of a root.
type DB struct {
	// Systems are the package managers that were found, "dpkg".
	Systems []string
	// Notes say what could not be read, and why.
	Notes []string

	all    []*Package
	named  map[string][]*Package
	bases  []database
	byPack map[*Package]database
	links  []link
	stores map[string]*Package
}

// Runner runs the rpm command with arguments and returns its output.
type Runner func(args ...string) ([]byte, error)

// OpenHost opens the databases below a directory of this machine, "/" for its own.
func OpenHost(dir string) *DB {
	rpm := func(args ...string) ([]byte, error) {
		if dir != "/" {
			args = append([]string{"--root", dir}, args...)
		}
		cmd := exec.Command("rpm", args...)
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		return cmd.Output()
	}
	return Open(os.DirFS(dir), rpm)
}

// Open opens the databases of a root. rpm may be nil: then RPM's is noted as one that cannot be read.
func Open(root fs.FS, rpm Runner) *DB {
	db := &DB{
		named: make(map[string][]*Package), byPack: make(map[*Package]database), links: findLinks(root),
		stores: make(map[string]*Package),
	}
	db.add("dpkg", func() (database, error) { return openDpkg(root, db.note) })
	db.add("rpm", func() (database, error) { return openRPM(root, rpm, db.note) })
	db.add("pacman", func() (database, error) { return openPacman(root, db.note) })
	db.add("apk", func() (database, error) { return openApk(root, db.note) })
	db.add("portage", func() (database, error) { return openPortage(root, db.note) })
	db.add("paludis", func() (database, error) { return openPaludis(root, db.note) })
	for _, store := range stores {
		if _, err := fs.Stat(root, store.dir[1:]); err == nil {
			db.Systems = append(db.Systems, store.system)
		}
	}
	if len(db.Systems) == 0 && len(db.Notes) == 0 {
		db.note("no package database was found: nobody can say which package a file belongs to")
	}
	return db
}

func (db *DB) note(format string, args ...any) {
	db.Notes = append(db.Notes, fmt.Sprintf(format, args...))
}

// add takes a database in; one that is not there is neither an error nor there.
func (db *DB) add(system string, open func() (database, error)) {
	base, err := open()
	if err != nil {
		db.note("%s: %s", system, err)
		return
	}
	if base == nil {
		return
	}
	db.Systems, db.bases = append(db.Systems, system), append(db.bases, base)
	for _, p := range base.packages() {
		p.System = system
		db.all, db.byPack[p] = append(db.all, p), base
		db.named[p.Name] = append(db.named[p.Name], p)
		if _, short, ok := strings.Cut(p.Name, "/"); ok { // a package of a category is also known without it
			db.named[short] = append(db.named[short], p)
		}
		for _, v := range p.Provides {
			if v.Name != p.Name {
				db.named[v.Name] = append(db.named[v.Name], p)
			}
		}
	}
}

// Packages are all that are installed, but for those of Nix and Guix.
func (db *DB) Packages() []*Package { return db.all }

// Named are the installed packages that a name stands for: the one of that name, and those that provide it.
func (db *DB) Named(name string) []*Package { return db.named[name] }

// Files are all paths that a package has, directories too.
func (db *DB) Files(p *Package) []string {
	base := db.byPack[p]
	if base == nil {
		return nil
	}
	list, err := base.files(p)
	if err != nil {
		db.note("%s: the files of %s: %s", p.System, p.Name, err)
	}
	return list
}

// Owners finds the packages that have files, or directories, of these absolute paths. A path that no package has is not
// in the answer. All are looked for at once: ask once, with all of them.
func (db *DB) Owners(paths []string) map[string][]*Package {
	owners := make(map[string][]*Package)
	w := newWanted(paths, db.links)
	for _, p := range paths {
		if pkg := db.store(p); pkg != nil {
			owners[p] = append(owners[p], pkg)
		}
	}
	for _, base := range db.bases {
		err := base.scan(w, func(line string, p *Package) {
			for _, asked := range w.asked[line] {
				if !contains(owners[asked], p) {
					owners[asked] = append(owners[asked], p)
				}
			}
		})
		if err != nil {
			db.note("%s: %s", base.packages()[0].System, err)
		}
	}
	for _, list := range owners {
		sort.SliceStable(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	}
	return owners
}

func contains(list []*Package, p *Package) bool {
	for _, q := range list {
		if p == q {
			return true
		}
	}
	return false
}
