package pkgdb

// Closure are the packages that come with others: themselves, what they depend on, and so on. Each leads to the one
// that brought it, the first to nil. Of alternatives, all that are installed come along.
func (db *DB) Closure(of []*Package) map[*Package]*Package {
	from := make(map[*Package]*Package)
	var at []*Package
	for _, p := range of {
		if _, ok := from[p]; !ok {
			from[p] = nil
			at = append(at, p)
		}
	}
	for len(at) > 0 {
		p := at[0]
		at = at[1:]
		for _, d := range p.Depends {
			for _, q := range db.Meeting(d) {
				if _, ok := from[q]; !ok {
					from[q] = p
					at = append(at, q)
				}
			}
		}
	}
	return from
}

// Meeting are the installed packages that meet a dependency, whatever their version.
func (db *DB) Meeting(d Dependency) (list []*Package) {
	for _, r := range d {
		for _, p := range db.Named(r.Name) {
			if !contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list
}

// Arch is the architecture that the machine's packages are of: that of dpkg itself. Empty if there is none.
func (db *DB) Arch() string {
	for _, name := range []string{"dpkg", "libc6", "libc-bin"} {
		for _, p := range db.Named(name) {
			if p.System == "dpkg" && p.Arch != "all" {
				return p.Arch
			}
		}
	}
	return ""
}
