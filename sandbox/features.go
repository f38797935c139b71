package sandbox

import (
	"os"

	"sydbox/policy"
	"sydbox/tracer"
)

// What this kernel lets the sandbox do, found by trying. Nothing is inferred from a version: distributions backport,
// configurations switch off, and an outer sandbox may take away.

// Feature is one means of the kernel, and what was found of it.
type Feature struct {
	// Name is what the feature is called in output and documents.
	Name string `json:"name"`
	// Since is the first kernel that has it, unless it was left out of the build.
	Since string `json:"since"`
	// Probe is what is tried.
	Probe string `json:"probe"`
	// Found says whether the probe succeeded.
	Found bool `json:"found"`
	// Detail is what the probe saw: a level, or why it failed.
	Detail string `json:"detail,omitempty"`
	// Use is what the sandbox does with it.
	Use string `json:"use"`
	// Without is what it does instead where it is missing, and what is lost.
	Without string `json:"without"`
	// Promise is what then becomes of what docs/threat-model.md promises.
	Promise Promise `json:"promise"`
	// Remedy is what to do where it is missing.
	Remedy string `json:"remedy"`

	// wanted is how much a policy wants it; nil: nothing is lost without it.
	wanted func(*policy.Policy) Level
	// try is the probe; detail is what it saw.
	try func(*tries) (found bool, detail string)
}

// Promise is what is left of the promises without a feature.
type Promise string

// The promises.
const (
	// PromiseNone: nothing runs.
	PromiseNone Promise = "none: does not start"
	// PromiseSame: all holds.
	PromiseSame Promise = "the same"
	// PromiseFewer: something does not hold any more; Without says what.
	PromiseFewer Promise = "fewer"
	// PromiseStricter: all holds, and something that is allowed fails.
	PromiseStricter Promise = "the same, at a price"
)

// Pin is how firmly what was judged is what happens.
type Pin uint8

// The levels, from weak to strong.
const (
	// PinOff: a call is judged and then left to the kernel, which reads its arguments again.
	PinOff Pin = iota
	// PinDetects: what really happened is looked at after the call; a process that got what the policy denies is killed,
	// but it got it.
	PinDetects
	// PinHeld: the call is done on the objects that were judged. No race changes the outcome.
	PinHeld
)

func (p Pin) String() string {
	switch p {
	case PinHeld:
		return "pinned"
	case PinDetects:
		return "detects"
	}
	return "off"
}

// InForce is what protects one run.
type InForce struct {
	// Judges says that some open could be denied; otherwise Opens means nothing.
	Judges bool
	Opens  Pin
	// Landlock says that the second wall stands.
	Landlock bool
	// Network says that the tree has a network namespace to itself.
	Network bool
}

// Pinning is a kind of call and the level in force for it.
type Pinning struct {
	Calls string `json:"calls"`
	Level Pin    `json:"-"`
	// Word is Level's name.
	Word string `json:"level"`
	// By is the means.
	By string `json:"by"`
}

// Features is what was found, and what follows from it.
type Features struct {
	Kernel  string `json:"kernel"`
	Machine string `json:"machine"`
	// Around is what this process is in, as far as can be told.
	Around     Surroundings `json:"container"`
	Privileges Privileges   `json:"privileges"`
	Features   []Feature    `json:"features"`
	Pinning    []Pinning    `json:"pinning"`
}

// Probe asks the kernel. It starts this program once more as the shim that a run starts with, and children that execute
// nothing; it leaves nothing behind. It costs some 20 ms. Main must begin with Init.
func Probe() *Features {
	f := &Features{}
	f.Kernel, f.Machine = kernelName()
	f.Around = surroundings(os.DirFS("/"))
	f.Privileges = privileges(os.DirFS("/"))
	tries := &tries{trial: tracer.Try(""), privileges: f.Privileges, around: f.Around}
	f.Features = table()
	for i := range f.Features {
		feature := &f.Features[i]
		feature.Found, feature.Detail = feature.try(tries)
	}
	f.Pinning = f.pinning()
	return f
}

// Table is all features there are, with nothing found yet: what documents show.
func Table() []Feature { return table() }

// Has says whether a feature was found.
func (f *Features) Has(name string) bool {
	for i := range f.Features {
		if f.Features[i].Name == name {
			return f.Features[i].Found
		}
	}
	return false
}

// pinning says which level is in force for which calls.
func (f *Features) pinning() []Pinning {
	opens, by := PinDetects, "looked at again at the exit; a process that opened what is denied is killed"
	if f.Has(featureGive) {
		opens, by = PinHeld, "opened by the tracer, handed over"
	}
	list := []Pinning{
		{Calls: "making, moving, removing and changing files", Level: PinHeld, By: "done by the tracer on what it judged"},
		{Calls: "opening", Level: opens, By: by},
		{Calls: "opening as a mere handle (O_PATH), where looking is judged", Level: PinDetects,
			By: "looked at again at the exit; another thread may have looked through it before the process is killed"},
		{Calls: "executing", Level: PinHeld,
			By: "judged again when the program is loaded and has not run; a denial then kills"},
		{Calls: "changing directory or root", Level: PinHeld,
			By: "judged again before the process runs on; what is denied kills it"},
		{Calls: "binding a socket to a path", Level: PinDetects,
			By: "looked at again at the exit; Landlock, where it is, keeps it inside"},
		f.socketPinning(),
	}
	for i := range list {
		list[i].Word = list[i].Level.String()
	}
	return list
}
