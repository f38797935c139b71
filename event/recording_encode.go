package event

import "strconv"

// AppendJSON implements Event.
func (r *Recording) AppendJSON(b []byte) []byte {
	b = appendHead(b, "recording", r.Time)
	b = appendField(b, "tool", r.Tool)
	b = appendList(b, "command", r.Command)
	b = appendField(b, "dir", r.Dir)
	b = appendList(b, "env", r.Env)
	b = appendOptional(b, "host", r.Host)
	b = appendOptional(b, "kernel", r.Kernel)
	b = appendOptional(b, "machine", r.Machine)
	b = appendInt(b, "cpus", r.CPUs)
	b = appendInt(b, "uid", r.UID)
	b = appendInt(b, "gid", r.GID)
	b = appendInts(b, "attached", r.Attached)
	b = appendList(b, "policies", r.Policies)
	b = appendList(b, "injected", r.Injected)
	return append(b, '}')
}

// AppendJSON implements Event.
func (e *Born) AppendJSON(b []byte) []byte {
	b = appendLine(b, "born", e.At, e.ID)
	b = appendInt(b, "pid", e.PID)
	b = appendCount(b, "parent", int64(e.Parent))
	b = appendOptional(b, "dir", e.Dir)
	b = appendFlag(b, "attached", e.Attached)
	return append(b, '}')
}

// AppendJSON implements Event.
func (e *Executed) AppendJSON(b []byte) []byte {
	b = appendLine(b, "exec", e.At, e.ID)
	b = appendField(b, "path", e.Path)
	b = appendOptional(b, "typed", e.Typed)
	b = appendOptional(b, "script", e.Script)
	b = appendList(b, "names", e.Names)
	b = appendStrings(b, "argv", e.Argv)
	b = appendOptional(b, "dir", e.Dir)
	b = appendList(b, "set", e.Set)
	b = appendList(b, "unset", e.Unset)
	if e.Stdio != [3]string{} {
		b = appendStrings(b, "stdio", e.Stdio[:])
	}
	b = appendOptional(b, "denied", e.Denied)
	return append(b, '}')
}

// AppendJSON implements Event.
func (e *Used) AppendJSON(b []byte) []byte {
	b = appendLine(b, "used", e.At, e.ID)
	b = appendField(b, "op", e.Op)
	b = appendField(b, "path", e.Path)
	b = appendOptional(b, "to", e.To)
	b = appendOptional(b, "typed", e.Typed)
	b = appendOptional(b, "call", e.Call)
	b = appendOptional(b, "flags", e.Flags)
	b = appendOptional(b, "errno", e.Errno)
	b = appendOptional(b, "kind", e.Kind)
	b = appendCount(b, "last", e.Last)
	b = appendCount(b, "count", int64(e.Count))
	b = appendOptional(b, "denied", e.Denied)
	b = appendFlag(b, "injected", e.Injected)
	return append(b, '}')
}

// AppendJSON implements Event.
func (e *Reached) AppendJSON(b []byte) []byte {
	b = appendLine(b, "net", e.At, e.ID)
	b = appendField(b, "op", e.Op)
	b = appendField(b, "address", e.Address)
	b = appendOptional(b, "protocol", e.Protocol)
	b = appendOptional(b, "host", e.Host)
	b = appendOptional(b, "errno", e.Errno)
	b = appendOptional(b, "denied", e.Denied)
	return append(b, '}')
}

// AppendJSON implements Event.
func (e *Asked) AppendJSON(b []byte) []byte {
	b = appendLine(b, "name", e.At, e.ID)
	b = appendField(b, "host", e.Host)
	b = appendOptional(b, "server", e.Server)
	b = appendList(b, "addresses", e.Addresses)
	return append(b, '}')
}

// AppendJSON implements Event.
func (e *Signalled) AppendJSON(b []byte) []byte {
	b = appendLine(b, "signal", e.At, e.ID)
	b = appendField(b, "signal", e.Signal)
	b = appendCount(b, "from", int64(e.From))
	b = appendCount(b, "pid", int64(e.PID))
	return append(b, '}')
}

// AppendJSON implements Event.
func (e *Said) AppendJSON(b []byte) []byte {
	b = appendLine(b, "said", e.At, e.ID)
	b = appendField(b, "text", e.Text)
	b = appendCount(b, "cut", e.Cut)
	b = appendFlag(b, "lost", e.Lost)
	return append(b, '}')
}

// AppendJSON implements Event.
func (e *Hinted) AppendJSON(b []byte) []byte {
	b = appendLine(b, "hint", e.At, e.ID)
	b = appendField(b, "what", e.What)
	b = appendOptional(b, "call", e.Call)
	return append(b, '}')
}

// AppendJSON implements Event.
func (e *Ended) AppendJSON(b []byte) []byte {
	b = appendLine(b, "end", e.At, e.ID)
	b = appendInt(b, "exit", e.Exit)
	b = appendOptional(b, "signal", e.Signal)
	b = appendFlag(b, "core", e.Core)
	b = appendCount(b, "user", e.User)
	b = appendCount(b, "system", e.System)
	b = appendCount(b, "maxrss", e.MaxRSS)
	b = appendCount(b, "read", e.ReadBytes)
	b = appendCount(b, "written", e.WriteBytes)
	b = appendCount(b, "threads", int64(e.Threads))
	return append(b, '}')
}

// AppendJSON implements Event.
func (e *Finished) AppendJSON(b []byte) []byte {
	b = appendLine(b, "finish", e.At, 0)
	b = appendInt(b, "exit", e.Exit)
	b = appendOptional(b, "signal", e.Signal)
	b = appendFlag(b, "interrupted", e.Interrupted)
	b = appendInt(b, "processes", e.Processes)
	b = appendInt(b, "lines", e.Lines)
	b = appendInts(b, "alive", e.Alive)
	return append(b, '}')
}

// appendLine begins a line of a recording.
func appendLine(b []byte, kind string, at int64, id int) []byte {
	b = append(b, `{"v":1,"type":"`...)
	b = append(b, kind...)
	b = append(b, `","at":`...)
	b = strconv.AppendInt(b, at, 10)
	if id != 0 {
		b = appendInt(b, "id", id)
	}
	return b
}

// appendCount writes a number unless it is 0.
func appendCount(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	b = appendName(b, name, "")
	return strconv.AppendInt(b, n, 10)
}

func appendFlag(b []byte, name string, set bool) []byte {
	if !set {
		return b
	}
	return append(appendName(b, name, ""), "true"...)
}

// appendList writes a list of strings unless it is empty.
func appendList(b []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return b
	}
	return appendStrings(b, name, list)
}

func appendInts(b []byte, name string, list []int) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(appendName(b, name, ""), '[')
	for i, n := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return append(b, ']')
}
