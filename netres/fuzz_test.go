package netres

import (
	"bytes"
	"io"
	"net/netip"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// FuzzPiece takes an answer of the kernel apart as if it were anybody's: nothing may be read beyond its end, and
// nothing may be told that is not in it.
func FuzzPiece(f *testing.F) {
	const kind = unix.SOCK_DIAG_BY_FAMILY
	inet := make([]byte, inetReplySize, inetReplySize+8)
	inet[0], inet[5], inet[8], inet[11], inet[68] = unix.AF_INET, 80, 127, 1, 9
	six := append(bytes.Clone(inet), 5, 0, diagV6Only, 0, 1, 0, 0, 0)
	six[0] = unix.AF_INET6
	name := append(make([]byte, unixReplySize), 8, 0, unixName, 0, 0, 'a', 0, 'b')
	name = append(name, 12, 0, unixFile, 0, 1, 0, 0, 0, 2, 0, 0, 0)
	name[0] = unix.AF_UNIX
	end := envelope(unix.NLMSG_DONE, unix.NLM_F_MULTI, 7, number(0))
	for _, body := range [][]byte{inet, six, name} {
		whole := append(envelope(kind, unix.NLM_F_MULTI, 7, body), end...)
		f.Add(whole)
		f.Add(whole[:len(whole)-5])
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		c := &channel{seq: 7}
		in = in[:len(in):len(in)]
		ip := netip.MustParseAddr("127.0.0.1")
		total := 0
		told, _, err := c.piece(in, true, func(_ uint16, body []byte) error {
			total += len(body)
			s, receives, err := inetReply(body, ip, 80)
			if receives && (err != nil || !bytes.Contains(body, native.AppendUint32(nil, uint32(s.Inode)))) {
				t.Errorf("told of socket %v: %v", s, err)
			}
			var a unixAttributes
			if _, _, err := unixReply(body, &a); err == nil && !bytes.Contains(body, a.name) {
				t.Errorf("name %q", a.name)
			}
			return nil
		})
		if total > len(in) || told && err == nil && len(in) < headerSize {
			t.Errorf("%d bytes told of %d", total, len(in))
		}
	})
}

// FuzzFiles reads files of /proc/net that anybody may have made.
func FuzzFiles(f *testing.F) {
	for _, name := range []string{"tcp", "tcp6", "udp", "unix"} {
		if real, err := os.ReadFile("/proc/net/" + name); err == nil {
			f.Add(real[:min(len(real), 2000)], uint8(7))
		}
	}
	f.Add([]byte("Num\n"+forgedLine(1, "a\x00b")+"\n"), uint8(1))
	f.Add([]byte("Num\n"+forgedLine(1, "name\n"+forgedLine(2, "name"))+"\n"), uint8(200))
	f.Fuzz(func(t *testing.T, text []byte, piece uint8) {
		var whole, pieces []string
		var l lines
		if err := l.each(bytes.NewReader(text), func(line []byte) error {
			whole = append(whole, string(line))
			var e inetEntry
			if e.parse(line) && (!e.ip.IsValid() || !bytes.Contains(line, e.number)) {
				t.Errorf("%q is %+v", line, e)
			}
			var u unixEntry
			if u.parse(line) {
				if !bytes.HasSuffix(line, u.unsafeName) {
					t.Errorf("%q is %+v", line, u)
				}
				if len(u.unsafeName) > 1 && u.unsafeName[0] == '@' && !u.named(u.unsafeName[1:]) {
					t.Errorf("%q does not have its own name", line)
				}
			}
			return nil
		}); err != nil {
			return
		}
		// However the file comes, its lines are the same.
		if err := l.each(&slowly{text, int(piece%97) + 1}, func(line []byte) error {
			pieces = append(pieces, string(line))
			return nil
		}); err != nil || strings.Join(whole, "\n") != strings.Join(pieces, "\n") || len(whole) != len(pieces) {
			t.Errorf("%q in pieces of %d: %q, %v", text, piece, pieces, err)
		}
	})
}

// slowly reads a few bytes at a time.
type slowly struct {
	left  []byte
	piece int
}

func (s *slowly) Read(b []byte) (int, error) {
	n := copy(b, s.left[:min(s.piece, len(s.left))])
	s.left = s.left[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
