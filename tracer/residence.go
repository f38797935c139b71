package tracer

import "time"

// residence says when the tasks of a tree may stay on one CPU (near_unsafe.go): while one thing happens after the other,
// and nobody else wants that CPU. It is pure: whoever uses it tells it what he has seen.
type residence struct {
	// since is when they came to stay, and until when they must not again.
	since, until time.Time
	// rest is how long they are free the next time that two of them wanted to run.
	rest time.Duration
	// next is when to look again how it goes, pause how long that is after the last look.
	next  time.Time
	pause time.Duration
}

// demand is what the tasks of a tree did between two looks.
type demand struct {
	// wanted is for how long they ran or waited for a CPU, all together; waited is what of it they waited.
	wanted, waited time.Duration
}

const (
	// A look reads a file for each task. Nobody waits longer than some of these for another CPU.
	leastPause, mostPause = 10 * time.Millisecond, 40 * time.Millisecond
	// A tree that does two things side by side will do so again: each time it is free for twice as long, until it has
	// stayed for proven times as long as it was free. One that a stranger disturbs comes back elsewhere soon.
	leastRest, mostRest = 40 * time.Millisecond, 1280 * time.Millisecond
	proven              = 8
	// mostResidents bounds what a look costs. Of more, those leave that slept since the look before. A script has fewer that
	// do not, beside however many that wait for something, and a server with threads is none.
	mostResidents = 24
)

// may says whether a task may come to stay beside so many that do.
func (r *residence) may(now time.Time, residents int) bool {
	return residents < mostResidents && !now.Before(r.until)
}

// begin is told of the first that stays.
func (r *residence) begin(now time.Time) {
	r.since, r.pause = now, leastPause
	r.next = now.Add(r.pause)
}

// due says whether it is time for a look.
func (r *residence) due(now time.Time) bool { return !now.Before(r.next) }

// passed is the time since the last look.
func (r *residence) passed(now time.Time) time.Duration { return now.Sub(r.next) + r.pause }

// ends is told at a look what the tasks did since the last, and says whether they must no longer stay. If they may, the
// next look can be later.
func (r *residence) ends(now time.Time, d demand) bool {
	passed := r.passed(now)
	switch {
	case d.wanted > passed+passed/2: // one task, alone or beside a stranger, wants all of the time and no more
		r.parallel(now)
		return true
	case d.waited > passed/2:
		r.disturbed(now)
		return true
	}
	r.pause = min(2*r.pause, mostPause)
	r.next = now.Add(r.pause)
	return false
}

// disturbed is told that tasks take turns, or that a stranger wants the CPU: that may be over soon.
func (r *residence) disturbed(now time.Time) { r.until = now.Add(leastRest) }

// parallel is told that two tasks want to run at once.
func (r *residence) parallel(now time.Time) {
	if r.rest == 0 || now.Sub(r.since) >= proven*r.rest {
		r.rest = leastRest
	} else {
		r.rest = min(2*r.rest, mostRest)
	}
	r.until = now.Add(r.rest)
}
