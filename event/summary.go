package event

import "time"

// Summary is the last event of a run: what it came to.
type Summary struct {
	Time    time.Time
	Command []string // the command as it was started, name first
	Dir     string   // its working directory
	Denials int      // how many operations were denied, or reported in warn mode
	Exit    int      // the status that sydbox reports for the command; 128+N for signal N
	Pinning string   // how firmly opens were held to what was judged: "pinned", "detects", "off"; empty if none was judged
	Wall    string   // the second wall: "landlock", empty if there was none
	Network string   // "netns" if the tree had a network namespace to itself, empty if not
	Cut     uint64   // bytes of output that were dropped because there were too many
	Signal  string   // the signal that killed the command ("SIGKILL"); empty if it exited
}
