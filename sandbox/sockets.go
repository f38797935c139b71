package sandbox

import (
	"sydbox/access"
	"sydbox/deputy"
)

// Sockets knows which sockets are a tree's, as `bound` in a rule means it. It is for whoever judges a tree's calls
// without running it; a Policy asks it as a policy.Owner.
//
// Thread rule: one goroutine at a time, on a thread of the network namespace that it was made in.
type Sockets struct {
	owned *owned
}

// NewSockets returns an empty set, for the network namespace of the calling thread.
func NewSockets() (*Sockets, error) {
	o, err := newOwned()
	if err != nil {
		return nil, err
	}
	return &Sockets{o}, nil
}

// Close gives back what it holds.
func (s *Sockets) Close() error { return s.owned.close() }

// Ask says which socket of which task the next questions are for. sock may be nil where the kernel does not let
// descriptors be had. If its address is the path of a socket, file is where that leads, by the handle pin; nil else.
func (s *Sockets) Ask(tid int, sock *deputy.Socket, pin int, file *access.Object) {
	s.owned.ask(tid, sock)
	if file != nil {
		s.owned.askAt(pin, file)
	}
}

// Add notes that a socket is one of the tree's: before it is bound, listens, connects, or sends with an address.
func (s *Sockets) Add(sock *deputy.Socket) { s.owned.add(sock) }

// Owns says whether whatever is sent to an address now reaches sockets of the tree and no others.
func (s *Sockets) Owns(a *access.Address) bool { return s.owned.Owns(a) }

// Nobody says whether an address is one of this machine where nobody receives.
func (s *Sockets) Nobody(a *access.Address) bool { return s.owned.Nobody(a) }
