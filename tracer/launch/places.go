package launch

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// places are the paths that a mount namespace is changed at, as they are found before the start: without links.
type places struct {
	readOnly, hide []string
	// without says of a step what was left out, where that is preferred.
	without map[Step]string
}

// covers says whether a plan changes anything in a mount namespace but /proc, which takes one.
func (p *Plan) covers() bool {
	return p.MountLevel != Off && (len(p.ReadOnly) > 0 || len(p.Hide) > 0)
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
	return at, err
}

func (p *Plan) find(at *places, step Step, paths []string) (found []string, err error) {
	var missing []string
	for _, path := range paths {
		real, err := filepath.EvalSymlinks(path)
		if err == nil && step == StepHide && real == "/" {
			err = errHideRoot
		}
		if err == nil {
			found = append(found, real)
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

var errHideRoot = errors.New("the root directory cannot be hidden")

// of returns the paths of a step.
func (at *places) of(step Step) []string {
	switch step {
	case StepReadOnly:
		return at.readOnly
	case StepHide:
		return at.hide
	}
	return nil
}

// dirHint says what may stand behind a working directory that cannot be changed to.
func (p *Plan) dirHint() string {
	if p.coverLevel(p.Hide) == Off {
		return ""
	}
	return "it must not lie in what [harden] hides"
}
