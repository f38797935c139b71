package policy

import (
	"fmt"
	"math/bits"
	"strings"
	"sync"

	"sydbox/access"
	"sydbox/arch"
	"sydbox/syscalls"
)

// argument is how people call an argument and its values. Package access knows those that say what a call does to a
// file; these are the ones that only refusals look at.
type argument struct {
	name   string
	values []value
}

type value struct {
	value uint64
	name  string
}

type callArg struct {
	call string
	arg  uint8
}

var (
	cloneFlags = argument{"flags", []value{
		{0x2000, "CLONE_PTRACE"}, {0x20000, "CLONE_NEWNS"}, {0x800000, "CLONE_UNTRACED"},
		{0x02000000, "CLONE_NEWCGROUP"}, {0x04000000, "CLONE_NEWUTS"}, {0x08000000, "CLONE_NEWIPC"},
		{0x10000000, "CLONE_NEWUSER"}, {0x20000000, "CLONE_NEWPID"}, {0x40000000, "CLONE_NEWNET"},
	}}
	whichProcess = argument{"pid", nil}
	whichKind    = argument{"which", nil}
	fcntlCommand = argument{"cmd", []value{
		{fSetfl, "F_SETFL"}, {uint64(ioSparc.setown), "F_SETOWN"}, {uint64(ioGeneric.setown), "F_SETOWN"},
		{uint64(ioMIPS.setown), "F_SETOWN"}, {fSetownEx, "F_SETOWN_EX"},
		{fSetdeleg, "F_SETDELEG"},
	}}
	fcntlArgument = argument{"arg", []value{
		{uint64(ioGeneric.async), "O_ASYNC"}, {uint64(ioMIPS.async), "O_ASYNC"}, {uint64(ioSparc.async), "O_ASYNC"},
	}}
)

// arguments has what people call the arguments that refusals test.
var arguments = sync.OnceValue(func() map[callArg]argument {
	families := argument{"family", familyValues()}
	return map[callArg]argument{
		{"clone", 0}: cloneFlags,
		{"clone", 1}: cloneFlags,
		{"unshare", 0}: {"flags", []value{
			{0x100, "CLONE_VM"}, {0x200, "CLONE_FS"}, {0x400, "CLONE_FILES"}, {0x800, "CLONE_SIGHAND"},
			{0x10000, "CLONE_THREAD"}, {0x40000, "CLONE_SYSVSEM"},
		}},
		{"ioctl", 1}: {"request", ioctlNames()},
		{"prctl", 0}: {"option", []value{
			{prSetMM, "PR_SET_MM"}, {prSetName, "PR_SET_NAME"}, {prSchedCore, "PR_SCHED_CORE"},
		}},
		{"seccomp", 0}: {"operation", []value{{seccompSetModeFilter, "SECCOMP_SET_MODE_FILTER"}}},
		{"seccomp", 1}: {"flags", []value{{seccompNewListener, "SECCOMP_FILTER_FLAG_NEW_LISTENER"}}},
		{"personality", 0}: {"persona", []value{
			{0x8, "PER_LINUX32"}, {0x20000, "UNAME26"}, {0x40000, "ADDR_NO_RANDOMIZE"},
		}},
		{"move_pages", 0}:    whichProcess,
		{"migrate_pages", 0}: whichProcess,

		{"sched_setaffinity", 0}:  whichProcess,
		{"sched_set_affinity", 0}: whichProcess,
		{"sched_setattr", 0}:      whichProcess,
		{"sched_setparam", 0}:     whichProcess,
		{"sched_setscheduler", 0}: whichProcess,
		{"get_robust_list", 0}:    whichProcess,
		{"prlimit64", 0}:          whichProcess,
		{"setpriority", 0}:        whichKind,
		{"setpriority", 1}:        {"who", nil},
		{"prlimit64", 1}:          {"resource", []value{{rlimitCore, "RLIMIT_CORE"}}},
		{"prlimit64", 2}:          {"new_limit", nil},
		{"prlimit64", 3}:          {"old_limit", nil},
		{"ioprio_set", 0}:         {"which", []value{{ioprioProcess, "IOPRIO_WHO_PROCESS"}}},
		{"ioprio_set", 1}:         {"who", nil},
		{"fcntl", 1}:              fcntlCommand,
		{"fcntl", 2}:              fcntlArgument,
		{"fcntl64", 1}:            fcntlCommand,
		{"fcntl64", 2}:            fcntlArgument,

		{"mknod", 1}:   {"mode", []value{{modeChar, "S_IFCHR"}, {modeBlock, "S_IFBLK"}, {modeType, "S_IFMT"}}},
		{"mknodat", 2}: {"mode", []value{{modeChar, "S_IFCHR"}, {modeBlock, "S_IFBLK"}, {modeType, "S_IFMT"}}},
		{"socket", 0}:  families,
		{"socket", 1}: {"type", []value{
			{sockStream, "SOCK_STREAM"}, {sockDgram, "SOCK_DGRAM"}, {sockRaw, "SOCK_RAW"}, {sockPacket, "SOCK_PACKET"},
		}},
		{"socket", 2}: {"protocol", []value{
			{protoICMP, "IPPROTO_ICMP"}, {protoTCP, "IPPROTO_TCP"}, {protoUDP, "IPPROTO_UDP"},
			{protoICMPv6, "IPPROTO_ICMPV6"}, {protoUDPLite, "IPPROTO_UDPLITE"},
		}},
		{"socketpair", 0}: families,
		{"socketcall", 0}: {"call", []value{
			{socketcallSocket, "SYS_SOCKET"}, {socketcallSocketpair, "SYS_SOCKETPAIR"}, {socketcallSetsockopt, "SYS_SETSOCKOPT"},
		}},
		{"setsockopt", 1}: {"level", []value{
			{solIP, "SOL_IP"}, {solIPv6, "SOL_IPV6"}, {1, "SOL_SOCKET"}, {0xffff, "SOL_SOCKET"},
		}},
		{"setsockopt", 2}: {"optname", nil}, // see socketOptions
	}
})

// familyValues names the families of sockets as C does.
func familyValues() (list []value) {
	for number, name := range access.FamilyNames() {
		list = append(list, value{uint64(number), "AF_" + strings.ToUpper(name)})
	}
	return list
}

// namer writes the tests of one call.
type namer struct {
	abi  *arch.ABI
	call *syscalls.Call
	// options are the names of the third argument of setsockopt, which depend on the second.
	options []value
}

// clausesText writes the ways in which one of the clauses holds; none if it is always so.
func clausesText(abi *arch.ABI, row *syscalls.Row, clauses []syscalls.Clause) (ways []string) {
	n := &namer{abi: abi, call: syscalls.Lookup(abi, uint64(row.Nr))}
	var equals []string
	for i, c := range clauses {
		if len(c.Tests) == 0 {
			return nil
		}
		if t := c.Tests[0]; len(c.Tests) == 1 && wholeWord(t) && !t.Not {
			equals = append(equals, n.value(t.Arg, t.Value)) // a list of single values is one sentence
			if i+1 < len(clauses) && sameList(c, clauses[i+1]) {
				continue
			}
			ways = append(ways, n.oneOf(t.Arg, equals, "==", "is one of"))
			equals = nil
			continue
		}
		ways = append(ways, n.testsText(c.Tests))
	}
	return ways
}

// sameList says that both clauses compare the same argument with one value.
func sameList(a, b syscalls.Clause) bool {
	return len(b.Tests) == 1 && wholeWord(b.Tests[0]) && !b.Tests[0].Not && a.Tests[0].Arg == b.Tests[0].Arg
}

func wholeWord(t syscalls.Test) bool { return t.Mask == int32Mask || t.Mask == ^uint64(0) }

// testsText writes when all tests hold.
func (n *namer) testsText(tests []syscalls.Test) string {
	if n.call.Name == "setsockopt" {
		n.options = socketOptions()[tests[0].Value]
	}
	var parts, others []string
	for i, t := range tests {
		if !n.comparesWhole(t) || !t.Not {
			parts = append(parts, n.test(t))
			continue
		}
		others = append(others, n.value(t.Arg, t.Value))
		if i+1 < len(tests) && tests[i+1].Arg == t.Arg && tests[i+1].Mask == t.Mask && tests[i+1].Not {
			continue
		}
		parts = append(parts, n.oneOf(t.Arg, others, "!=", "is none of"))
		others = nil
	}
	return strings.Join(parts, " && ")
}

// comparesWhole says that the test compares all there is to an argument: a socket's type without its flags too.
func (n *namer) comparesWhole(t syscalls.Test) bool {
	return wholeWord(t) && t.Value != 0 || wholeWord(t) && (n.call.Name == "socket" || n.call.Name == "setsockopt") ||
		t.Mask == sockTypeMask && n.call.Name == "socket"
}

func (n *namer) oneOf(arg uint8, values []string, single, many string) string {
	if len(values) == 1 {
		return fmt.Sprintf("%s %s %s", n.name(arg), single, values[0])
	}
	return fmt.Sprintf("%s %s %s", n.name(arg), many, strings.Join(values, ", "))
}

// test writes one test as C would, without comparing with 0.
func (n *namer) test(t syscalls.Test) string {
	name := n.name(t.Arg)
	single := bits.OnesCount64(t.Mask) == 1
	operator := "=="
	if t.Not {
		operator = "!="
	}
	switch {
	case n.comparesWhole(t):
		return fmt.Sprintf("%s %s %s", name, operator, n.value(t.Arg, t.Value))
	case wholeWord(t):
		return fmt.Sprintf("%s %s 0", name, operator)
	case t.Value == 0 && t.Not, single && t.Value == t.Mask && !t.Not:
		return fmt.Sprintf("%s & %s", name, n.mask(t.Arg, t.Mask))
	case t.Value == 0, single && t.Value == t.Mask:
		return fmt.Sprintf("!(%s & %s)", name, n.mask(t.Arg, t.Mask))
	}
	return fmt.Sprintf("(%s & %s) %s %s", name, n.mask(t.Arg, t.Mask), operator, n.value(t.Arg, t.Value))
}

// name is what an argument is called.
func (n *namer) name(arg uint8) string {
	if a, ok := arguments()[callArg{n.call.Name, arg}]; ok {
		return a.name
	}
	switch n.call.Args[arg] {
	case syscalls.OpenFlags, syscalls.AtFlags:
		return "flags"
	case syscalls.Mode:
		return "mode"
	}
	return fmt.Sprintf("argument %d", arg+1)
}

// value names a value of an argument, or writes it as a number.
func (n *namer) value(arg uint8, v uint64) string {
	known := arguments()[callArg{n.call.Name, arg}].values
	if known == nil && arg == 2 {
		known = n.options
	}
	for _, known := range known {
		if known.value == v {
			return known.name
		}
	}
	if text := n.fileFlags(arg, v); text != "" {
		return text
	}
	if v < 10 {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%#x", v)
}

// mask names the bits of a mask, in brackets if there are several, or what it leaves out if that is less.
func (n *namer) mask(arg uint8, mask uint64) string {
	if mask&(1<<31) != 0 && bits.OnesCount64(mask) > 16 {
		return "~" + n.mask(arg, ^mask&int32Mask)
	}
	var names []string
	for _, known := range arguments()[callArg{n.call.Name, arg}].values {
		if known.value == mask {
			return known.name
		}
	}
	if n.call.Args[arg] == syscalls.OpenFlags && mask&3 == 3 {
		names = append(names, "O_ACCMODE")
		mask &^= 3
	}
	for rest := mask; rest != 0; rest &= rest - 1 {
		names = append(names, n.value(arg, rest&-rest))
	}
	if len(names) == 1 {
		return names[0]
	}
	return "(" + strings.Join(names, "|") + ")"
}

// fileFlags asks package access for the name of a value; empty if it does not look at that argument.
func (n *namer) fileFlags(arg uint8, v uint64) string {
	inv := syscalls.Invocation{ABI: n.abi, Call: n.call}
	none := access.FormatFlags(&inv)
	inv.Args[arg] = v
	text := access.FormatFlags(&inv)
	switch {
	case text == none:
		return ""
	case n.call.Args[arg] != syscalls.OpenFlags:
		return text
	}
	if text = strings.TrimPrefix(text, "O_RDONLY|"); !strings.HasPrefix(text, "0x") {
		return text
	}
	for bit := uint64(1); bit <= 1<<25; bit <<= 1 { // O_TMPFILE is a bit of its own and O_DIRECTORY
		if inv.Args[arg] = v | bit; strings.TrimPrefix(access.FormatFlags(&inv), "O_RDONLY|") == "O_TMPFILE" {
			return "__O_TMPFILE"
		}
	}
	return text
}
