// Package landlock puts a thread, and everything it starts, into a Landlock domain (landlock(7)): a wall of the
// kernel's own that no race, descriptor, ABI or namespace gets around, because its rules sit on inodes and are asked
// where the kernel acts. It only knows what may be done below a directory, so it is the outline of a policy, never the
// policy.
//
// A domain is planned in the parent and applied in the child:
//
//	s := landlock.Probe()         // what the kernel has
//	r := s.Fit(&wanted)           // what of a Ruleset that is
//	err := r.Try()                // whether it could be had, on a thread that is thrown away
//	err = r.Apply()               // in the child, on its one thread
//
// A domain of any content also keeps its members from looking into processes outside of it: ptrace, process_vm_readv,
// pidfd_getfd, and what of /proc/PID asks for the same right (environ, mem, fd, maps, root, cwd, exe …). With handled
// file rights it refuses mount, umount, pivot_root and their kin as well. Domains nest: a program may put itself into a
// further one, sixteen deep (landlock(7), "Ruleset layers").
//
// Of the network it knows the ports of TCP, at connect(2) and bind(2) alone, and from 7.2 on those of UDP. It is not
// asked about listen(2), which binds a socket that has no address yet, about MSG_FASTOPEN (before 7.2), or about other
// protocols.
//
// Thread rule: Probe, Fit, Find and Try may be used from anywhere. Apply changes the calling thread for good.
package landlock

import "golang.org/x/sys/unix"

// Access is a set of rights to files, LANDLOCK_ACCESS_FS_*.
type Access uint64

// The rights, with the kernel that has them first. Reading, executing and the ioctls of devices are left out on
// purpose: no outline of write rules speaks about them.
const (
	WriteFile  Access = unix.LANDLOCK_ACCESS_FS_WRITE_FILE  // open a file for writing; ABI 1, Linux 5.13
	RemoveDir  Access = unix.LANDLOCK_ACCESS_FS_REMOVE_DIR  // take an empty directory out of one
	RemoveFile Access = unix.LANDLOCK_ACCESS_FS_REMOVE_FILE // take anything else out of a directory
	MakeChar   Access = unix.LANDLOCK_ACCESS_FS_MAKE_CHAR   // make, link or move a character device into a directory
	MakeDir    Access = unix.LANDLOCK_ACCESS_FS_MAKE_DIR    // make a directory, or move it there
	MakeReg    Access = unix.LANDLOCK_ACCESS_FS_MAKE_REG    // a regular file
	MakeSock   Access = unix.LANDLOCK_ACCESS_FS_MAKE_SOCK   // a unix socket
	MakeFIFO   Access = unix.LANDLOCK_ACCESS_FS_MAKE_FIFO   // a FIFO
	MakeBlock  Access = unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK  // a block device
	MakeSym    Access = unix.LANDLOCK_ACCESS_FS_MAKE_SYM    // a symbolic link
	// Refer is linking or moving between two directories. The kernel denies it below any domain that handles files, be
	// it handled or not. Moving must besides not give the object a right that it had not (EXDEV). ABI 2, Linux 5.19;
	// before that it cannot be given.
	Refer Access = unix.LANDLOCK_ACCESS_FS_REFER
	// Truncate is truncate(2), O_TRUNC, and ftruncate(2) of a file that was opened in the domain. ABI 3, Linux 6.2.
	Truncate Access = unix.LANDLOCK_ACCESS_FS_TRUNCATE
	// ResolveUnix is connecting and sending to a unix socket by its path (EACCES), unless it was made in the domain or one
	// below. ABI 9, Linux 7.1.
	ResolveUnix Access = unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX
)

// OfFile are the rights that a rule on something else than a directory may have; the kernel refuses others (EINVAL).
const OfFile = WriteFile | Truncate

// Scope is a set of things that members may not do to what is outside of the domain, LANDLOCK_SCOPE_*.
type Scope uint64

// ScopeSignal: no signals to processes outside (EPERM), by kill, tgkill, sigqueue, pidfd_send_signal or F_SETOWN.
// kill(0), kill(-1) and kill of a group reach those that are inside, and fail only if nobody is. What the kernel sends
// by itself is not meant: SIGCHLD, the terminal's signals, SIGPIPE, timers. ABI 6, Linux 6.12.
const ScopeSignal Scope = unix.LANDLOCK_SCOPE_SIGNAL

// ScopeAbstract: no connection and no message to an abstract unix socket that was made outside (EPERM). Sockets count
// as made by whoever called socket(2) or accepted them, wherever they are bound. What is connected already is not asked
// about again. ABI 6, Linux 6.12.
const ScopeAbstract Scope = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET

// Net is a set of rights to ports, LANDLOCK_ACCESS_NET_*.
type Net uint64

// The rights. They are asked about over IPv4 and IPv6, whatever the host (EACCES). Those of TCP: ABI 4, Linux 6.7.
const (
	BindTCP    Net = unix.LANDLOCK_ACCESS_NET_BIND_TCP    // bind a socket to a port
	ConnectTCP Net = unix.LANDLOCK_ACCESS_NET_CONNECT_TCP // connect to a port; dissolving a connection is free
	// The same of UDP, ABI 10, Linux 7.2. What is sent over a connected socket, to no address, is free. A socket that has
	// no port yet gets one by connecting or sending: that takes the right to bind to port 0, where binding is handled,
	// and is found out before whether there is somebody to send to.
	BindUDP    Net = unix.LANDLOCK_ACCESS_NET_BIND_UDP
	ConnectUDP Net = unix.LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP
)

// PortRule allows Net for a port. Port 0 is what a bind names that leaves the choice to the kernel.
type PortRule struct {
	Port uint16
	Net  Net
}

// Rule allows Access to a file, or to a directory with all below it.
type Rule struct {
	// Path is the file; symbolic links are followed. If it is empty, FD is: a descriptor of the process that calls
	// Apply.
	Path   string
	FD     int
	Access Access
}

// Ruleset is what a domain is made of. It is plain data.
type Ruleset struct {
	// Handled are the rights that nobody has unless a rule gives them.
	Handled Access
	// Scoped is what stays within the domain.
	Scoped Scope
	Rules  []Rule
	// HandledNet are the rights to ports that nobody has unless a rule of Ports gives them.
	HandledNet Net
	Ports      []PortRule
}

// Empty says that a domain of it would have neither rights nor scopes, which the kernel refuses (ENOMSG).
func (r *Ruleset) Empty() bool { return r.Handled == 0 && r.HandledNet == 0 && r.Scoped == 0 }
