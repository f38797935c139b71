package launch

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// places are the paths that a mount namespace is changed at, as they are found before the start: without links.
type places struct {
	readOnly, hide, root []string
	links                []link // on the ways to the names of the root
	// without says of a step what was left out, where that is preferred.
	without map[Step]string
}

// covers says whether a plan changes anything in a mount namespace but /proc, which takes one.
func (p *Plan) covers() bool {
	return p.MountLevel != Off && (len(p.ReadOnly) > 0 || len(p.Hide) > 0 || len(p.Root) > 0)
}

// coverLevel is the level of a step that changes these paths.
func (p *Plan) coverLevel(paths []string) Level {
	if len(paths) == 0 {
		return Off
	}
	return p.MountLevel
}

// findPlaces looks for the paths. One that is not there is an error where it is required.
func (p *Plan) findPlaces() (at places, err error) {
	at.without = map[Step]string{}
	if p.MountLevel == Off {
		return at, nil
	}
	if at.readOnly, err = p.find(&at, StepReadOnly, p.ReadOnly); err == nil {
		at.hide, err = p.find(&at, StepHide, p.Hide)
	}
	if err == nil {
		err = p.findRoot(&at)
	}
	return at, err
}

func (p *Plan) find(at *places, step Step, paths []string) (found []string, err error) {
	var missing []string
	for _, path := range paths {
		real, links, err := walkTo(path)
		if err == nil && step != StepReadOnly && real == "/" {
			err = errWhole
		}
		if err == nil {
			found = append(found, real)
			if step == StepRoot {
				at.links = append(at.links, links...)
			}
			continue
		}
		if errno := errnoOf(err); errno != unix.EINVAL {
			err = errno // without the path, which is said anyway
		}
		if p.MountLevel == Required {
			return nil, &SetupError{Step: step, On: path, Err: err,
				Hint: `take it out of [harden], or say [harden] mounts = "preferred"`}
		}
		missing = append(missing, fmt.Sprintf("%s (%v)", path, err))
	}
	if missing != nil {
		at.without[step] = "without " + strings.Join(missing, ", ")
	}
	return found, nil
}

var errWhole = errors.New("it is the root directory")

// findRoot looks for what is to be in the private root. The working directory must be in there.
func (p *Plan) findRoot(at *places) error {
	found, err := p.find(at, StepRoot, p.Root)
	if err != nil || len(found) == 0 {
		return err
	}
	dir := p.Dir
	if !filepath.IsAbs(dir) {
		here, err := unix.Getwd()
		if err != nil {
			return &SetupError{Step: StepDir, Err: err}
		}
		dir = filepath.Join(here, dir)
	}
	real, links, err := walkTo(dir)
	if err == nil && !inAny(real, found) {
		err = errDirOutside
	}
	switch {
	case err == nil:
	case p.MountLevel == Required:
		return &SetupError{Step: StepRoot, On: "for the working directory " + dir, Err: err,
			Hint: `add it to [harden] root: root = ["$PWD"]`}
	default:
		at.without[StepRoot] = "the working directory " + dir + " lies in none of its paths"
		return nil
	}
	at.links = append(at.links, links...)
	slices.Sort(found)
	for _, path := range found { // what is above comes first, and brings what is below
		if !inAny(path, at.root) {
			at.root = append(at.root, path)
		}
	}
	return nil
}

var errDirOutside = errors.New("it lies in none of the paths of [harden] root")

// of returns the paths of a step.
func (at *places) of(step Step) []string {
	switch step {
	case StepReadOnly:
		return at.readOnly
	case StepHide:
		return at.hide
	case StepRoot:
		return at.root
	}
	return nil
}

// dirHint says what may stand behind a working directory that cannot be changed to.
func (p *Plan) dirHint() string {
	if p.coverLevel(p.Hide) == Off && p.coverLevel(p.Root) == Off {
		return ""
	}
	return "it must not lie in what [harden] hides, or outside of its root"
}
