package main

import "slices"

// workload is a command that is measured.
type workload struct {
	name  string
	group string
	argv  []string
	flags []string // for sydbox, before the command
	env   []string // besides what this process has
	// budget is of CPU time against native, budgetWall of wall time over it, in microseconds for each run; 0: none.
	budget     float64
	budgetWall int
	// times is how often it does what it is measured for, so that its cost for each can be told; 0 for a whole program.
	times int
	// repeat is how often it is run for one sample, which is the mean: for what is over at once. times is 0 then.
	repeat int
	// base, if there is one, is run beside it, and its time taken away.
	base []string
	// rounds and peerRounds, if not 0, are the most that it is run: it takes long.
	rounds, peerRounds int
	// without are the names of tools with which it makes no sense, or does not work.
	without []string
	// floors says that it is run under what a box is made of as well.
	floors bool
	// prepare, if there is one, makes what it needs.
	prepare func() error
	// fresh, if there is one, makes the directory to run in, which is removed afterwards; it is not measured.
	fresh func() (string, error)
}

// The groups, which are the sections of the report, in its order.
const (
	programs  = "Programs"
	recording = "Recording"
	network   = "Network"
	loops     = "Loops of one call"
	live      = "Beside live tracees"
	startUp   = "Start-up"
)

var groups = []string{programs, recording, network, loops, live, startUp}

// pick lists the workloads whose names match.
func pick(k *kit, only pattern) []workload {
	everything := slices.Concat(builds(k), processes(k), networks(k), singles(k), crowds(k), starts(k))
	return slices.DeleteFunc(everything, func(w workload) bool { return !only.matches(w.name) })
}

// suitable are the tools that run it: those that record, or the others; natively it always runs.
func (w *workload) suitable(tools []tool) (list []tool) {
	for _, t := range tools {
		switch {
		case t.floor && !w.floors, slices.Contains(w.without, t.name):
		case t.prefix == nil, t.records == (w.group == recording):
			list = append(list, t)
		}
	}
	return list
}

// command is the argument list of a workload, or of its base, under a tool.
func (w *workload) command(t tool, argv []string) []string {
	list := slices.Clone(t.prefix)
	if t.box {
		list = slices.Insert(list, 2, w.flags...)
	}
	return append(list, argv...)
}

// runs says in how many rounds a tool runs it.
func (w *workload) runs(t tool, rounds, peerRounds int) int {
	if w.rounds != 0 {
		rounds = min(rounds, w.rounds)
	}
	if t.prefix == nil || t.own {
		return rounds
	}
	if w.peerRounds != 0 {
		peerRounds = min(peerRounds, w.peerRounds)
	}
	return min(rounds, peerRounds)
}
