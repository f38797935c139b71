package sandbox

import (
	"golang.org/x/sys/unix"

	"sydbox/access"
	"sydbox/deputy"
	"sydbox/netres"
)

// asker is the socket on whose behalf a question is asked, and the file that its address is.
type asker struct {
	tid              int
	fd               int // -1 if only the number in the task is known
	domain, typ      int
	protocol         int
	pin              int
	fileDev, fileIno uint64
}

// ask says which socket of which task the next questions are for. s may be nil where the kernel does not let
// descriptors be had: then an address has to be the tree's whatever the socket is.
func (o *owned) ask(tid int, s *deputy.Socket) {
	o.asker = asker{tid: tid, fd: -1, pin: -1}
	if s != nil {
		o.asker.fd, o.asker.domain, o.asker.typ, o.asker.protocol = s.FD, s.Domain, s.Type, s.Protocol
	}
}

// askAt says which file the path of the next question leads to. pin is a handle of it, -1 if there is none.
func (o *owned) askAt(pin int, file *access.Object) {
	o.asker.pin, o.asker.fileDev, o.asker.fileIno = pin, file.Dev, file.Ino
}

// Owns says whether whatever is sent to an address now reaches sockets of the tree and no others. What cannot be told
// is not the tree's.
func (o *owned) Owns(a *access.Address) bool {
	if ablated(protectOwned) {
		return true
	}
	if !a.Path() && o.in(&o.there) {
		return a.Family == unix.AF_UNIX || a.Inet() && (a.IP.IsLoopback() || o.Local(a))
	}
	list, known := o.receivers(a)
	for _, s := range list {
		if !o.has(s) {
			return false
		}
	}
	return known && len(list) > 0
}

// Nobody says whether an address is one of this machine where nobody receives: reaching for it fails by itself. A path
// leads out of a network namespace of the tree's own, so both are asked about it. Who receives in any other one is not
// seen.
func (o *owned) Nobody(a *access.Address) bool {
	list, known := o.receivers(a)
	if known && len(list) == 0 && a.Path() && o.in(&o.there) {
		list, known = o.unix(o.net, a)
	}
	return known && len(list) == 0
}

// Local says whether an address is one of this machine, for the socket that asks.
func (o *owned) Local(a *access.Address) bool {
	n := o.where()
	return n != nil && a.Inet() && o.local(n, a)
}

// receivers lists who receives at an address of this machine. known is false if that cannot be told, or if the address
// is none of this machine.
func (o *owned) receivers(a *access.Address) (list []netres.Socket, known bool) {
	n := o.where()
	switch {
	case n == nil:
		return nil, false
	case a.Inet():
		list, known = o.inet(n, a)
	case a.Family == unix.AF_UNIX:
		list, known = o.unix(n, a)
	}
	if cap(list) > cap(o.list) {
		o.list = list[:0]
	}
	return list, known
}

func (o *owned) inet(n *netres.Net, a *access.Address) (list []netres.Socket, known bool) {
	if !o.local(n, a) {
		return nil, false
	}
	protocols, count := [...]int{o.asker.protocol, 0}, 1
	if o.asker.fd < 0 {
		protocols, count = [...]int{unix.IPPROTO_TCP, unix.IPPROTO_UDP}, 2
	} else if !carries(o.asker.typ, o.asker.protocol) {
		return nil, false
	}
	list = o.list[:0]
	for _, protocol := range protocols[:count] {
		var err error
		if list, err = n.Receivers(protocol, a.IP, a.Port, list); err != nil {
			return nil, false
		}
	}
	return list, true
}

func (o *owned) local(n *netres.Net, a *access.Address) bool {
	device, known := o.device(a)
	if !known {
		return false
	}
	local, err := n.Local(a.IP, device)
	return err == nil && local
}

func (o *owned) unix(n *netres.Net, a *access.Address) (list []netres.Socket, known bool) {
	types, count := [...]int{o.asker.typ, 0, 0}, 1
	if o.asker.fd < 0 {
		types, count = [...]int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET}, 3
	} else if o.asker.domain != unix.AF_UNIX {
		return nil, false
	}
	list = o.list[:0]
	for _, typ := range types[:count] {
		var err error
		switch {
		case a.Path():
			list, err = o.at(n, typ, list)
		case a.Unnamed && len(a.Raw) != unnamedByte:
			return nil, false // an address of no bytes is nobody's
		default:
			list, err = n.UnixNamed(typ, a.Abstract, list)
		}
		if err != nil {
			return nil, false
		}
	}
	return list, true
}

// unnamedByte is the length of an abstract address whose name has no bytes.
const unnamedByte = 3
