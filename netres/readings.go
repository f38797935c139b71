package netres

import "hash/maphash"

// The kernel tells a long list in pieces, and keeps its place by counting (inet_diag_dump_icsk in net/ipv4/inet_diag.c,
// tcp_seek_last_pos in net/ipv4/tcp_ipv4.c): a socket that is closed when it has been told can make another one in its
// list be skipped. Two readings that tell of the same sockets, of whatever port, have skipped none that was there all
// the time: for each reading to skip it, a socket that was told in it must have gone during it, so that the second
// cannot tell of one that the first did. (Unless one was made meanwhile with the inode of one that went; the tree
// cannot bind or listen while its tracer asks, and outsiders mean no harm to themselves.)

const readingsMax = 8

// seed makes what is compared of two readings unpredictable.
var seed = maphash.MakeSeed()

// agree reads until two readings in a row have told the same.
func agree(read func(told *maphash.Hash) error) error {
	var before uint64
	for i := range readingsMax {
		var told maphash.Hash
		told.SetSeed(seed)
		if err := read(&told); err != nil {
			return err
		}
		now := told.Sum64()
		if i > 0 && now == before {
			return nil
		}
		before = now
	}
	return ErrUnstable
}
