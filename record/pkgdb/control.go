package pkgdb

// buildFields are the fields that say what a package is built with.
var buildFields = []string{"build-depends", "build-depends-indep", "build-depends-arch"}

// ParseBuildDepends reads what the source package in a debian/control or .dsc file is built with. isControl is false
// for a text that is neither.
func ParseBuildDepends(text []byte) (list []Dependency, isControl bool) {
	keep := func(name string) bool {
		return name == "source" || name == "package" || contained(buildFields, name)
	}
	eachStanza(text, keep, func(f map[string]string, _ int) {
		if _, source := f["source"]; !source {
			isControl = isControl || f["package"] != "" || f["build-depends"] != ""
			return
		}
		isControl = true
		for _, name := range buildFields {
			list = append(list, ParseDependencies(f[name])...)
		}
	})
	return list, isControl
}

func contained(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
