package program

// Reach says how a program can be run from inside a multi-call binary.
type Reach uint8

// The reaches, from the harmless one on.
const (
	// ByExec: an exec shows it, or nothing runs it.
	ByExec Reach = iota
	// Announced: it sets its process name (PR_SET_NAME) to its own before it does anything, or an exec shows it.
	Announced
	// Silent: it runs without any system call that tells.
	Silent
)

// inner is what a process can run without an exec, beyond the commands that its arguments name.
type inner struct {
	family  Family
	applets map[string]bool // nil: cannot be told
}

// any notes that any applet may be run.
func (i *inner) any(f Family, applets map[string]bool) { i.family, i.applets = i.family|f, applets }

// Inner says how a program called name can be run without an exec by what this exec becomes: the shell of a bundle,
// or find and xargs whose command is known only when they run. What the arguments name is among Names as InProcess.
func (id *Identity) Inner(name []byte) Reach {
	i := &id.inner
	if i.family == 0 || i.applets != nil && !i.applets[string(name)] {
		return ByExec
	}
	if i.family&Toybox != 0 || busyboxNoFork.all()[string(name)] {
		// Even where BusyBox's shell forks for these, find and xargs run them as a function, and the shell runs find.
		return Silent
	}
	return Announced
}

// Applets are the names that Inner may say of that they run without an exec. known is false where they could not be
// found out: then it may be any.
func (id *Identity) Applets() (names map[string]bool, known bool) {
	return id.inner.applets, id.inner.family == 0 || id.inner.applets != nil
}

// Shell says that the exec becomes something that runs the applets of its own bundle: Inner has to be asked.
func (id *Identity) Shell() bool { return id.inner.family != 0 }

// InProcess lists the names that run without an exec as the arguments say.
func (id *Identity) InProcess() []Name {
	var names []Name
	for _, n := range id.Names {
		if n.How == InProcess {
			names = append(names, n)
		}
	}
	return names
}
