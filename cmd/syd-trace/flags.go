package main

// commandLine is everything that can be typed.
type commandLine struct {
	Who whoQuestion `cmd:"" help:"Say who used a path, and how."`
	Net netQuestion `cmd:"" help:"Say who used the network, and for what."`
}
