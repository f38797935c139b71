package ask

import (
	"slices"
	"time"

	"sydbox/record/trail"
)

// Gap is a time in which nothing was recorded, of nobody, while those that could have gone on took little CPU time.
type Gap struct {
	From, To int64
	// Waiting are the processes that were there without a living child.
	Waiting []*trail.Proc
}

// Gaps are waits of the whole tree, each at least a tenth of a second and half a percent of the recording long: for a
// network, a lock, a sleep. The recording has the CPU time of a process as a whole, not when it took it. So a process
// counts as waiting if it took less than a fifth of the time that it had without a child.
func Gaps(t *trail.Trail) (gaps []Gap) {
	last := int64(t.Length())
	least := max(int64(100*time.Millisecond), last/200)
	ends, own := Ends(t), OwnTimes(t)
	times := moments(t, ends)
	for i := 1; i < len(times); i++ {
		if times[i]-times[i-1] < least {
			continue
		}
		waiting, idle := waiting(t, times[i-1], times[i], ends, own)
		if idle && len(waiting) > 0 {
			gaps = append(gaps, Gap{times[i-1], times[i], waiting})
		}
	}
	return gaps
}

// moments are the times at which something was recorded, in order.
func moments(t *trail.Trail, ends []int64) []int64 {
	times := make([]int64, 0, 2*len(t.Procs)+len(t.Uses)+len(t.Reaches))
	for i, p := range t.Procs {
		times = append(times, p.Born, ends[i])
		for _, e := range p.Execs {
			times = append(times, e.At)
		}
	}
	for i := range t.Uses {
		times = append(times, t.Uses[i].At)
		if last := t.Uses[i].Last; last > 0 {
			times = append(times, last)
		}
	}
	for i := range t.Reaches {
		times = append(times, t.Reaches[i].At)
	}
	for i := range t.Asks {
		times = append(times, t.Asks[i].At)
	}
	for i := range t.Signals {
		times = append(times, t.Signals[i].At)
	}
	for i := range t.Hints {
		times = append(times, t.Hints[i].At)
	}
	slices.Sort(times)
	return slices.Compact(times)
}

// waiting returns who lived from one time to another without a child, and whether all of them took little CPU time. A
// process of which that is not known is taken to have waited.
func waiting(t *trail.Trail, from, to int64, ends, own []int64) (list []*trail.Proc, idle bool) {
	idle = true
	for i, p := range t.Procs {
		if p.Born > from || ends[i] < to {
			continue
		}
		if slices.ContainsFunc(p.Children, func(c *trail.Proc) bool {
			return c.Born <= from && ends[c.ID-1] >= to
		}) {
			continue
		}
		list = append(list, p)
		if p.CPU() > time.Duration(own[i]/5) {
			idle = false
		}
	}
	return list, idle
}
