package policy

import (
	"io/fs"
	"net/netip"
	"path"
	"strings"

	"sydbox/policy/program"
)

// System is what a policy is loaded from. Load reads it and no other file or variable.
type System struct {
	// FS is the root of the file system: its paths have no leading slash.
	FS fs.FS
	// Getenv returns a variable's value, "" if it is unset.
	Getenv func(string) string
	// Cwd is the working directory of the command, without symbolic links: $PWD, and where relative paths of the
	// command line start.
	Cwd string
	// Home is `~` and $HOME; if it is empty, $HOME is asked of Getenv.
	Home string
	// Realpath resolves the symbolic links of an existing absolute path. With nil nothing is resolved.
	Realpath func(string) (string, error)
	// ConfigDirs are searched for policies that are named without a slash, nearest first.
	ConfigDirs []string
	// OpenProgram opens the file that an absolute path leads to; at best its File is a program.Stater too. Rules of
	// [exec] are looked up with it. With nil they have no Originals, and no link of theirs is followed.
	OpenProgram func(path string) (program.File, error)
	// ListPrograms returns the names in a directory at an absolute path. ok is false if the directory may have others as
	// well. It is asked where many rules name programs; with nil, and where it is not ok, each of them is opened.
	ListPrograms func(dir string) (names []string, ok bool)
	// LookupHost returns the addresses of a host, for rules of [connect] that name one. With nil such rules are errors.
	LookupHost func(host string) ([]netip.Addr, error)
}

// Options say which policies hold.
type Options struct {
	// Policies are the names of -p in their order, the later the nearer; none means "build".
	Policies []string
	// Rules are those of the command line, the nearest layer.
	Rules []RuleFlag
}

// RuleFlag is a rule on the command line.
type RuleFlag struct {
	// Section and Action are keys of a policy file: "write", "allow". Section may be "syscalls" with "allow".
	Section, Action string
	// Pattern is the rule as typed. A path may be relative to System.Cwd.
	Pattern string
	// Flag is how the rule was given, for errors: "-w", "--allow". "--net" is the source of its rules itself.
	Flag string
}

func (s *System) vars() *vars {
	return &vars{getenv: s.Getenv, cwd: s.Cwd, home: s.Home}
}

// fsPath is the name that an absolute path has in System.FS.
func fsPath(abs string) string {
	if name := strings.TrimPrefix(path.Clean(abs), "/"); name != "" {
		return name
	}
	return "."
}

// source is the flag as it was typed, with the span of its section and of its rule.
func (r *RuleFlag) source() (src *source, section, rule span) {
	flag := r.Flag
	if flag == "" {
		flag = "--" + r.Action
	}
	if flag == netFlag {
		return &source{name: netFlag, text: netFlag, flag: true}, span{0, len(netFlag)}, span{0, len(netFlag)}
	}
	text := flag + " "
	section = span{len(text), len(text)}
	if flag != "-w" && flag != "--write" {
		text += r.Section
		section.end = len(text)
		text += "="
	}
	rule = span{len(text), len(text) + len(r.Pattern)}
	return &source{name: commandLine, text: text + r.Pattern, flag: true}, section, rule
}

// commandLine is the name of the nearest layer.
const commandLine = "command line"

// netFlag is the flag that stands for rules, and is their source: nobody has typed their text.
const netFlag = "--net"

// AllowNetwork are the rules of --net: every address may be reached and offered.
func AllowNetwork() []RuleFlag {
	return []RuleFlag{
		{Section: "connect", Action: "allow", Pattern: "any", Flag: netFlag},
		{Section: "bind", Action: "allow", Pattern: "any", Flag: netFlag},
	}
}
