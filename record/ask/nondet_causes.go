package ask

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// asksMachine are programs whose output is of one machine, user or moment, and what they tell.
var asksMachine = map[string]string{
	"date": "time", "hostname": "host name", "uname": "kernel and host", "whoami": "user", "id": "user", "logname": "user",
	"nproc": "number of CPUs", "uptime": "time", "uuidgen": "random", "mcookie": "random", "hostid": "host name",
	"getconf": "machine", "arch": "machine", "lscpu": "machine", "dnsdomainname": "host name", "who": "user",
}

// tellsMachine are files with such content.
var tellsMachine = map[string]string{
	"/dev/urandom": "random", "/dev/random": "random", "/etc/hostname": "host name", "/etc/machine-id": "host name",
	"/proc/cpuinfo": "machine", "/proc/meminfo": "machine", "/proc/loadavg": "load", "/proc/uptime": "time",
	"/etc/localtime": "time zone", "/etc/timezone": "time zone", "/proc/version": "kernel and host",
	"/proc/stat": "machine",
}

// causeList collects causes, each with the first who did it and how often it was done.
type causeList struct {
	list []*Cause
	seen map[string]*Cause
}

func (c *causeList) add(what, text string, p *trail.Proc, at int64) {
	name := ""
	if p != nil {
		name = p.At(at).Name()
	}
	key := strings.Join([]string{what, text, name}, "\x00")
	if old := c.seen[key]; old != nil {
		old.Count++
		return
	}
	cause := &Cause{What: what, Text: show.Bytes(text), By: actor(p, at), Count: 1}
	c.seen[key] = cause
	c.list = append(c.list, cause)
}

// hintWords are what the recorder's hints are about.
var hintWords = map[string]string{
	"random": "random", "uname": "kernel and host", "times": "CPU time", "cpus": "number of CPUs",
	"io_uring": "not recorded",
}

// call adds a system call, whoever did it: so many programs do as they start that each alone says little.
func (c *causeList) call(h *trail.Hint) {
	key := strings.Join([]string{"call", h.What, h.Call}, "\x00")
	cause := c.seen[key]
	if cause == nil {
		what := hintWords[h.What]
		if what == "" {
			what = h.What // of a later recorder
		}
		cause = &Cause{What: what, Text: show.Bytes(h.Call), By: actor(h.Proc, h.At)}
		c.seen[key] = cause
		c.list = append(c.list, cause)
	}
	cause.Count++
	if h.Proc != nil {
		if name := show.Bytes(h.Proc.At(h.At).Name()); !slices.Contains(cause.Programs, name) {
			cause.Programs = append(cause.Programs, name)
		}
	}
}

// causes finds what can make two builds differ.
func causes(t *trail.Trail) []*Cause {
	c := &causeList{seen: make(map[string]*Cause)}
	c.environment(t)
	for _, x := range programs(t) {
		if what := asksMachine[x.Name()]; what != "" && !givenTime(x) {
			c.add(what, strings.Join(x.Argv, " "), x.Proc, x.At)
		}
	}
	for i := range t.Uses {
		u := &t.Uses[i]
		if u.Op != event.OpRead || u.Errno != "" {
			continue
		}
		what := tellsMachine[u.Path]
		if strings.HasPrefix(u.Path, "/proc/sys/kernel/random/") {
			what = "random"
		}
		if what != "" {
			c.add(what, u.Path, u.Proc, u.At)
		}
	}
	for i := range t.Hints {
		h := &t.Hints[i]
		c.call(h)
	}
	c.names(t)
	c.orders(t)
	return c.list
}

// givenTime says that date(1) was told which time to write.
func givenTime(x *trail.Exec) bool {
	return x.Name() == "date" && slices.ContainsFunc(x.Argv[min(1, len(x.Argv)):], func(w string) bool {
		return strings.HasPrefix(w, "-d") || strings.HasPrefix(w, "--date") || strings.HasPrefix(w, "-r") ||
			strings.HasPrefix(w, "--reference") || strings.HasPrefix(w, "--version")
	})
}

// environment finds what the environment leaves to the user.
func (c *causeList) environment(t *trail.Trail) {
	values := make(map[string]string)
	for _, v := range t.Head.Env {
		name, value, _ := strings.Cut(v, "=")
		values[name] = value
	}
	if _, set := values["SOURCE_DATE_EPOCH"]; !set && len(sourceDates(t)) == 0 {
		c.add("time", "SOURCE_DATE_EPOCH is not set", nil, 0)
	}
	if values["TZ"] == "" {
		c.add("time zone", "TZ is not set", nil, 0)
	}
	locale := ""
	for _, name := range []string{"LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_TIME", "LANG"} {
		if v := values[name]; v != "" && v != "C" && v != "POSIX" && v != "C.UTF-8" && locale == "" {
			locale = name + "=" + v
		}
	}
	if locale != "" {
		c.add("locale", locale, nil, 0)
	}
	for _, p := range t.Procs {
		if isMake(p) && (p.Parent == nil || !isMake(p.Parent)) {
			if x := p.Program(); x != nil {
				if n, told := jobsOf(x.Argv); told && n != 1 {
					c.add("parallel jobs", strings.Join(x.Argv, " "), p, x.At)
				}
			}
		}
	}
}

// contentName is a name of the content: the numbers in it are no numbers of processes.
var contentName = regexp.MustCompile(`[0-9a-f]{32,}[^/]*$`)

// names finds files that are named after a process and stay.
func (c *causeList) names(t *trail.Trail) {
	for _, p := range products(t) {
		if contentName.MatchString(p.path) {
			continue
		}
		for _, number := range digits.FindAllString(path.Base(p.path), -1) {
			if n, _ := strconv.Atoi(number); n == p.proc.PID && n > 99 {
				c.add("number of a process", p.path, p.proc, p.at)
			}
		}
	}
}

// orderless are programs to which the order of names in a directory does not matter.
var orderless = map[string]bool{
	"rm": true, "cp": true, "mv": true, "chmod": true, "chown": true, "chgrp": true, "du": true, "ls": true, "find": true,
	"install": true, "touch": true, "rsync": true, "make": true, "diff": true, "git": true, "grep": true, "strip": true,
}

// orders finds who read the files of a directory in the order in which it lists them.
func (c *causeList) orders(t *trail.Trail) {
	for _, p := range t.Procs {
		if orderless[p.Name()] {
			continue
		}
		listed := make(map[string][]string)
		for _, i := range p.Uses {
			u := &t.Uses[i]
			if u.Errno != "" {
				continue
			}
			switch dir := path.Dir(u.Path); {
			case u.Op == event.OpList:
				if listed[u.Path] == nil {
					listed[u.Path] = []string{}
				}
			case u.Op == event.OpRead && listed[dir] != nil:
				if !slices.Contains(listed[dir], u.Path) {
					listed[dir] = append(listed[dir], u.Path)
				}
			}
		}
		for dir, names := range listed {
			if len(names) > 3 && !slices.IsSorted(names) && !ofSystem(dir+"/") {
				c.add("order of a directory", dir, p, p.Born)
			}
		}
	}
}
