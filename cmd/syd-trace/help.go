package main

import (
	"sydbox/cmd/internal/console"
)

// grammar is what can be typed, besides what commandLine says itself. The usage of questions is made from their flags.
var grammar = console.Grammar{
	Description: "Record a build, then ask.",
	Usage: map[string]string{
		"":       "syd-trace [FLAGS] -- CMD [ARG...] | syd-trace record|list ... | syd-trace QUESTION [-r RECORDING] ...",
		"record": "syd-trace record [FLAGS] [--] CMD [ARG...] | syd-trace record [FLAGS] -p PID...",
		"list":   "syd-trace list [--json]",
	},
	Texts: map[string]string{
		"help_output":     "Write the recording to FILE; - is --tee. Without it, it is kept where syd-trace list looks.",
		"help_gzip":       "Compress it; so does a FILE that ends in .gz, and all that are kept without -o are.",
		"help_tee":        "Write it to standard output too, where the command's own then goes to standard error.",
		"help_live":       "Tell what happens as it happens, on standard error.",
		"help_path":       "With --live: only what is done with paths that GLOB, as in policies, matches; repeatable.",
		"help_program":    "With --live: only what programs do whose name, or path, GLOB matches; repeatable.",
		"help_failed":     "With --live: only what failed.",
		"help_pid":        "Record a process that runs already, with its children; repeatable. Ctrl-C lets them go.",
		"help_policy":     "Mark what this policy (a file or a profile) would deny; repeat to put several together.",
		"help_inject":     "Make every call on PATH and below fail, as in /usr/include/zlib.h=ENOENT; repeatable.",
		"help_break":      "Stop with a shell at exec:GLOB, open:PATH, write:PATH, connect:ADDRESS, exit:GLOB or failure.",
		"help_on_failure": "shell: stop with a shell at the first failure that matters, as does --break failure.",
		"help_dir":        "Change to DIR first; all other paths are relative to it, and it is $PWD.",
		"help_quiet":      "Print errors only.",
		"help_wait":       "tree: record until all that was started is gone; root: until the command is, and kill the rest.",
		"help_progress":   "Show a line of progress. On by itself where the command's output does not go to the terminal.",
		"help_keep":       "How many recordings are kept that no -o has named.",
		"help_self":       "Execute PATH, not /proc/self/exe, as syd-trace's own helper.",
	},
}

// Help is the end of `syd-trace record --help`.
func (*recordCommand) Help() string {
	return `After the first word everything belongs to the command. Without the word record there must be a -- before it,
and the end is the summary of the recording.

Exit status: the command's own. If a signal killed it, syd-trace ends by the same signal. 125: syd-trace itself failed,
or the recording is not complete and the command succeeded. 126: the command cannot be executed. 127: there is no such
command.`
}
