package ask

import (
	"regexp"
	"strconv"
	"strings"

	"sydbox/record/trail"
)

// slots tells whether make had a free slot for another job at a time.
type slots struct {
	trail *trail.Trail
	ends  []int64
	jobs  []*trail.Proc // what makes ran
}

func newSlots(t *trail.Trail, ends []int64) *slots {
	s := &slots{trail: t, ends: ends}
	for _, p := range t.Procs {
		if p.Parent != nil && isMake(p.Parent) {
			s.jobs = append(s.jobs, p)
		}
	}
	return s
}

// full says that as many jobs as maker's job server allows ran at a time. A job that has a make below is none: that one
// has the job's slot.
func (s *slots) full(maker *trail.Proc, at int64) bool {
	limit, top := jobLimit(s.trail, maker)
	if limit < 1 {
		return false
	}
	running, taken := 0, make(map[*trail.Proc]bool)
	for i := len(s.jobs) - 1; i >= 0; i-- { // children before their parents
		p := s.jobs[i]
		if p.Born > at || s.ends[p.ID-1] < at || !within(p, top) {
			continue
		}
		if !taken[p] {
			running++
		}
		for q := p.Parent; q != nil; q = q.Parent {
			taken[q] = true
		}
	}
	return running >= limit
}

// one says that maker ran one job at a time.
func (s *slots) one(maker *trail.Proc) bool {
	limit, _ := jobLimit(s.trail, maker)
	return limit == 1
}

// jobFlag is how make is told how many jobs to run: behind -j, which may stand behind other letters, or in words.
var jobFlag = regexp.MustCompile(`^(?:-[bBdeikLmnpqrRsStvw]*j|--jobs=?)(\d*)$`)

// jobLimit is how many jobs maker may run with all makes that share its job server, and the topmost of those. 0 means
// without end, or not known.
func jobLimit(t *trail.Trail, maker *trail.Proc) (limit int, top *trail.Proc) {
	limit, top = 1, maker
	for p := maker; p != nil; p = p.Parent {
		if !isMake(p) {
			continue
		}
		top = p
		x := p.Program()
		if x == nil {
			continue
		}
		words := append([]string(nil), x.Argv...)
		for _, v := range t.Environ(x) {
			if flags, ok := strings.CutPrefix(v, "MAKEFLAGS="); ok {
				words = append(words, strings.Fields(flags)...)
			}
		}
		if n, told := jobsOf(words); told {
			limit = n
		}
	}
	return limit, top
}

// jobsOf reads what the words of a make's command line say about jobs.
func jobsOf(words []string) (n int, told bool) {
	for i, w := range words {
		m := jobFlag.FindStringSubmatch(w)
		if m == nil {
			continue
		}
		number := m[1]
		if number == "" && i+1 < len(words) {
			number = words[i+1]
		}
		n, _ = strconv.Atoi(number) // none means as many as there are
		told = true
	}
	return n, told
}
