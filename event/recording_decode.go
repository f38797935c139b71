package event

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// line has every field of the lines of a recording: one decode each, as a recording has hundreds of thousands.
type line struct {
	V    int       `json:"v"`
	Type string    `json:"type"`
	Time time.Time `json:"time"`
	At   int64     `json:"at"`
	ID   int       `json:"id"`
	PID  int       `json:"pid"`

	Op, Call, Flags, Errno, Kind, Denied, Protocol, Signal, What string

	Path       string   `json:"path"`
	PathB      *[]byte  `json:"path_b64"`
	To         string   `json:"to"`
	ToB        *[]byte  `json:"to_b64"`
	Typed      string   `json:"typed"`
	TypedB     *[]byte  `json:"typed_b64"`
	Dir        string   `json:"dir"`
	DirB       *[]byte  `json:"dir_b64"`
	Script     string   `json:"script"`
	ScriptB    *[]byte  `json:"script_b64"`
	Text       string   `json:"text"`
	TextB      *[]byte  `json:"text_b64"`
	Host       string   `json:"host"`
	HostB      *[]byte  `json:"host_b64"`
	Address    string   `json:"address"`
	AddressB   *[]byte  `json:"address_b64"`
	DeniedB    *[]byte  `json:"denied_b64"`
	Server     string   `json:"server"`
	ServerB    *[]byte  `json:"server_b64"`
	Argv       []string `json:"argv"`
	ArgvB      []string `json:"argv_b64"`
	Set        []string `json:"set"`
	SetB       []string `json:"set_b64"`
	Unset      []string `json:"unset"`
	UnsetB     []string `json:"unset_b64"`
	Names      []string `json:"names"`
	NamesB     []string `json:"names_b64"`
	Stdio      []string `json:"stdio"`
	StdioB     []string `json:"stdio_b64"`
	Addresses  []string `json:"addresses"`
	AddressesB []string `json:"addresses_b64"`

	Parent      int   `json:"parent"`
	Attached    bool  `json:"attached"`
	Last        int64 `json:"last"`
	Count       int   `json:"count"`
	Injected    bool  `json:"injected"`
	From        int   `json:"from"`
	Cut         int64 `json:"cut"`
	Exit        int   `json:"exit"`
	Core        bool  `json:"core"`
	Lost        bool  `json:"lost"`
	User        int64 `json:"user"`
	System      int64 `json:"system"`
	MaxRSS      int64 `json:"maxrss"`
	Read        int64 `json:"read"`
	Written     int64 `json:"written"`
	Threads     int   `json:"threads"`
	Interrupted bool  `json:"interrupted"`
	Processes   int   `json:"processes"`
	Lines       int   `json:"lines"`
	Alive       []int `json:"alive"`

	err error
}

// ParseRecorded reads one line of a recording. It reads what Parse reads and is faster for what recordings are made
// of.
func ParseRecorded(text []byte) (Event, error) {
	// The first line, and those of a log, have fields of other types under the same names.
	if e, err := parseLine(text); err == nil {
		return e, nil
	}
	return Parse(text)
}

// decoders are lines to decode into: each has a kilobyte, most of it for fields that a line does not have.
var decoders = sync.Pool{New: func() any { return new(line) }}

// parseLine reads what is neither the first line of a recording nor a line of a log.
func parseLine(text []byte) (Event, error) {
	l := decoders.Get().(*line)
	defer decoders.Put(l)
	*l = line{}
	if err := json.Unmarshal(text, l); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	if e := l.event(); l.V == Version && e != nil && l.err == nil {
		return e, nil
	}
	if l.err != nil {
		return nil, fmt.Errorf("event: %w", l.err)
	}
	return nil, fmt.Errorf("event: type %q: %w", l.Type, ErrUnknown)
}

// event makes the event of a line; nil for a type that is not one of those that make up a recording.
func (l *line) event() Event {
	switch l.Type {
	case "used":
		return &Used{At: l.At, ID: l.ID, Op: l.Op, Path: raw(l.Path, l.PathB), To: raw(l.To, l.ToB),
			Typed: raw(l.Typed, l.TypedB), Call: l.Call, Flags: l.Flags, Errno: l.Errno, Kind: l.Kind, Last: l.Last,
			Count: l.Count, Denied: raw(l.Denied, l.DeniedB), Injected: l.Injected}
	case "born":
		return &Born{At: l.At, ID: l.ID, PID: l.PID, Parent: l.Parent, Dir: raw(l.Dir, l.DirB), Attached: l.Attached}
	case "exec":
		e := &Executed{At: l.At, ID: l.ID, Path: raw(l.Path, l.PathB), Typed: raw(l.Typed, l.TypedB),
			Script: raw(l.Script, l.ScriptB), Names: l.raws("names", l.Names, l.NamesB), Argv: l.raws("argv", l.Argv, l.ArgvB),
			Dir: raw(l.Dir, l.DirB), Set: l.raws("set", l.Set, l.SetB), Unset: l.raws("unset", l.Unset, l.UnsetB),
			Denied: raw(l.Denied, l.DeniedB)}
		copy(e.Stdio[:], l.raws("stdio", l.Stdio, l.StdioB))
		return e
	case "net":
		return &Reached{At: l.At, ID: l.ID, Op: l.Op, Address: raw(l.Address, l.AddressB), Protocol: l.Protocol,
			Host: raw(l.Host, l.HostB), Errno: l.Errno, Denied: raw(l.Denied, l.DeniedB)}
	case "name":
		return &Asked{At: l.At, ID: l.ID, Host: raw(l.Host, l.HostB), Server: raw(l.Server, l.ServerB),
			Addresses: l.raws("addresses", l.Addresses, l.AddressesB)}
	case "signal":
		return &Signalled{At: l.At, ID: l.ID, Signal: l.Signal, From: l.From, PID: l.PID}
	case "said":
		return &Said{At: l.At, ID: l.ID, Text: raw(l.Text, l.TextB), Cut: l.Cut, Lost: l.Lost}
	case "hint":
		return &Hinted{At: l.At, ID: l.ID, What: l.What, Call: l.Call}
	case "end":
		return &Ended{At: l.At, ID: l.ID, Exit: l.Exit, Signal: l.Signal, Core: l.Core, User: l.User, System: l.System,
			MaxRSS: l.MaxRSS, ReadBytes: l.Read, WriteBytes: l.Written, Threads: l.Threads}
	case "finish":
		return &Finished{At: l.At, Exit: l.Exit, Signal: l.Signal, Interrupted: l.Interrupted, Processes: l.Processes,
			Lines: l.Lines, Alive: l.Alive}
	}
	return nil
}

// recording is the first line of a recording.
func (o *object) recording() *Recording {
	r := &Recording{
		Time: o.time("time"), Tool: o.text("tool"), Command: o.texts("command"), Dir: o.text("dir"), Env: o.texts("env"),
		Host: o.text("host"), Kernel: o.text("kernel"), Machine: o.text("machine"), CPUs: o.integer("cpus"),
		UID: o.integer("uid"), GID: o.integer("gid"), Policies: o.texts("policies"), Injected: o.texts("injected"),
	}
	o.get("attached", &r.Attached)
	return r
}

// raw prefers the bytes of the base64 twin.
func raw(s string, twin *[]byte) string {
	if twin != nil {
		return string(*twin)
	}
	return s
}

func (l *line) raws(name string, list, twins []string) []string {
	if twins == nil {
		return list
	}
	out := make([]string, len(twins))
	for i, twin := range twins {
		b, err := base64.StdEncoding.DecodeString(twin)
		if err != nil && l.err == nil {
			l.err = fmt.Errorf("field %s_b64: %w", name, err)
		}
		out[i] = string(b)
	}
	return out
}
