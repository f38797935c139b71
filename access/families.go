package access

import (
	"slices"
	"strconv"
)

// families are the names of the address families (AF_* of linux/socket.h), which are the same on every machine. A place
// without a name is a number that no kernel uses.
var families = [...]string{
	"unspec", "unix", "inet", "ax25", "ipx", "appletalk", "netrom", "bridge", "atmpvc", "x25", "inet6", "rose", "decnet",
	"netbeui", "security", "key", "netlink", "packet", "ash", "econet", "atmsvc", "rds", "sna", "irda", "pppox", "wanpipe",
	"llc", "ib", "mpls", "can", "tipc", "bluetooth", "iucv", "rxrpc", "isdn", "phonet", "ieee802154", "caif", "alg", "nfc",
	"vsock", "kcm", "qipcrtr", "smc", "xdp", "mctp",
}

// familyTwins are second names of the same family (sys/socket.h).
var familyTwins = map[string]uint16{"local": afUnix, "file": afUnix, "route": 16}

// FamilyName returns the name of an address family, "inet" for AF_INET; a family without a name is its number.
func FamilyName(family uint16) string {
	if int(family) < len(families) {
		return families[family]
	}
	return strconv.Itoa(int(family))
}

// FamilyByName returns the address family with a name as FamilyName gives it, or with a second one of sys/socket.h
// ("local", "route"); false if there is none.
func FamilyByName(name string) (family uint16, ok bool) {
	if i := slices.Index(families[:], name); i >= 0 {
		return uint16(i), true
	}
	if family, ok = familyTwins[name]; ok {
		return family, true
	}
	n, err := strconv.ParseUint(name, 10, 16)
	if err != nil || FamilyName(uint16(n)) != name {
		return 0, false
	}
	return uint16(n), true
}

// FamilyNames returns all names of families, in the order of their numbers. The slice is the caller's.
func FamilyNames() []string { return slices.Clone(families[:]) }
