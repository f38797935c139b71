package deputy

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mailbox makes a socket of the test's, of those that a task can send to, and one of the task's that is connected to it.
func (n *netBench) mailbox(domain, kind int) (theirs, ours int, at []byte) {
	n.t.Helper()
	var name []byte
	switch domain {
	case unix.AF_INET:
		name = inet4(lo4, 0)
	case unix.AF_INET6:
		name = inet6(lo6, 0)
	default:
		name = atUnix(fmt.Sprintf("\x00mailbox %d %d %d", n.tk.pid, kind, n.mailboxes))
		n.mailboxes++
	}
	ours, at = server(n.t, domain, kind, name)
	theirs = n.must("socket", domain, kind, 0)
	n.must("connect", theirs, n.put(at), len(at))
	if kind == unix.SOCK_DGRAM {
		return theirs, ours, at
	}
	accepted, _, err := unix.Accept4(ours, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { unix.Close(accepted) })
	return theirs, accepted, at
}

// cmsg is a control message in a layout with words of that size.
func cmsg(word int, level, kind int32, data []byte) []byte {
	length := word + 8 + len(data)
	var b []byte
	if word == 8 {
		b = binary.NativeEndian.AppendUint64(b, uint64(length))
	} else {
		b = binary.NativeEndian.AppendUint32(b, uint32(length))
	}
	b = binary.NativeEndian.AppendUint32(b, uint32(level))
	b = binary.NativeEndian.AppendUint32(b, uint32(kind))
	b = append(b, data...)
	return append(b, make([]byte, (word-length%word)%word)...)
}

func int32s(v ...int32) (b []byte) {
	for _, v := range v {
		b = binary.NativeEndian.AppendUint32(b, uint32(v))
	}
	return b
}

// taken is a message as it was received.
func taken(fd int) string {
	payload, control := make([]byte, 64<<10), make([]byte, 4096)
	n, c, flags, _, err := unix.Recvmsg(fd, payload, control, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%d bytes %.20q flags %#x", n, payload[:n], flags)
	list, _ := unix.ParseSocketControlMessage(control[:c])
	for _, m := range list {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_RIGHTS {
			fds, _ := unix.ParseUnixRights(&m)
			for _, fd := range fds {
				var st unix.Stat_t
				err := unix.Fstat(fd, &st)
				text += fmt.Sprintf(" fd on %d:%d %v", st.Dev, st.Ino, err)
				unix.Close(fd)
			}
			continue
		}
		text += fmt.Sprintf(" [%d %d %x]", m.Header.Level, m.Header.Type, m.Data)
	}
	return text
}

// sending is a message to be sent.
type sending struct {
	name    string
	payload int
	control func(n *netBench) []byte
	flags   int
	// malformed: the control data are no messages to the end.
	malformed bool
}

var sendings = []sending{
	{name: "plain", payload: 5},
	{name: "nothing"},
	{name: "long", payload: 60000},
	{name: "too long for UDP", payload: 65536},
	{name: "out of band", payload: 3, flags: unix.MSG_OOB},
	{name: "more", payload: 3, flags: unix.MSG_MORE | unix.MSG_DONTWAIT},
	{name: "end of record", payload: 3, flags: unix.MSG_EOR},
	{name: "confirm", payload: 3, flags: unix.MSG_CONFIRM | unix.MSG_DONTROUTE},
	{name: "probe", payload: 3, flags: 0x10},
	{name: "all flags of the kernel's own", payload: 3, flags: 0x8000000 | 0x10000 | 0x40000},
	{name: "mark of compat", payload: 3, flags: -1 << 31},
	{name: "fast open", payload: 3, flags: unix.MSG_FASTOPEN},
	{name: "zero copy", payload: 3000, flags: unix.MSG_ZEROCOPY},
	{name: "descriptors", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SCM_RIGHTS, int32s(0, 2, 0))
	}},
	{name: "no such descriptor", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SCM_RIGHTS, int32s(0, 999))
	}},
	{name: "negative descriptor", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SCM_RIGHTS, int32s(-1))
	}},
	{name: "no descriptors", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SCM_RIGHTS, nil)
	}},
	{name: "half a descriptor", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SCM_RIGHTS, append(int32s(0), 1, 2))
	}},
	{name: "too many descriptors", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SCM_RIGHTS, make([]byte, 4*254))
	}},
	{name: "two lots of descriptors", payload: 3, control: func(n *netBench) []byte {
		return append(cmsg(longSize, unix.SOL_SOCKET, unix.SCM_RIGHTS, int32s(0)),
			cmsg(longSize, unix.SOL_SOCKET, unix.SCM_RIGHTS, int32s(2))...)
	}},
	{name: "who I am", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SCM_CREDENTIALS, int32s(int32(n.tk.pid), int32(n.w.uid), int32(n.w.gid)))
	}},
	{name: "root", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SCM_CREDENTIALS, int32s(int32(n.tk.pid), 0, 0))
	}},
	{name: "another user", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SCM_CREDENTIALS, int32s(int32(n.tk.pid), 4711, int32(n.w.gid)))
	}},
	{name: "another process", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SCM_CREDENTIALS, int32s(1, int32(n.w.uid), int32(n.w.gid)))
	}},
	{name: "the tracer", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SCM_CREDENTIALS,
			int32s(int32(unix.Getpid()), int32(n.w.uid), int32(n.w.gid)))
	}},
	{name: "short credentials", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SCM_CREDENTIALS, int32s(1, 2))
	}},
	{name: "time to live", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_IP, unix.IP_TTL, int32s(3))
	}},
	{name: "type of service", payload: 3, control: func(n *netBench) []byte {
		return append(cmsg(longSize, unix.SOL_IP, unix.IP_TOS, []byte{8}),
			cmsg(longSize, unix.SOL_IPV6, unix.IPV6_TCLASS, int32s(8))...)
	}},
	{name: "source address", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_IP, unix.IP_PKTINFO, append(int32s(0), 127, 0, 0, 9, 0, 0, 0, 0))
	}},
	{name: "loopback device", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_IP, unix.IP_PKTINFO, append(int32s(1), 127, 0, 0, 9, 0, 0, 0, 0))
	}},
	{name: "source address 6", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_IPV6, unix.IPV6_PKTINFO, append(lo6[:], int32s(0)...))
	}},
	{name: "segments", payload: 9, control: func(n *netBench) []byte {
		return cmsg(longSize, solUDP, unix.UDP_SEGMENT, []byte{3, 0})
	}},
	{name: "time stamps", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SO_TIMESTAMPING, int32s(unix.SOF_TIMESTAMPING_TX_SOFTWARE))
	}},
	{name: "mark", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, unix.SO_MARK, int32s(1))
	}},
	{name: "unknown kind", payload: 3, control: func(n *netBench) []byte {
		return cmsg(longSize, unix.SOL_SOCKET, 0x777, int32s(1))
	}},
	{name: "length too short", payload: 3, control: func(n *netBench) []byte {
		b := cmsg(longSize, unix.SOL_SOCKET, unix.SCM_RIGHTS, int32s(0))
		b[0] = 15
		return b
	}},
	{name: "length too long", payload: 3, control: func(n *netBench) []byte {
		b := cmsg(longSize, unix.SOL_SOCKET, unix.SCM_RIGHTS, int32s(0, 0))
		b[0] = 25
		return b
	}},
	{name: "a rest that is no message", payload: 3, malformed: true, control: func(n *netBench) []byte {
		return append(cmsg(longSize, unix.SOL_SOCKET, unix.SCM_RIGHTS, int32s(0, 0)), 1, 2, 3)
	}},
	{name: "less than a header", payload: 3, malformed: true, control: func(n *netBench) []byte {
		return []byte{1, 2, 3, 4, 5, 6, 7}
	}},
	{name: "huge control", payload: 3, malformed: true, control: func(n *netBench) []byte {
		return make([]byte, 200<<10)
	}},
}

// TestSendLikeTheKernel sends natively and by a Deputy and looks at what arrives.
func TestSendLikeTheKernel(t *testing.T) {
	for _, w := range netTasks() {
		t.Run(w.name, func(t *testing.T) {
			n := newNetBench(t, w)
			for _, k := range kinds {
				if k.domain == unix.AF_NETLINK || k.protocol == unix.IPPROTO_MPTCP {
					continue
				}
				for _, m := range sendings {
					if k.kind != unix.SOCK_DGRAM && m.flags&unix.MSG_FASTOPEN != 0 {
						continue // the socket is connected: TestFastOpen
					}
					if m.flags&0x40000 != 0 && k.domain == unix.AF_INET6 {
						continue
					}
					if longSize == 4 && m.malformed {
						continue // a 64-bit kernel refuses to a 32-bit program what it ignores of others (net/compat.c)
					}
					try := func(native bool) string {
						n.reset()
						theirs, ours, to := n.mailbox(k.domain, k.kind)
						defer n.must("close", theirs)
						if k.domain == unix.AF_UNIX {
							must(t, unix.SetsockoptInt(ours, unix.SOL_SOCKET, unix.SO_PASSCRED, 1))
						} else if k.kind == unix.SOCK_DGRAM {
							_ = unix.SetsockoptInt(ours, unix.SOL_IP, unix.IP_RECVTTL, 1)
							_ = unix.SetsockoptInt(ours, unix.SOL_IP, unix.IP_RECVTOS, 1)
							_ = unix.SetsockoptInt(ours, unix.SOL_IPV6, unix.IPV6_RECVTCLASS, 1)
						}
						if k.kind != unix.SOCK_DGRAM {
							to = nil
						}
						var control []byte
						if m.control != nil {
							control = m.control(n)
						}
						n.native = native
						value := n.sendmsg(theirs, to, []byte(strings.Repeat("x", m.payload)), control, m.flags)
						return fmt.Sprintf("%d; %s; %s", value, taken(ours), taken(ours))
					}
					want, got := try(true), try(false)
					if !n.introduced(strings.Contains(got, "fd on")) {
						id := func(pid int) string { return fmt.Sprintf("[1 2 %x", int32s(int32(pid))) }
						if strings.Contains(got, id(n.tk.pid)) {
							t.Errorf("%s: %s: introduced", k.name, m.name)
						}
						got = strings.ReplaceAll(got, id(unix.Getpid()), id(n.tk.pid))
					}
					if want != got {
						t.Errorf("%s: %s:\n kernel %s\n deputy %s", k.name, m.name, want, got)
					}
				}
			}
		})
	}
}
