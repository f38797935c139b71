package policy

import (
	"slices"
	"sync"
	"syscall"
)

// The address that is judged is the one that is used, unless the socket has been told of another way: by source
// routes, which go to another host first, or by an interface, out of which even what is meant for this machine
// leaves it (fib_table_lookup in net/ipv4/fib_trie.c takes no route of another interface). As control messages of a
// single message the same options are for whoever sends it.

// Levels and options of setsockopt(2) (linux/socket.h, linux/in.h, linux/in6.h). The kernel reads both as int.
const (
	solIP, solTCP, solIPv6 = 0, 6, 41

	ipOptions   = 4  // a list of options, with loose and strict source routes
	ipUnicastIf = 50 // the interface

	ipv6PktOptions   = 6  // IPV6_2292PKTOPTIONS: routing headers and IPV6_PKTINFO in one
	ipv6FlowlabelMgr = 32 // a flow label may have a routing header, which a message gets by the label in its address
	ipv6PktInfo      = 50 // the interface
	ipv6RtHdr        = 57
	ipv6UnicastIf    = 76

	tcpFastopenConnect = 30

	ipAddMembership = 35
	ipAddSource     = 39
	ipMsfilter      = 41
	ipv6Join        = 20
	ipv6JoinAnycast = 27
	mcastJoin       = 42 // MCAST_JOIN_GROUP, in both families
	mcastJoinSource = 46
	mcastMsfilter   = 48

	socketcallSetsockopt = 14 // linux/net.h
)

// socketNumbers are what differs between machines (asm/socket.h).
type socketNumbers struct {
	level                     uint32 // SOL_SOCKET
	bindToDevice, bindToIndex uint32 // SO_BINDTODEVICE, SO_BINDTOIFINDEX
}

var (
	socketGeneric = socketNumbers{1, 25, 62}
	socketMIPS    = socketNumbers{0xffff, 25, 62} // and Alpha
	socketSparc   = socketNumbers{0xffff, 0x0d, 0x41}
	socketPARISC  = socketNumbers{0xffff, 0x4019, 0x4037}
)

// routing is the name of the refusal.
const routing = "routing"

func (n *socketNumbers) setsockopt() (list []condition) {
	refuse := func(errno syscall.Errno, level uint32, options ...uint32) {
		for _, o := range options {
			list = append(list, condition{refusal: routing, errno: errno, network: true,
				tests: tests(argIs(1, level), argIs(2, o))})
		}
	}
	add := func(level uint32, options ...uint32) { refuse(0, level, options...) }
	// Joining a group tells every router which one, in words of the program's choice: as on a machine without a network.
	refuse(syscall.ENODEV, solIP, ipAddMembership, ipAddSource, ipMsfilter, mcastJoin, mcastJoinSource, mcastMsfilter)
	refuse(syscall.ENODEV, solIPv6, ipv6Join, ipv6JoinAnycast, mcastJoin, mcastJoinSource, mcastMsfilter)
	// connect returns before it connects, and the first write does that later: to whoever hears there by then.
	refuse(syscall.ENOPROTOOPT, solTCP, tcpFastopenConnect)
	add(n.level, n.bindToDevice, n.bindToIndex)
	add(solIP, ipOptions, ipUnicastIf)
	add(solIPv6, ipv6PktOptions, ipv6FlowlabelMgr, ipv6PktInfo, ipv6RtHdr, ipv6UnicastIf)
	return list
}

var (
	genericSetsockopt, mipsSetsockopt = sync.OnceValue(socketGeneric.setsockopt), sync.OnceValue(socketMIPS.setsockopt)
	sparcSetsockopt, pariscSetsockopt = sync.OnceValue(socketSparc.setsockopt), sync.OnceValue(socketPARISC.setsockopt)
)

// setsockoptOf returns the conditions of setsockopt on the machine with an ELF number.
func setsockoptOf(machine uint16) []condition {
	const emSparc, emMIPS, emPARISC, emSparc32plus, emSparcV9, emAlpha = 2, 8, 15, 18, 43, 0x9026
	switch {
	case machine == emMIPS, machine == emAlpha:
		return mipsSetsockopt()
	case machine == emPARISC:
		return pariscSetsockopt()
	case slices.Contains([]uint16{emSparc, emSparc32plus, emSparcV9}, machine):
		return sparcSetsockopt()
	}
	return genericSetsockopt()
}

// socketOptions names the options by their level, for people.
var socketOptions = sync.OnceValue(func() map[uint64][]value {
	return map[uint64][]value{
		solIP: {
			{ipOptions, "IP_OPTIONS"}, {ipUnicastIf, "IP_UNICAST_IF"}, {ipAddMembership, "IP_ADD_MEMBERSHIP"},
			{ipAddSource, "IP_ADD_SOURCE_MEMBERSHIP"}, {ipMsfilter, "IP_MSFILTER"}, {mcastJoin, "MCAST_JOIN_GROUP"},
			{mcastJoinSource, "MCAST_JOIN_SOURCE_GROUP"}, {mcastMsfilter, "MCAST_MSFILTER"},
		},
		solTCP: {{tcpFastopenConnect, "TCP_FASTOPEN_CONNECT"}},
		solIPv6: {
			{ipv6PktOptions, "IPV6_2292PKTOPTIONS"}, {ipv6FlowlabelMgr, "IPV6_FLOWLABEL_MGR"}, {ipv6PktInfo, "IPV6_PKTINFO"},
			{ipv6RtHdr, "IPV6_RTHDR"}, {ipv6UnicastIf, "IPV6_UNICAST_IF"}, {ipv6Join, "IPV6_ADD_MEMBERSHIP"},
			{ipv6JoinAnycast, "IPV6_JOIN_ANYCAST"}, {mcastJoin, "MCAST_JOIN_GROUP"},
			{mcastJoinSource, "MCAST_JOIN_SOURCE_GROUP"}, {mcastMsfilter, "MCAST_MSFILTER"},
		},
		uint64(socketGeneric.level): {{25, "SO_BINDTODEVICE"}, {62, "SO_BINDTOIFINDEX"}},
		uint64(socketMIPS.level): {
			{25, "SO_BINDTODEVICE"}, {62, "SO_BINDTOIFINDEX"}, {0x0d, "SO_BINDTODEVICE"}, {0x41, "SO_BINDTOIFINDEX"},
			{0x4019, "SO_BINDTODEVICE"}, {0x4037, "SO_BINDTOIFINDEX"},
		},
	}
})
