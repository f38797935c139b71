package ask

import (
	"path/filepath"
	"slices"
	"strings"

	"sydbox/record/show"
	"sydbox/record/trail"
)

// reasons is why each class is a race, in one sentence; %1 is the first job, %2 the second, %u who ran them.
var reasons = map[RaceClass]string{
	RaceReadWhileWritten: "%2 read it while %b still had it open for writing; %u ran both at the same time.",
	RaceReadAfter:        "%2 read it after %b wrote it, but nothing made it wait: %u ran both at the same time.",
	RaceReadBefore:       "%2 wrote it anew after %b had read it; %u ran both at the same time.",
	RaceMissing:          "%b looked for it before %2 made it; %u ran both at the same time: it is found, or not.",
	RaceWritten:          "Both wrote it, and %u ran both at the same time: it depends on who is last.",
	RaceDeleted:          "%2 deleted it, and %b, which %u ran at the same time, uses it.",
	RaceGone:             "%2 did not find it because %b, which %u ran at the same time, had deleted it.",
	RaceDirMade:          "%2 failed to make what %b had just made; %u ran both at the same time.",
	RaceDirDeleted:       "%2 deleted it while %b, which %u ran at the same time, worked in it.",
	RaceLucky: "%2 read what %b made, but %u did not look at what the one made before it started the other: it did " +
		"not wait for that. It had no free slot earlier, which alone made the order right.",
}

// explain writes why it is a race, and what to do.
func (r *Race) explain(t *trail.Trail) {
	r.Why = strings.NewReplacer("%b", r.First.By.short(), "%2", r.Second.By.short(), "%u", r.Under.short()).
		Replace(reasons[r.Class])
	first, second := r.First.target(t), r.Second.target(t)
	switch {
	case r.Class == RaceDirMade:
		r.Advice = "mkdir -p"
	case r.Class == RaceDeleted, r.Class == RaceDirDeleted:
		r.Advice = "let the two have names of their own, or " + second + " depend on " + first
	case r.Class == RaceWritten, r.madeByBoth():
		r.Advice = "let one rule make it and both depend on that (one rule with several targets runs once for each: " +
			"group them with &:), or give each its own file: " + first + " and " + second
	case r.Class == RaceMissing:
		r.Advice = first + " should depend on " + second
	case r.Class == RaceReadBefore:
		r.Advice = first + " should depend on " + second + ", or the other way round if the old content is meant"
	default: // it was made or deleted before it was looked at
		r.Advice = second + " should depend on " + first
	}
}

// madeByBoth says that each of the jobs makes the file: none can then depend on it.
func (r *Race) madeByBoth() bool {
	return slices.Contains(r.First.Made, r.Path) && slices.Contains(r.Second.Made, r.Path)
}

// target names what a job makes, for advice: its targets, or its command.
func (s *RaceSide) target(t *trail.Trail) string {
	if len(s.Made) == 0 {
		return "what " + s.Job.short() + " makes"
	}
	names := make([]string, len(s.Made))
	for i, m := range s.Made {
		names[i] = show.Q(relative(string(m), t.Head.Dir))
	}
	return strings.Join(names, " ")
}

// relative is a path as seen from a directory, if it is below.
func relative(name, dir string) string {
	if rel, err := filepath.Rel(dir, name); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
		return rel
	}
	return name
}

// short is the process alone: "cc1 #77".
func (a *Actor) short() string {
	if a == nil {
		return "?"
	}
	return Process{ID: a.Proc, Program: a.Name}.String()
}

// notes says what could not be told.
func (r *racer) notes() {
	switch tool, alone := alone(r.trail, r.order.ends); {
	case !tool:
		r.Notes = append(r.Notes, "nothing here runs jobs side by side as make does")
	case alone:
		r.Notes = append(r.Notes, "no two jobs ran at the same time: record with make -j2 or more to see races")
	}
	if r.capped {
		r.Notes = append(r.Notes, "some files were used so often that only uses near in time were compared")
	}
	if len(r.Races) > 0 {
		r.Notes = append(r.Notes, "jobs that agree by other means than waiting (locks, polling) can look like a race")
	}
	if r.trail.Cut != nil {
		r.Notes = append(r.Notes, "the recording is incomplete: "+r.trail.Cut.Error())
	}
}

// Text implements Answer.
func (a *RacesAnswer) Text(p *show.Printer) {
	if len(a.Races) == 0 {
		p.Line("No races between jobs were seen.")
	} else {
		p.Heading("%s between jobs", count(len(a.Races), "race"))
	}
	for _, r := range a.Races {
		p.Gap()
		r.text(p, a.dir)
	}
	if len(a.Aside) > 0 {
		p.Gap()
		p.Heading("Side by side, but not by a build tool")
		for _, r := range a.Aside {
			p.Gap()
			r.text(p, a.dir)
		}
	}
	for _, note := range a.Notes {
		p.Gap()
		p.Wrap(0, p.Paint(show.Faint, "note: "+note))
	}
}

func (r *Race) text(p *show.Printer, dir string) {
	line := p.Paint(show.Bold, show.Q(relative(string(r.Path), dir))) + "  " + p.Paint(show.Warn, string(r.Class))
	if r.More > 0 {
		line += "  (and " + count(r.More, "other pair") + ")"
	}
	p.Wrap(0, line)
	for _, s := range []*RaceSide{&r.First, &r.Second} {
		p.Wrap(2, s.Op+" at "+moment(s.At)+"  "+s.By.Line())
		p.Wrap(4, s.By.Command())
		if s.Job != nil && s.Job.Proc != s.By.Proc && s.Job.command != s.By.command {
			p.Wrap(4, "part of "+s.Job.Command())
		}
	}
	p.Wrap(2, r.Why)
	if r.Advice != "" {
		p.Wrap(2, "→ "+r.Advice)
	}
}
