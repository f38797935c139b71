package netres

import (
	"errors"
	"net/netip"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// envelope writes a netlink message.
func envelope(kind, flags uint16, seq uint32, body []byte) []byte {
	b := native.AppendUint32(nil, uint32(headerSize+len(body)))
	b = native.AppendUint16(native.AppendUint16(b, kind), flags)
	b = native.AppendUint32(native.AppendUint32(b, seq), 0)
	b = append(b, body...)
	return append(b, make([]byte, -len(b)&3)...)
}

func number(v int32) []byte { return native.AppendUint32(nil, uint32(v)) }

func TestPiece(t *testing.T) {
	const kind = unix.SOCK_DIAG_BY_FAMILY
	message := func(text string) []byte { return envelope(kind, unix.NLM_F_MULTI, 7, []byte(text)) }
	end := envelope(unix.NLMSG_DONE, unix.NLM_F_MULTI, 7, number(0))
	cases := []struct {
		name string
		in   []byte
		dump bool
		want []string
		done bool
		err  error
	}{
		{"nothing", nil, true, nil, false, nil},
		{"one of many", message("aaaa"), true, []string{"aaaa"}, false, nil},
		{"two and the end", slices.Concat(message("aaaa"), message("b"), end), true, []string{"aaaa", "b"}, true, nil},
		{"a single one", message("aaaa"), false, []string{"aaaa"}, true, nil},
		{"of another question", slices.Concat(envelope(kind, 0, 6, []byte("old")), message("new")), true, []string{"new"},
			false, nil},
		{"another question's end", envelope(unix.NLMSG_DONE, 0, 6, number(0)), true, nil, false, nil},
		{"the end with an error", envelope(unix.NLMSG_DONE, 0, 7, number(-int32(unix.ENOENT))), true, nil, true, unix.ENOENT},
		{"the end without a body", envelope(unix.NLMSG_DONE, 0, 7, nil), true, nil, true, nil},
		{"an error", envelope(unix.NLMSG_ERROR, 0, 7, number(-int32(unix.EPERM))), true, nil, true, unix.EPERM},
		{"an acknowledgement", envelope(unix.NLMSG_ERROR, 0, 7, number(0)), false, nil, true, nil},
		{"an error without a body", envelope(unix.NLMSG_ERROR, 0, 7, nil), true, nil, false, ErrMalformed},
		{"interrupted", slices.Concat(envelope(kind, unix.NLM_F_DUMP_INTR, 7, nil), end), true, nil, false, ErrUnstable},
		{"interrupted, said at the end", envelope(unix.NLMSG_DONE, unix.NLM_F_DUMP_INTR, 7, number(0)), true, nil, true,
			ErrUnstable},
		{"lost", envelope(unix.NLMSG_OVERRUN, 0, 7, nil), true, nil, false, ErrUnstable},
		{"cut in the header", message("aaaa")[:10], true, nil, false, ErrMalformed},
		{"cut in the body", message("aaaa")[:18], true, nil, false, ErrMalformed},
		{"shorter than a header", append(number(8), make([]byte, 20)...), true, nil, false, ErrMalformed},
		{"longer than the piece", append(number(-1), make([]byte, 20)...), true, nil, false, ErrMalformed},
	}
	for _, c := range cases {
		ch := &channel{seq: 7}
		var got []string
		_, done, err := ch.piece(c.in, c.dump, func(_ uint16, body []byte) error {
			got = append(got, string(body))
			return nil
		})
		if !slices.Equal(got, c.want) || done != c.done || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%s: %q, %v, %v", c.name, got, done, err)
		}
	}
}

// TestNobodyElseAnswers: whoever may send netlink messages to others cannot make up an answer.
func TestNobodyElseAnswers(t *testing.T) {
	enterNetwork(t, 0)
	n := open(t)
	to := must(unix.Getsockname(n.diag.fd))(t).(*unix.SockaddrNetlink)
	forger := must(unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG))(t)
	defer unix.Close(forger)
	lie := envelope(unix.NLMSG_DONE, 0, n.diag.seq+1, number(0))
	if err := unix.Sendto(forger, lie, 0, to); err != unix.ECONNREFUSED {
		t.Errorf("an answer of somebody else's is taken: %v", err)
	}
	// It is the connection that keeps it away.
	open := must(unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG))(t)
	defer unix.Close(open)
	if err := unix.Bind(open, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		t.Fatal(err)
	}
	to = must(unix.Getsockname(open))(t).(*unix.SockaddrNetlink)
	if err := unix.Sendto(forger, lie, 0, to); err != nil {
		t.Errorf("one that is not connected does not take it either: %v", err)
	}
}

// TestAfterAnError: an answer that was given up does not get into the next one.
func TestAfterAnError(t *testing.T) {
	enterNetwork(t, 0)
	n := open(t)
	s := options{typ: unix.SOCK_DGRAM, address: "127.0.0.1", port: 7101}.mustMake(t)
	for i := range 500 { // several pieces
		bindUnix(t, unix.SOCK_DGRAM, "\x00left-"+string(rune('a'+i%26))+string(rune('A'+i/26)), false)
	}
	stop := errors.New("enough")
	length := n.diag.unixRequest(unix.SOCK_DGRAM, unixShowName)
	_, err := n.diag.ask(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, length, func(uint16, []byte) error { return stop })
	if err != stop {
		t.Fatal(err)
	}
	list := must(n.Receivers(unix.IPPROTO_UDP, netip.MustParseAddr("127.0.0.1"), 7101, nil))(t)
	if got := inodes(list); !slices.Equal(got, []uint64{s.inode}) {
		t.Errorf("%v, want %d", got, s.inode)
	}
}

// forbid lets a system call of this thread fail from now on where its first argument has a value.
func forbid(t *testing.T, number uint32, argument uint32, errno syscall.Errno) {
	t.Helper()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	const nr, arg0 = 0, 16 // offsets of struct seccomp_data; the lower half of an argument is its value here
	low := uint32(arg0)
	if native.Uint16([]byte{0, 1}) == 1 {
		low += 4
	}
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	equal := func(k uint32, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: no, K: k}
	}
	program := []unix.SockFilter{
		load(nr), equal(number, 3), load(low), equal(argument, 1),
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := setFilter(program); err != 0 {
		t.Fatal(err)
	}
}

// madeOtherwise says whether this port makes a socket although socket(2), which it could call, fails with errno.
func madeOtherwise(family int, errno syscall.Errno) bool {
	_, _, direct := unix.RawSyscall(unix.SYS_SOCKET, uintptr(family), unix.SOCK_RAW, 0)
	fd, err := unix.Socket(family, unix.SOCK_RAW, 0)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return direct == errno
}

// TestWithoutNetlink: where a sandbox around this one forbids netlink, /proc/net and sockets have the answers.
func TestWithoutNetlink(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EPERM, unix.EACCES, unix.ENOSYS, unix.EAFNOSUPPORT} {
		t.Run(errno.Error(), func(t *testing.T) {
			enterNetwork(t, 1000)
			forbid(t, unix.SYS_SOCKET, unix.AF_NETLINK, errno)
			if madeOtherwise(unix.AF_NETLINK, errno) {
				t.Skip("this port makes sockets by socketcall(2), whose arguments no filter sees")
			}
			n := open(t)
			if n.diag != nil || n.route != nil {
				t.Fatal("netlink was not forbidden")
			}
			s := options{typ: unix.SOCK_STREAM, address: "0.0.0.0", port: 7102, listen: true}.mustMake(t)
			ip := netip.MustParseAddr("10.9.0.1")
			list := must(n.Receivers(unix.IPPROTO_TCP, ip, 7102, nil))(t)
			if got := inodes(list); !slices.Equal(got, []uint64{s.inode}) {
				t.Errorf("%v, want %d", got, s.inode)
			}
			if list, err := n.Receivers(unix.IPPROTO_UDPLITE, ip, 7102, nil); err != nil || len(list) != 0 {
				t.Errorf("UDP-Lite: %v, %v", list, err)
			}
			if !must(n.Local(ip, 0))(t) {
				t.Error("an address of the machine is not local")
			}
			if _, err := n.UnixAt(unix.SOCK_STREAM, 1, 1, nil); !errors.Is(err, unix.EOPNOTSUPP) {
				t.Errorf("which socket a file is: %v", err)
			}
			seen := 0
			if err := n.Each(func(Socket) { seen++ }); err != nil || seen == 0 {
				t.Errorf("Each told of %d sockets: %v", seen, err)
			}
		})
	}
}

// TestMissingHandler: a protocol that sock_diag has no module for is looked for once, and then read from /proc/net.
func TestMissingHandler(t *testing.T) {
	enterNetwork(t, 0)
	n := open(t)
	n.diag.seq = 41
	n.missing[unix.IPPROTO_TCP] = true
	s := options{typ: unix.SOCK_STREAM, address: "127.0.0.1", port: 7103, listen: true}.mustMake(t)
	list := must(n.Receivers(unix.IPPROTO_TCP, netip.MustParseAddr("127.0.0.1"), 7103, nil))(t)
	if !slices.Equal(list, []Socket{{Inode: s.inode}}) {
		t.Errorf("%v", list)
	}
	if n.diag.seq != 41 {
		t.Error("sock_diag was asked again")
	}
	// A protocol without a handler on any kernel, as an answer with an error in its end.
	length := n.diag.inetRequest(unix.AF_INET, 200, 1)
	if _, err := n.diag.ask(unix.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP, length, nil); !lacking(err) {
		t.Errorf("protocol 200: %v", err)
	}
}
