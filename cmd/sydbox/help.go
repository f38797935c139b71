package main

import (
	"sydbox/cmd/internal/console"
)

// grammar is what can be typed, besides what commandLine says itself.
var grammar = console.Grammar{
	Description: "Run a command under a policy: what it may read, write, create and execute.",
	Usage:       usageLines,
	Texts:       helpTexts,
}

// usageLines are the first lines of help.
var usageLines = map[string]string{
	"":    "sydbox run|check|policy|features ...",
	"run": "sydbox run [FLAGS] [--] CMD [ARG...]",
	"check": "sydbox check [FLAGS] PATH... | sydbox check [FLAGS] --connect ADDRESS | sydbox check " +
		"[FLAGS] -- CMD [ARG...]",
	"policy":        "sydbox policy show|filter|list ...",
	"policy show":   "sydbox policy show [FLAGS]",
	"policy filter": "sydbox policy filter [FLAGS]",
	"policy list":   "sydbox policy list",
	"features":      "sydbox features [--json] [--profile NAME]",
}

// helpTexts are the longer texts of flags, by the name that stands for them in a tag.
var helpTexts = map[string]string{
	"help_mode": "enforce, or warn: everything happens and what would be denied is reported.",
	"help_dir":  "Change to DIR first; all other paths are relative to it, and it is $PWD.",
	"help_wait": "all: the run ends when all that was started is gone; root: when the command is, " +
		"and the rest is killed.",
	"help_violation":     "Exit with N if something was denied and the command itself succeeded.",
	"help_grace":         "Send SIGTERM when the time is up, and kill TIME later.",
	"help_explain":       "Say what the command is started with: each means of [harden], its level and what came of it.",
	"help_nnp":           "off, preferred or required: whether set-user-ID programs lose their power.",
	"help_policy":        "Policy file or profile; repeat to put several together.",
	"help_write":         "Allow writing to PATH and below: --allow write=PATH.",
	"help_features_json": "Print it as JSON.",
	"help_features_profile": "Say whether this policy can be run here: a profile or a file, as for run -p. " +
		"Without it the default one.",
	"help_op": "The operation: read, stat, write, create, delete, attr or exec; repeat for " +
		"several. All if none is given.",
	"help_connect": "An address to reach, instead of a path: 192.0.2.1:443, example.org:https, " +
		"unix:/run/socket, abstract:name.",
}

// Help is the end of `sydbox run --help`.
func (*runCommand) Help() string {
	return `After the first word everything belongs to the command.

Exit status: the command's own. If a signal killed it, sydbox ends by the same signal. 124: the time limit ended the
run. 125: sydbox itself failed. 126: the command cannot be executed, or may not. 127: there is no such command.`
}

// Help is the end of `sydbox check --help`.
func (*checkCommand) Help() string {
	return `Each answer names the rule that decides and those that lost to it, best first.

Of a command it says, without running it, what it would become, by which steps, and what is decided; likewise of the
commands that it starts, where its words tell: behind env, nice or xargs, and in the text of sh -c.

Exit status: 0: all is allowed. 1: something is denied. 2: nothing is, and of something nobody can say: a path leads
nowhere that can be judged, what a command will be is known only when it runs, or an address may be reached if the
command itself has bound it.`
}

// Help is the end of `sydbox features --help`.
func (*featuresCommand) Help() string {
	return `Everything is tried, nothing follows from the kernel's version: a child is traced, a filter installed, a
namespace made. The table is that of docs/kernels.md.

Exit status: 0: the policy can be run here, if with something lost, which is said. 1: something that it requires is
missing. 125: sydbox itself failed, or there is no such policy.`
}
