package sandbox

import (
	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/syscalls"
)

// service is a name service that a socket talks to, which tells how what it says is read.
type service uint8

const (
	noService    service = iota
	dnsDatagrams         // port 53 by UDP
	dnsStream            // port 53 by TCP
	nscd                 // the name service cache daemon
	resolved             // systemd-resolved, by varlink
)

// Where the services of this machine are asked, as the kernel resolves it (/var/run is a link).
const (
	nscdSocket     = "/run/nscd/socket"
	nscdSocketOld  = "/var/run/nscd/socket"
	resolvedSocket = "/run/systemd/resolve/io.systemd.Resolve"
)

// serviceOf tells which service is reached by an address. protocol is the socket's (SO_PROTOCOL).
func serviceOf(a *access.Access, protocol int) service {
	switch {
	case a.Addr.Path():
		switch string(a.Object.Path) {
		case nscdSocket, nscdSocketOld:
			return nscd
		case resolvedSocket:
			return resolved
		}
	case !a.Addr.Inet() || a.Addr.Port != domainPort:
	case protocol == unix.IPPROTO_UDP:
		return dnsDatagrams
	case protocol == unix.IPPROTO_TCP, protocol == unix.IPPROTO_MPTCP:
		return dnsStream
	}
	return noService
}

// purpose is what a call does with a socket.
type purpose uint8

const (
	sends purpose = iota + 1
	receives
	closes   // the number will stand for nothing, or something else
	connects // and whatever else makes another socket of it
)

// form is how a call that sends or receives names its content.
type form uint8

const (
	noContent    form = iota
	oneBuffer         // address and length are arguments 1 and 2
	manyBuffers       // an array of struct iovec and its length are
	oneMessage        // argument 1 is a struct msghdr
	manyMessages      // argument 1 is an array of struct mmsghdr, argument 2 its length
)

// socketUse is what a call does with the descriptor that is its first argument.
type socketUse struct {
	purpose purpose
	form    form
	flags   int8 // the argument with MSG_*; 0 for none
	to      int8 // the argument with the address of a single buffer; 0 for none
}

// usages has the calls that matter for a socket that is followed.
var usages = byCall(socketUses)

var socketUses = map[string]socketUse{
	"write": {sends, oneBuffer, 0, 0}, "writev": {sends, manyBuffers, 0, 0},
	"send": {sends, oneBuffer, 3, 0}, "sendto": {sends, oneBuffer, 3, 4},
	"sendmsg": {sends, oneMessage, 2, 0}, "sendmmsg": {sends, manyMessages, 3, 0},

	"read": {receives, oneBuffer, 0, 0}, "readv": {receives, manyBuffers, 0, 0},
	"recv": {receives, oneBuffer, 3, 0}, "recvfrom": {receives, oneBuffer, 3, 0},
	"recvmsg": {receives, oneMessage, 2, 0}, "recvmmsg": {receives, manyMessages, 3, 0},
	"recvmmsg_time64": {receives, manyMessages, 3, 0},

	"close": {closes, noContent, 0, 0}, "close_range": {closes, noContent, 0, 0},
	"dup2": {closes, noContent, 0, 0}, "dup3": {closes, noContent, 0, 0},
	"connect": {connects, noContent, 0, 0},
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

// use is one call on a descriptor.
type use struct {
	socketUse
	fd   int32
	args [6]uint64
	call *syscalls.Call // as decoded: socketcall itself
}

// useOf tells what a call does with which descriptor. ok is false for calls that do nothing of interest.
func useOf(mem access.Memory, inv *syscalls.Invocation) (u use, ok bool) {
	u.call, u.args = inv.Call, inv.Args
	if inv.Call == callSocketcall {
		m, known := multiplexedUsages[inv.Uint(0)]
		if !known || !readWords(mem, inv, inv.Pointer(1), u.args[:m.args]) {
			return u, false
		}
		u.socketUse = m.socketUse
	} else if u.socketUse, ok = usages[inv.Call]; !ok {
		return u, false
	}
	u.fd = int32(uint32(u.args[0]))
	return u, true
}

// ends says whether the number fd is given up by the call.
func (u *use) ends(fd int32) bool {
	switch u.call {
	case callCloseRange:
		return uint32(u.args[0]) <= uint32(fd) && uint32(fd) <= uint32(u.args[1]) &&
			uint32(u.args[2])&unix.CLOSE_RANGE_CLOEXEC == 0
	case callDup2, callDup3:
		return int32(uint32(u.args[1])) == fd && u.fd != fd
	}
	return u.purpose == closes && u.fd == fd
}

var (
	callCloseRange = syscalls.ByName("close_range")
	callDup2       = syscalls.ByName("dup2")
	callDup3       = syscalls.ByName("dup3")
)
