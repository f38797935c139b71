package record

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/deputy"
)

// protocolName is what a socket's protocol is called: that of the internet, else its type.
func protocolName(s *deputy.Socket) string {
	switch {
	case s.FD < 0:
		return ""
	case s.Domain == unix.AF_INET || s.Domain == unix.AF_INET6:
		switch s.Protocol {
		case unix.IPPROTO_TCP, unix.IPPROTO_MPTCP:
			return "tcp"
		case unix.IPPROTO_UDP, unix.IPPROTO_UDPLITE:
			return "udp"
		case unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6:
			return "icmp"
		}
		return ""
	}
	switch s.Type {
	case unix.SOCK_STREAM:
		return "stream"
	case unix.SOCK_DGRAM:
		return "dgram"
	case unix.SOCK_SEQPACKET:
		return "seqpacket"
	}
	return ""
}

// procTables are the tables in /proc/PID/net that list sockets by inode, with the column that has it (proc_pid_net(5)), and
// the protocol of all that is in there. Only sockets that are bound or connected are.
var procTables = [...]struct {
	name, protocol string
	number, column int
}{
	{"udp", "udp", unix.IPPROTO_UDP, 9}, {"udp6", "udp", unix.IPPROTO_UDP, 9},
	{"tcp", "tcp", unix.IPPROTO_TCP, 9}, {"tcp6", "tcp", unix.IPPROTO_TCP, 9},
}

// protocolOf says of which protocol the socket is that a task has as fd, where no copy of it can be had. Empty and 0 if
// it is in no table yet.
func protocolOf(tid int, fd int32) (name string, number int) {
	dir := "/proc/" + strconv.Itoa(tid)
	link, err := os.Readlink(dir + "/fd/" + strconv.Itoa(int(fd)))
	inode, is := strings.CutPrefix(strings.TrimSuffix(link, "]"), "socket:[")
	if err != nil || !is {
		return "", 0
	}
	for _, table := range procTables {
		if listed(dir+"/net/"+table.name, inode, table.column) {
			return table.protocol, table.number
		}
	}
	return "", 0
}

// listed says whether a line of a table has a word in a column.
func listed(path, word string, column int) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > column && fields[column] == word {
			return true
		}
	}
	return false
}
