package tracer

// series tells whether one thing happens after the other in the tree, as in a shell script, or things happen side by
// side. It looks at who stops after whom: the same task, or its creator or its child, is what a script shows. Tasks that
// run side by side take turns, and each of them is a stranger to the one before.
type series struct {
	last      *Task
	strangers int
}

const (
	// A stranger counts for as many stops as this, so that a few in a hundred end it.
	strangerCost = 16
	// A tree that was parallel is that for a while.
	strangerMost = 4 * strangerCost
)

// saw is told of each report in its order.
func (s *series) saw(task *Task) {
	switch {
	case !s.related(task):
		s.strangers = min(s.strangers+strangerCost, strangerMost)
	case s.strangers > 0:
		s.strangers--
	}
	s.last = task
}

func (s *series) related(task *Task) bool {
	if s.last == nil || s.last == task {
		return true
	}
	was, is := s.last.Process, task.Process
	return is.Parent == was || was.Parent == is
}

func (s *series) serial() bool { return s.strangers < strangerCost }
