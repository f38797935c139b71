package main

import "github.com/alecthomas/kong"

// commandLine is everything that can be typed. List flags are never split at commas (sep:"none").
type commandLine struct {
	Version kong.VersionFlag `help:"Print the version."`

	Record recordCommand `cmd:"" group:"Recordings:" help:"Run a command and record all that it and what it starts do."`
	List   listCommand   `cmd:"" group:"Recordings:" help:"List the recordings that are kept."`
	Report reportCommand `cmd:"" group:"Recordings:" help:"Draw a recording as an HTML page that needs nothing else."`

	Summary   summaryQuestion   `cmd:"" help:"Sum the recording up."`
	Tree      treeQuestion      `cmd:"" help:"Draw the tree of processes."`
	Who       whoQuestion       `cmd:"" help:"Say who used a path, and how."`
	Why       whyQuestion       `cmd:"" help:"Say why the command failed: the first failure that made it fail."`
	Missing   missingQuestion   `cmd:"" help:"List what was looked for and not there."`
	Cmd       cmdQuestion       `cmd:"" help:"Write the command of a process, to be pasted into a shell."`
	Env       envQuestion       `cmd:"" help:"Say who set, changed or unset a variable."`
	Stats     statsQuestion     `cmd:"" help:"Sum up what programs cost: time, memory, files."`
	Net       netQuestion       `cmd:"" help:"Say who used the network, and for what."`
	Diff      diffQuestion      `cmd:"" help:"Say how two recordings differ, and what differs first."`
	Nondet    nondetQuestion    `cmd:"" help:"Find what makes two builds differ, and what of it is in the results."`
	Races     racesQuestion     `cmd:"" help:"Find what parallel jobs did to one file without waiting for each other."`
	Inputs    inputsQuestion    `cmd:"" help:"Say what was read from outside, by package, and what is undeclared."`
	Outputs   outputsQuestion   `cmd:"" help:"Say what was made and changed."`
	Leftovers leftoversQuestion `cmd:"" help:"Say what was left behind: processes, temporary files, changes outside."`
	Policy    policyQuestion    `cmd:"" help:"Write a minimal policy under which it passes."`
	Timeline  timelineQuestion  `cmd:"" help:"Say where the time went, or write a trace for ui.perfetto.dev."`
}
