package deputy

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"

	"sydbox/access"
)

// Numbers of devices: Documentation/admin-guide/devices.txt.
const (
	majorMem  = 1   // null and its kin
	majorTTY  = 4   // virtual consoles, and serial lines from minor 64 on
	majorAux  = 5   // the device of the controlling terminal, console, ptmx
	majorPTS  = 136 // the slaves of pseudo terminals, up to 143
	firstLine = 64
	majorMisc = 10
)

var (
	controlling = unix.Mkdev(majorAux, 0)
	tun         = unix.Mkdev(majorMisc, 200)
)

// ofNamespaces says whether a device remembers the namespaces of whoever opened it: tun and fuse. A task that has
// others than the tracer opens it itself.
func ofNamespaces(dev uint64) bool {
	return dev == tun || dev == unix.Mkdev(majorMisc, 229)
}

// neverWaits says whether an open of a character device is over at once, whatever anybody does to it. Terminals are not
// among them: while a line discipline is being changed, which a reader can hold up for seconds, no open gets on.
func neverWaits(dev uint64) bool {
	switch dev {
	case unix.Mkdev(majorMem, 3), unix.Mkdev(majorMem, 5), unix.Mkdev(majorMem, 7), // null, zero, full
		unix.Mkdev(majorMem, 8), unix.Mkdev(majorMem, 9), // random, urandom
		unix.Mkdev(majorAux, 2): // ptmx
		return true
	}
	return false
}

// device opens a character device.
func (op *opening) device(pin int, dev uint64) Outcome {
	switch {
	case neverWaits(dev):
		return op.now(pin, 0)
	case dev == controlling:
		return op.terminal(pin)
	case op.d.ownNetwork && dev == tun:
		return done(unix.EPERM) // opened by the tracer it would lead out of the tree's network namespace (tun_chr_open)
	case op.d.namespaces && op.inert() && ofNamespaces(dev):
		if errno := op.d.Own(); errno != 0 {
			return done(errno)
		}
		if op.d.otherNamespace() {
			return Outcome{Kind: Leave}
		}
	}
	return op.wait(pin)
}

// terminal opens /dev/tty, which is the controlling terminal of whoever opens it. The tracer's is the task's if both
// are of one session; else it is looked for by its number.
func (op *opening) terminal(pin int) Outcome {
	d := op.d
	var st unix.Stat_t
	if errno := fstat(pin, &st); errno != 0 {
		return done(errno)
	}
	if !d.permits(&st, op.c.acc.List[0].Op) {
		return done(unix.EACCES)
	}
	if errno := d.Own(); errno != 0 {
		return done(errno)
	}
	session, dev, ok := d.terminalOf(d.tid)
	ownSession, ownDev, ownOK := d.terminalOf(0)
	switch {
	case !ok || dev == 0:
		return done(unix.ENXIO)
	case ownOK && session == ownSession && dev == ownDev:
		return op.wait(pin)
	}
	dir, _ := op.c.pins.Parent(0)
	tty := d.askTerminal(dir, dev)
	if tty < 0 {
		return done(unix.ENXIO)
	}
	out := op.wait(tty)
	closeFD(tty)
	return out
}

// permits says whether the bits of a mode let the task do op. Lists of access rights are not asked.
func (d *Deputy) permits(st *unix.Stat_t, op access.Op) bool {
	if d.actingCaps()&(1<<unix.CAP_DAC_OVERRIDE) != 0 {
		return true
	}
	return byMode(d.who(), st, op)
}

// byMode is permits without capabilities.
func byMode(who *identity, st *unix.Stat_t, op access.Op) bool {
	bits := uint32(st.Mode)
	switch {
	case who.uid == st.Uid:
		bits >>= 6
	case who.in(st.Gid):
		bits >>= 3
	}
	return (op&access.Read == 0 || bits&4 != 0) && (op&access.Write == 0 || bits&2 != 0)
}

func (d *Deputy) actingCaps() uint64 {
	if d.same {
		return d.own.effective
	}
	return d.acting
}

func (who *identity) in(gid uint32) bool {
	if who.gid == gid {
		return true
	}
	for _, g := range who.groups {
		if g == gid {
			return true
		}
	}
	return false
}

// terminalOf reads session and controlling terminal (0: none) of a task from its stat: proc_pid_stat(5). tid 0 is the
// calling thread.
func (d *Deputy) terminalOf(tid int) (session, dev uint64, ok bool) {
	text, errno := d.readEntry(d.entry(tid, "stat"))
	if errno != 0 {
		return 0, 0, false
	}
	return parseStat(text)
}

// parseStat finds session and terminal in the text of a stat.
func parseStat(text []byte) (session, dev uint64, ok bool) {
	end := len(text)
	for end > 0 && text[end-1] != ')' { // the name before it is the task's own choice
		end--
	}
	if end == 0 || end == len(text) {
		return 0, 0, false
	}
	list := bytes.TrimSpace(text[end:])
	for range 3 { // state, parent, process group
		cut(&list)
	}
	session, ok = parseUint(cut(&list), 10)
	n, ok2 := parseUint(cut(&list), 10)
	return session, unix.Mkdev(uint32(n>>8&0xfff), uint32(n&0xff|n>>12&0xfff00)), ok && ok2
}

// askTerminal is findTerminal on the tracer's thread.
func (d *Deputy) askTerminal(dir int, dev uint64) (tty int) {
	d.asTracer(func() { tty = d.findTerminal(dir, dev) })
	return tty
}

// findTerminal returns a handle of the terminal with a number: one that the task has open, or one in dir, the directory
// of devices that was named, or the tracer's; -1 if there is none.
//
// Precondition: the tracer's thread, with its own rights.
func (d *Deputy) findTerminal(dir int, dev uint64) int {
	for n := int32(0); n < 3; n++ {
		if fd := openDevice(d.proc, d.entryFD(d.tid, "fd/", n), unix.O_PATH, dev); fd >= 0 {
			return fd
		}
	}
	name := terminalName(dev)
	if name == "" {
		return -1
	}
	if dir >= 0 {
		if fd := openDevice(dir, []byte(name+"\x00"), unix.O_PATH|unix.O_NOFOLLOW, dev); fd >= 0 {
			return fd
		}
	}
	return openDevice(d.proc, []byte("/dev/"+name+"\x00"), unix.O_PATH|unix.O_NOFOLLOW, dev)
}

// openDevice returns a handle of what name leads to if it is the character device with that number, else -1.
func openDevice(dir int, name []byte, flags int, dev uint64) int {
	fd, errno := openAt(dir, name, flags, 0)
	if errno != 0 {
		return -1
	}
	var st unix.Stat_t
	if fstat(fd, &st) != 0 || st.Mode&unix.S_IFMT != unix.S_IFCHR || uint64(st.Rdev) != dev {
		closeFD(fd)
		return -1
	}
	return fd
}

// terminalName is the name of a terminal in a directory of devices; "" if it has no well-known one.
func terminalName(dev uint64) string {
	major, minor := unix.Major(dev), uint64(unix.Minor(dev))
	switch {
	case major >= majorPTS && major < majorPTS+8:
		return "pts/" + strconv.FormatUint(uint64(major-majorPTS)<<8+minor, 10)
	case major == majorTTY && minor < firstLine:
		return "tty" + strconv.FormatUint(minor, 10)
	case major == majorTTY:
		return "ttyS" + strconv.FormatUint(minor-firstLine, 10)
	case major == majorAux && minor == 1:
		return "console"
	}
	return ""
}
