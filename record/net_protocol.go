package record

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

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
