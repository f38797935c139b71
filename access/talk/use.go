// Package talk says what calls do with sockets that a task holds already: which bytes they send and receive, and
// whether that is talk with a name service.
//
// It is pure: it reads memory that it is handed. What it reads another thread may change before the kernel does, so it
// says what a report or a recording shows, and decides nothing.
package talk

import (
	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/syscalls"
)

// Purpose is what a call does with a socket.
type Purpose uint8

// The purposes.
const (
	Sends Purpose = iota + 1
	Receives
	Closes   // the number will stand for nothing, or something else
	Connects // and whatever else makes another socket of it
)

// Form is how a call that sends or receives names its content.
type Form uint8

// The forms.
const (
	NoContent    Form = iota
	OneBuffer         // address and length are arguments 1 and 2
	ManyBuffers       // an array of struct iovec and its length are
	OneMessage        // argument 1 is a struct msghdr
	ManyMessages      // argument 1 is an array of struct mmsghdr, argument 2 its length
)

// socketUse is what a call does with the descriptor that is its first argument.
type socketUse struct {
	Purpose Purpose
	Form    Form
	flags   int8 // the argument with MSG_*; 0 for none
	to      int8 // the argument with the address of a single buffer; 0 for none
}

// usages has the calls that matter for a socket that is followed.
var usages = byCall(socketUses)

var socketUses = map[string]socketUse{
	"write": {Sends, OneBuffer, 0, 0}, "writev": {Sends, ManyBuffers, 0, 0},
	"send": {Sends, OneBuffer, 3, 0}, "sendto": {Sends, OneBuffer, 3, 4},
	"sendmsg": {Sends, OneMessage, 2, 0}, "sendmmsg": {Sends, ManyMessages, 3, 0},

	"read": {Receives, OneBuffer, 0, 0}, "readv": {Receives, ManyBuffers, 0, 0},
	"recv": {Receives, OneBuffer, 3, 0}, "recvfrom": {Receives, OneBuffer, 3, 0},
	"recvmsg": {Receives, OneMessage, 2, 0}, "recvmmsg": {Receives, ManyMessages, 3, 0},
	"recvmmsg_time64": {Receives, ManyMessages, 3, 0},

	"close": {Closes, NoContent, 0, 0}, "close_range": {Closes, NoContent, 0, 0},
	"dup2": {Closes, NoContent, 0, 0}, "dup3": {Closes, NoContent, 0, 0},
	"connect": {Connects, NoContent, 0, 0},
}

func usedAs(name string) socketUse { return socketUses[name] }

// byCall keys a table by the call instead of its name. Not every port has all of them.
func byCall(table map[string]socketUse) map[*syscalls.Call]socketUse {
	list := make(map[*syscalls.Call]socketUse, len(table))
	for name, u := range table {
		if call := syscalls.ByName(name); call != nil {
			list[call] = u
		}
	}
	return list
}

// multiplexedUsages are the same by the number that socketcall(2) has for them (linux/net.h), with how many arguments
// they have in memory.
var multiplexedUsages = map[uint32]struct {
	socketUse
	args int
}{
	3: {usedAs("connect"), 3}, 9: {usedAs("send"), 4}, 10: {usedAs("recv"), 4}, 11: {usedAs("sendto"), 6},
	12: {usedAs("recvfrom"), 6}, 16: {usedAs("sendmsg"), 3}, 17: {usedAs("recvmsg"), 3}, 19: {usedAs("recvmmsg"), 5},
	20: {usedAs("sendmmsg"), 4},
}

// Use is one call on a descriptor.
type Use struct {
	socketUse
	// FD is the descriptor.
	FD int32
	// Args are the arguments as in registers, also those of socketcall(2).
	Args [6]uint64
	call *syscalls.Call // as decoded: socketcall itself
}

// UseOf tells what a call does with which descriptor. ok is false for calls that do nothing of interest.
func UseOf(mem access.Memory, inv *syscalls.Invocation) (u Use, ok bool) {
	u.call, u.Args = inv.Call, inv.Args
	if inv.Call == callSocketcall {
		m, known := multiplexedUsages[inv.Uint(0)]
		if !known || !ReadWords(mem, inv, inv.Pointer(1), u.Args[:m.args]) {
			return u, false
		}
		u.socketUse = m.socketUse
	} else if u.socketUse, ok = usages[inv.Call]; !ok {
		return u, false
	}
	u.FD = int32(uint32(u.Args[0]))
	return u, true
}

// Flags are the call's MSG_*.
func (u *Use) Flags() uint64 {
	if u.flags == 0 {
		return 0
	}
	return u.Args[u.flags]
}

// Ends says whether the number fd is given up by the call.
func (u *Use) Ends(fd int32) bool {
	switch u.call {
	case callCloseRange:
		return uint32(u.Args[0]) <= uint32(fd) && uint32(fd) <= uint32(u.Args[1]) &&
			uint32(u.Args[2])&unix.CLOSE_RANGE_CLOEXEC == 0
	case callDup2, callDup3:
		return int32(uint32(u.Args[1])) == fd && u.FD != fd
	}
	return u.Purpose == Closes && u.FD == fd
}

var (
	callSocketcall = syscalls.ByName("socketcall")
	callCloseRange = syscalls.ByName("close_range")
	callDup2       = syscalls.ByName("dup2")
	callDup3       = syscalls.ByName("dup3")
)
