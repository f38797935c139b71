package sandbox

// What this kernel lets the sandbox do, found by trying. Nothing is inferred from a version: distributions backport,
// configurations switch off, and an outer sandbox may take away.

// Feature is one means of the kernel.
type Feature struct {
	// Name is what the feature is called in output and documents.
	Name string `json:"name"`
	// Since is the first kernel that has it, unless it was left out of the build.
	Since string `json:"since"`
	// Found says whether the probe succeeded.
	Found bool `json:"found"`
	// Detail is what the probe saw: a level, or why it failed.
	Detail string `json:"detail,omitempty"`
	// Use is what the sandbox does with it.
	Use string `json:"use"`
	// Without is what is lost where it is missing; empty if nothing is lost but speed.
	Without string `json:"without,omitempty"`
}

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
	Kernel   string    `json:"kernel"`
	Machine  string    `json:"machine"`
	Features []Feature `json:"features"`
	Pinning  []Pinning `json:"pinning"`
}

// Names of features that something depends on.
const (
	featureSeccomp   = "seccomp"
	featureGive      = "handover"
	featureGetfd     = "pidfd_getfd"
	featureOpenat2   = "openat2"
	featureLandlock  = "landlock"
	featureScope     = "signal scope"
	featurePorts     = "landlock ports"
	featureNames     = "abstract scope"
	featureNamespace = "network namespace"
	featureDiag      = "sock_diag"
	featureUnixDiag  = "unix_diag"
	featureHear      = "socket filter"
)

// Probe asks the kernel. It costs a few milliseconds, executes nothing and leaves nothing behind.
func Probe() *Features {
	f := &Features{}
	f.Kernel, f.Machine = kernelName()
	f.Features = []Feature{
		probed(featureSeccomp, "4.8", probeSeccomp,
			"calls that no rule can deny never stop", "sydbox does not start"),
		probed(featureGive, "5.9", probeHandover,
			"opens: the tracer opens what it judged and hands the descriptor over (seccomp user-notify, ADDFD); connecting "+
				"and sending: the task waits while the tracer does it",
			"opens are looked at again when they have happened (level \"detects\"); calls on sockets that have to wait are "+
				"left to the kernel, and looked at afterwards if they connect to the internet"),
		probed(featureGetfd, "5.6", probeGetfd,
			"sockets, file flags and inotify watches: the tracer works on a copy of the task's own descriptor",
			"sockets cannot be copied at all: calls on them are judged by what they say and left to the kernel, which looks "+
				"number and address up again, and no address is known to be the tree's (`bound`); file flags and watches are "+
				"left to the kernel too"),
		probed(featureOpenat2, "5.6", probeOpenat2,
			"many components of a path are walked in one call", ""),
		probed(featureLandlock, "5.13", probeLandlock,
			"a second wall below the rules: no write outside what they could allow, no look into outsiders' processes",
			"the rules stand alone; the environment and memory of other processes of the same user can be read through "+
				"/proc unless a rule denies it"),
		probed(featureScope, "6.12", probeScope,
			"signals to processes outside are stopped by the kernel", "each signal to another process stops"),
	}
	f.Features = append(f.Features, networkFeatures()...)
	f.Pinning = f.pinning()
	return f
}

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

func probed(name, since string, probe func() (bool, string), use, without string) Feature {
	f := Feature{Name: name, Since: since, Use: use, Without: without}
	f.Found, f.Detail = probe()
	return f
}
