package pkgdb

// contents is a database whose lists of files were read as it was opened, or are by a function for each package.
type contents struct {
	list []*Package
	// each calls f for every absolute path of a package.
	each func(p *Package, f func(path []byte)) error
}

func (c *contents) packages() []*Package { return c.list }

func (c *contents) scan(w *wanted, found func(string, *Package)) (err error) {
	for _, p := range c.list {
		failure := c.each(p, func(path []byte) {
			if w.has(path) {
				found(string(path), p)
			}
		})
		if failure != nil && err == nil {
			err = failure
		}
	}
	return err
}

func (c *contents) files(p *Package) (list []string, err error) {
	err = c.each(p, func(path []byte) { list = append(list, string(path)) })
	return list, err
}
