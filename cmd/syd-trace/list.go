package main

import (
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sydbox/event"
	"sydbox/record/show"
	"sydbox/record/trail"
)

// listCommand is `syd-trace list`.
type listCommand struct {
	JSON bool `name:"json" help:"Write the list as JSON."`
}

// listAnswer is every recording that is kept, the latest first.
type listAnswer struct {
	Recordings []listed `json:"recordings"`
}

type listed struct {
	// Name is what -r takes, "@1".
	Name string     `json:"name"`
	File show.Bytes `json:"file"`
	// Time is when it was started; absent if it cannot be read.
	Time    *time.Time   `json:"time,omitempty"`
	Size    int64        `json:"size"`
	Dir     show.Bytes   `json:"dir,omitempty"`
	Command []show.Bytes `json:"command,omitempty"`
	// Trouble is why it cannot be read.
	Trouble string `json:"trouble,omitempty"`
	// Busy: it is being written.
	Busy bool `json:"busy,omitempty"`

	words string
}

// Run implements the command. Its status is 1 if nothing is kept.
func (c *listCommand) Run(status *int) error {
	a := listAnswer{Recordings: []listed{}}
	for i, s := range onShelves() {
		a.Recordings = append(a.Recordings, describe("@"+strconv.Itoa(i+1), s.file))
	}
	if len(a.Recordings) == 0 {
		*status = 1
	}
	if c.JSON {
		return show.JSON(os.Stdout, a)
	}
	p := printer(os.Stdout)
	a.text(p)
	return p.Err()
}

func describe(name, file string) listed {
	l := listed{Name: name, File: show.Bytes(file)}
	f, err := os.OpenFile(file, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		l.Trouble = bare(err).Error()
		return l
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil {
		l.Size = info.Size()
	}
	l.Busy = isBusy(file)
	head, err := trail.ReadHead(f)
	if err != nil {
		if l.Trouble = err.Error(); l.Busy {
			l.Trouble = "" // nothing was written yet
		}
		return l
	}
	l.Time, l.Dir, l.Command = &head.Time, show.Bytes(head.Dir), show.Strings(head.Command)
	l.words = (&trail.Exec{Executed: event.Executed{Argv: head.Command}}).CommandLine()
	return l
}

func (a *listAnswer) text(p *show.Printer) {
	if len(a.Recordings) == 0 {
		p.Line("No recording is kept. syd-trace -- CMD makes one.")
		return
	}
	t := show.Table{Head: []string{"", "started", "size", "command"}, Right: "  r"}
	for _, l := range a.Recordings {
		when, command := "", l.words
		if l.Time != nil {
			when = l.Time.Local().Format("2006-01-02 15:04:05")
		}
		if l.Dir != "" {
			command += "  in " + show.Q(string(l.Dir))
		}
		if l.Busy {
			command = strings.TrimSpace(command + " (not finished yet)")
		}
		if l.Trouble != "" {
			command = p.Paint(show.Bad, show.Q(string(l.File))+": "+l.Trouble)
		}
		t.Add(l.Name, when, size(l.Size), command)
	}
	p.Table(&t, 0)
}
