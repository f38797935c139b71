package pkgdb

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// dpkg is Debian's database: dpkg(1), and for its files deb822(5), dpkg-divert(1).
type dpkg struct {
	root  fs.FS
	list  []*Package
	lists map[*Package]string // the names of their lists
	// diverted are files that were renamed for the sake of a package: other packages' files of that name are elsewhere.
	diverted map[string]diversion
}

type diversion struct{ to, by string }

const (
	dpkgStatus     = "var/lib/dpkg/status"
	dpkgParts      = "var/lib/dpkg/status.d" // one file a package: images without dpkg
	dpkgDiversions = "var/lib/dpkg/diversions"
	dpkgInfo       = "var/lib/dpkg/info"
)

var dpkgFields = map[string]bool{
	"package": true, "status": true, "version": true, "architecture": true, "provides": true, "depends": true,
	"pre-depends": true, "essential": true, "build-essential": true, "multi-arch": true, "priority": true,
}

func openDpkg(root fs.FS, note func(string, ...any)) (database, error) {
	text, err := fs.ReadFile(root, dpkgStatus)
	if errors.Is(err, fs.ErrNotExist) {
		if text = statusParts(root); text == nil {
			return nil, nil
		}
	} else if err != nil {
		return nil, err
	}
	d := &dpkg{root: root, lists: make(map[*Package]string), diverted: make(map[string]diversion)}
	bad := eachStanza(text, func(name string) bool { return dpkgFields[name] }, func(f map[string]string, line int) {
		if f["package"] == "" {
			note("dpkg: /%s:%d: a paragraph without the name of a package", dpkgStatus, line)
			return
		}
		if f["status"] != "" && !strings.HasSuffix(f["status"], " installed") {
			return
		}
		p := &Package{Name: f["package"], Version: f["version"], Arch: f["architecture"]}
		p.Essential, p.BuildEssential = f["essential"] == "yes", f["build-essential"] == "yes"
		p.Required = f["priority"] == "required"
		for _, v := range ParseDependencies(f["provides"]) {
			p.Provides = append(p.Provides, v...)
		}
		p.Depends = append(ParseDependencies(f["pre-depends"]), ParseDependencies(f["depends"])...)
		d.list = append(d.list, p)
		d.lists[p] = d.listOf(p, f["multi-arch"] == "same")
	})
	if bad > 0 {
		note("dpkg: /%s:%d: this line is damaged; what it says of its package is not known", dpkgStatus, bad)
	}
	if len(d.list) == 0 {
		return nil, fmt.Errorf("/%s has no installed package", dpkgStatus)
	}
	d.readDiversions(note)
	return d, nil
}

// statusParts joins the files of an image that was made without dpkg.
func statusParts(root fs.FS) (text []byte) {
	entries, _ := fs.ReadDir(root, dpkgParts)
	for _, e := range entries {
		if part, err := fs.ReadFile(root, dpkgParts+"/"+e.Name()); err == nil && !strings.Contains(e.Name(), ".") {
			text = append(append(text, part...), "\n\n"...)
		}
	}
	return text
}

// listOf is the name of a package's list: with its architecture where several may be installed together.
func (d *dpkg) listOf(p *Package, same bool) string {
	if same {
		return dpkgInfo + "/" + p.Name + ":" + p.Arch + ".list"
	}
	return dpkgInfo + "/" + p.Name + ".list"
}

// readDiversions reads lines by threes: from, to, and the package for whose sake, or ":" for the administrator's.
func (d *dpkg) readDiversions(note func(string, ...any)) {
	text, err := fs.ReadFile(d.root, dpkgDiversions)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			note("dpkg: the diversions: %s", err)
		}
		return
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for ; len(lines) >= 3; lines = lines[3:] {
		d.diverted[lines[0]] = diversion{to: lines[1], by: lines[2]}
	}
}

func (d *dpkg) packages() []*Package { return d.list }

func (d *dpkg) scan(w *wanted, found func(string, *Package)) error {
	back := make(map[string][]string) // from the names of diverted files to what they are called by their packages
	for from, v := range d.diverted {
		if w.has([]byte(v.to)) {
			back[from] = append(back[from], v.to)
		}
	}
	return d.eachList(func(p *Package, line []byte) {
		v, diverted := d.diverted[string(line)]
		if diverted && v.by != p.Name {
			for _, to := range back[string(line)] {
				found(to, p)
			}
			return
		}
		if w.has(line) {
			found(string(line), p)
		}
	})
}

// eachList calls f for every line of every list. The error tells of the lists that could not be read.
func (d *dpkg) eachList(f func(p *Package, line []byte)) error {
	var missing []string
	for _, p := range d.list {
		text, err := d.read(p)
		if err != nil {
			missing = append(missing, p.Name)
			continue
		}
		for len(text) > 0 {
			var line []byte
			line, text, _ = bytes.Cut(text, []byte("\n"))
			if len(line) > 2 { // the list begins with "/."
				f(p, line)
			}
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the files of %d packages are not known, their lists cannot be read: %s", len(missing),
			strings.Join(missing, " "))
	}
	return nil
}

// read tries both names of a list: Multi-Arch may have changed since.
func (d *dpkg) read(p *Package) ([]byte, error) {
	text, err := fs.ReadFile(d.root, d.lists[p])
	if errors.Is(err, fs.ErrNotExist) {
		other := d.listOf(p, !strings.Contains(d.lists[p], ":"))
		if text, again := fs.ReadFile(d.root, other); again == nil {
			return text, nil
		}
		if text, sums := fs.ReadFile(d.root, dpkgParts+"/"+p.Name+".md5sums"); sums == nil {
			return listOfSums(text), nil
		}
	}
	return text, err
}

// listOfSums makes a list of "MD5  usr/bin/x".
func listOfSums(text []byte) (list []byte) {
	for line := range bytes.Lines(text) {
		if _, name, ok := bytes.Cut(bytes.TrimRight(line, "\n"), []byte("  ")); ok {
			list = append(append(append(list, '/'), name...), '\n')
		}
	}
	return list
}

func (d *dpkg) files(p *Package) (list []string, err error) {
	text, err := d.read(p)
	for line := range strings.SplitSeq(string(text), "\n") {
		if len(line) > 2 {
			list = append(list, line)
		}
	}
	return list, err
}
