// Package ask answers questions about a recording: one file for each question, a function that takes a trail.Trail and
// returns an Answer. Nothing here runs a program or changes a file.
package ask

import "sydbox/record/show"

// Answer is what a question comes to. It is also what --json writes, by the json tags of its fields; strings that a
// tracee chose are show.Bytes there.
type Answer interface {
	// Text writes the answer for people.
	Text(p *show.Printer)
	// Status is the exit status that a script can use: 0 and 1 as the question's documentation says, 2 for what the
	// recording does not tell.
	Status() int
}
