package deputy

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
)

// TestControlThatReroutes: what says which way a packet goes is refused unless the policy lifts that.
func TestControlThatReroutes(t *testing.T) {
	elsewhere := append(int32s(7), make([]byte, 8)...)
	for _, routing := range []bool{false, true} {
		n := newNetBenchWith(t, netTasks()[0], Options{Routing: routing})
		for _, c := range []struct {
			name    string
			domain  int
			control []byte
			refused bool
		}{
			{"way back", unix.AF_INET, cmsg(longSize, unix.SOL_IP, unix.IP_RETOPTS, []byte{0}), true},
			{"routing header", unix.AF_INET6, cmsg(longSize, unix.SOL_IPV6, unix.IPV6_RTHDR, make([]byte, 8)), true},
			{"old routing header", unix.AF_INET6, cmsg(longSize, unix.SOL_IPV6, in6RtHdr2292, make([]byte, 8)), true},
			{"options", unix.AF_INET6, cmsg(longSize, unix.SOL_IPV6, unix.IPV6_HOPOPTS, make([]byte, 8)), true},
			{"routing header behind another", unix.AF_INET6, append(cmsg(longSize, unix.SOL_IPV6, unix.IPV6_TCLASS, int32s(1)),
				cmsg(longSize, unix.SOL_IPV6, unix.IPV6_RTHDR, make([]byte, 8))...), true},
			{"device", unix.AF_INET, cmsg(longSize, unix.SOL_IP, unix.IP_PKTINFO, elsewhere), false},
			{"device 6", unix.AF_INET6, cmsg(longSize, unix.SOL_IPV6, unix.IPV6_PKTINFO, append(lo6[:], int32s(7)...)), false},
			{"device 6, old", unix.AF_INET6, cmsg(longSize, unix.SOL_IPV6, in6PktInfo2292, append(lo6[:], int32s(7)...)), false},
			{"traffic class", unix.AF_INET6, cmsg(longSize, unix.SOL_IPV6, unix.IPV6_TCLASS, int32s(1)), false},
		} {
			theirs, ours, at := n.mailbox(c.domain, unix.SOCK_DGRAM)
			n.native = true
			want := n.sendmsg(theirs, at, []byte("x"), c.control, 0)
			received(ours)
			if c.refused && !routing {
				want = -int64(unix.EPERM)
			}
			if strings.HasPrefix(c.name, "device") && !routing {
				want = 1 // as if no interface were named
			}
			n.native = false
			if got := n.sendmsg(theirs, at, []byte("x"), c.control, 0); got != want {
				t.Errorf("%s, routing %v: %d, want %d", c.name, routing, got, want)
			}
		}
	}
}

// FuzzControl: whatever a task lays out, what is found in it lies in it, and what is made of it says the same again.
func FuzzControl(f *testing.F) {
	f.Add(append(cmsg(longSize, 1, 1, int32s(0, 1)), cmsg(longSize, 0, 8, make([]byte, 12))...), false)
	f.Add(append(cmsg(4, 1, 1, int32s(0)), cmsg(4, 41, 67, int32s(1))...), true)
	f.Fuzz(func(t *testing.T, raw []byte, narrow bool) {
		abi := *arch.Native()[0]
		if narrow {
			abi.PointerSize = 4
		}
		var k control
		r := controlReader{abi: &abi, rest: raw}
		var found [][]byte
		for {
			level, kind, data, errno := r.next()
			if errno != 0 || data == nil {
				break
			}
			found = append(found, append(binary.NativeEndian.AppendUint64(nil, uint64(uint32(level))<<32|uint64(uint32(kind))),
				data...))
			k.append(level, kind, data)
		}
		again := controlReader{abi: arch.Native()[0], rest: k.encoded}
		for i, want := range found {
			level, kind, data, errno := again.next()
			if errno != 0 || data == nil {
				t.Fatalf("%d of %d is lost: %v", i, len(found), errno)
			}
			got := append(binary.NativeEndian.AppendUint64(nil, uint64(uint32(level))<<32|uint64(uint32(kind))), data...)
			if !bytes.Equal(got, want) {
				t.Fatalf("%d was %x, is %x", i, want, got)
			}
		}
		if _, _, data, errno := again.next(); data != nil || errno != 0 {
			t.Fatal("there is more than there was")
		}
	})
}
