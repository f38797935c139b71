package policy

import (
	"sync"
	"syscall"

	"sydbox/arch"
	"sydbox/syscalls"
)

// condition narrows a refusal to some arguments of a call. All tests must hold; none refuses the call whatever its
// arguments.
type condition struct {
	refusal string
	errno   syscall.Errno // 0: the refusal's own
	tests   []syscalls.Test
	// stop: the filter cannot see what is to be refused, so the call stops and the tracer looks.
	stop bool
	// network: needed only where addresses are judged.
	network bool
	// signal: not needed where signals cannot leave the tree (FilterOptions.SignalsScoped).
	signal bool
}

// int32Mask is an argument that the kernel reads as an int or unsigned int, whatever is in the register's upper half.
const int32Mask = 0xffffffff

func argIs(arg uint8, value uint32) syscalls.Test {
	return syscalls.Test{Arg: arg, Mask: int32Mask, Value: uint64(value)}
}

func argIsNot(arg uint8, value uint32) syscalls.Test {
	return syscalls.Test{Arg: arg, Mask: int32Mask, Value: uint64(value), Not: true}
}

// argIs64 and argIsNot64 compare a pointer.
func argIs64(arg uint8, value uint64) syscalls.Test {
	return syscalls.Test{Arg: arg, Mask: ^uint64(0), Value: value}
}

func argIsNot64(arg uint8, value uint64) syscalls.Test {
	return syscalls.Test{Arg: arg, Mask: ^uint64(0), Value: value, Not: true}
}

// argHas holds if any of the bits is set.
func argHas(arg uint8, bits uint32) syscalls.Test {
	return syscalls.Test{Arg: arg, Mask: uint64(bits), Not: true}
}

func tests(t ...syscalls.Test) []syscalls.Test { return t }

// Bits of linux/sched.h. CLONE_NEWTIME overlaps the signal number of clone, which therefore cannot have it.
const (
	cloneNewAny   = 0x7e020000 // CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}
	clonePtrace   = 0x2000
	cloneUntraced = 0x800000
	// unshareFree are CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_THREAD and CLONE_SYSVSEM.
	unshareFree = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000
)

// Values of linux/socket.h, linux/net.h, linux/in.h. Those of the families and protocols are the same everywhere; MIPS
// swaps SOCK_STREAM and SOCK_DGRAM, which makes no difference to a set that has both.
const (
	afUnix, afInet, afInet6, afNetlink = 1, 2, 10, 16

	sockStream, sockDgram, sockRaw, sockPacket = 1, 2, 3, 10
	sockTypeMask                               = 0xf // the rest is SOCK_CLOEXEC and SOCK_NONBLOCK

	protoICMP, protoTCP, protoUDP, protoICMPv6, protoUDPLite = 1, 6, 17, 58, 136

	netlinkRoute = 0

	socketcallSocket, socketcallSocketpair = 1, 8
)

// Modes of mknod and values of sys/personality.h, linux/prctl.h and linux/seccomp.h.
const (
	modeType, modeChar, modeBlock = 0o170000, 0o020000, 0o060000

	personalityFree  = 0x8 | 0x20000 | 0x40000 // PER_LINUX32, UNAME26, ADDR_NO_RANDOMIZE
	personalityQuery = 0xffffffff

	prSetMM = 35

	rlimitCore = 4 // on every machine

	seccompSetModeFilter, seccompNewListener = 1, 8
)

// typeIs holds if a socket's type is t, whatever flags come with it.
func typeIs(arg uint8, t uint64, not bool) syscalls.Test {
	return syscalls.Test{Arg: arg, Mask: sockTypeMask, Value: t, Not: not}
}

// foreignFamily refuses all families but those that rules can speak about, and netlink, which tells programs what
// addresses the machine has.
var foreignFamily = condition{refusal: "sockets", tests: tests(
	argIsNot(0, afUnix), argIsNot(0, afInet), argIsNot(0, afInet6), argIsNot(0, afNetlink))}

func inetConditions(family uint32) []condition {
	is := argIs(0, family)
	return []condition{
		// As without CAP_NET_RAW: ping then tries a datagram socket.
		{refusal: "sockets", errno: syscall.EPERM, tests: tests(is, typeIs(1, sockRaw, false))},
		{refusal: "sockets", errno: syscall.EPERM, tests: tests(is, typeIs(1, sockPacket, false))},
		{refusal: "sockets", errno: syscall.ESOCKTNOSUPPORT,
			tests: tests(is, typeIs(1, sockStream, true), typeIs(1, sockDgram, true))},
		// SCTP, MPTCP and others connect by ways that no rule judges; L2TP is a raw socket of type SOCK_DGRAM.
		{refusal: "sockets", errno: syscall.EPROTONOSUPPORT, tests: tests(is, argIsNot(2, 0), argIsNot(2, protoICMP),
			argIsNot(2, protoTCP), argIsNot(2, protoUDP), argIsNot(2, protoICMPv6), argIsNot(2, protoUDPLite))},
	}
}

// conditional has the calls of which only some arguments are refused. Every other call with a Refusal is refused as a
// whole.
var conditional = sync.OnceValue(func() map[string][]condition {
	return map[string][]condition{
		"clone": {
			{refusal: "untraced", tests: tests(argHas(0, cloneUntraced|clonePtrace))},
			{refusal: "userns", tests: tests(argHas(0, cloneNewAny))},
		},
		// Any other flag makes a namespace, or may in a kernel to come: UNSHARE_EMPTY_MNTNS (7.1) has a bit that said nothing
		// here before.
		"unshare": {{refusal: "userns", tests: tests(syscalls.Test{Arg: 0, Mask: ^uint64(unshareFree), Not: true})}},
		// Asking for the limit stays, and so does every other limit.
		"setrlimit": {{refusal: "core", tests: tests(argIs(0, rlimitCore))}},
		"seccomp":   {{refusal: "notify", tests: tests(argIs(0, seccompSetModeFilter), argHas(1, seccompNewListener))}},
		"personality": {{refusal: "personality", tests: tests(
			argIsNot(0, personalityQuery), argHas(0, ^uint32(personalityFree)))}},
		// Process 0 is the caller itself. Its own number is refused too: a filter cannot know it.
		"move_pages":    {{refusal: "move_pages", tests: tests(argIsNot(0, 0))}},
		"migrate_pages": {{refusal: "move_pages", tests: tests(argIsNot(0, 0))}},
		"mknod":         deviceConditions(1),
		"mknodat":       deviceConditions(2),
		"socket": concat([]condition{foreignFamily}, inetConditions(afInet), inetConditions(afInet6), []condition{
			{refusal: "sockets", errno: syscall.EPROTONOSUPPORT,
				tests: tests(argIs(0, afNetlink), argIsNot(2, netlinkRoute))},
		}),
		"socketpair": {foreignFamily},
		// The C library of i386 makes sockets by this call on every kernel, as does Go: ENOSYS, which would send them to
		// socket(2), would break both. The family is in memory, so the call stops: see Refuses.
		"socketcall": {
			{refusal: "sockets", stop: true, tests: tests(argIs(0, socketcallSocket))},
			{refusal: "sockets", stop: true, tests: tests(argIs(0, socketcallSocketpair))},
			{refusal: routing, stop: true, network: true, tests: tests(argIs(0, socketcallSetsockopt))},
		},
	}
})

// cloneS390: s390 has the flags of clone in its second argument (CONFIG_CLONE_BACKWARDS2).
var cloneS390 = []condition{
	{refusal: "untraced", tests: tests(argHas(1, cloneUntraced|clonePtrace))},
	{refusal: "userns", tests: tests(argHas(1, cloneNewAny))},
}

func terminalConditions(tiocsti, tioclinux uint32) []condition {
	return []condition{
		{refusal: "tiocsti", tests: tests(argIs(1, tiocsti))},
		{refusal: "tiocsti", tests: tests(argIs(1, tioclinux))},
	}
}

// deviceConditions stop a mknod of a device, so that it fails as it would without CAP_MKNOD: EEXIST comes first.
func deviceConditions(mode uint8) []condition {
	return []condition{
		{refusal: "devices", stop: true, tests: tests(syscalls.Test{Arg: mode, Mask: modeType, Value: modeChar})},
		{refusal: "devices", stop: true, tests: tests(syscalls.Test{Arg: mode, Mask: modeType, Value: modeBlock})},
	}
}

func concat(lists ...[]condition) (all []condition) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// whole has a condition without tests for each refusal.
var whole = sync.OnceValue(func() map[string][]condition {
	m := make(map[string][]condition, len(Refusals))
	for i := range Refusals {
		m[Refusals[i].Name] = []condition{{refusal: Refusals[i].Name}}
	}
	return m
})

// conditionsOf returns what of a call is refused in an ABI, in the order in which it is tested. It allocates nothing
// but the tables, once.
func conditionsOf(abi *arch.ABI, call *syscalls.Call) []condition {
	const emS390 = 22
	machine := uint16(abi.Audit) // the low half of an audit word is the ELF machine
	switch call.Name {
	case "clone":
		if machine == emS390 {
			return cloneS390
		}
	case "fcntl", "fcntl64":
		return ioOf(machine).fcntl
	case "ioctl":
		return ioOf(machine).ioctl
	case "setsockopt":
		return setsockoptOf(machine)
	}
	if list, ok := conditional()[call.Name]; ok {
		return list
	}
	if list, ok := tasks()[call.Name]; ok {
		return list
	}
	return whole()[call.Refusal]
}

// conditionsOf is the same for this policy, whose rules may let families of sockets through.
func (p *Policy) conditionsOf(abi *arch.ABI, call *syscalls.Call) []condition {
	switch {
	case p.families.socket == nil:
	case call.Name == "socket":
		return p.families.socket
	case call.Name == "socketpair":
		return p.families.socketpair
	}
	return conditionsOf(abi, call)
}

// holds says whether the condition applies to argument registers.
func (c *condition) holds(args *[6]uint64) bool {
	for _, t := range c.tests {
		if !t.Holds(args) {
			return false
		}
	}
	return true
}

// error returns what the call fails with.
func (c *condition) error() syscall.Errno {
	if c.errno != 0 {
		return c.errno
	}
	return LookupRefusal(c.refusal).Errno
}

// stands says that the policy does not lift the condition's refusal.
func (p *Policy) stands(c *condition) bool {
	if c.network && !p.PolicesNetwork() {
		return false
	}
	return LookupRefusal(c.refusal).Fixed || !p.Lifted(c.refusal)
}

// Refuses says which refusal a call with these arguments meets, and what it fails with; nil if it meets none. The
// filter has already answered for arguments in registers. It is for the handler of socketcall, which asks about
// "socket", "socketpair" or "setsockopt" with the arguments that it read from memory, and then asks Family. It allocates nothing.
func (p *Policy) Refuses(abi *arch.ABI, call *syscalls.Call, args *[6]uint64) (*Refusal, syscall.Errno) {
	list := p.conditionsOf(abi, call)
	for i := range list {
		if c := &list[i]; !c.stop && p.stands(c) && c.holds(args) {
			return LookupRefusal(c.refusal), c.error()
		}
	}
	return nil, 0
}
