package syscalls

// netCalls reach or offer an address. Binding a unix socket also makes a file. What only uses a connection that exists
// is harmless and is here for its neighbours' sake.
var netCalls = []Call{
	// The refusal is for address families and types that no rule can speak about.
	{"socket", Net, args{Int, Int, Int}, "sockets"},
	{"socketpair", Net, args{Int, Int, Int, Pointer}, "sockets"},
	{"bind", Net, args{FD, Sockaddr, Int}, ""},
	{"connect", Net, args{FD, Sockaddr, Int}, ""},
	{"listen", Net, args{FD, Int}, ""},
	{"sendto", Net, args{FD, Pointer, Word, Uint, Sockaddr, Int}, ""},
	{"sendmsg", Net, args{FD, Pointer, Uint}, ""},
	{"sendmmsg", Net, args{FD, Pointer, Uint, Uint}, ""},
	// All of these in one call of the older 32-bit ABIs: the arguments are an array in memory.
	{"socketcall", Net, args{Int, Pointer}, "sockets"},

	{"accept", Harmless, args{FD, Pointer, Pointer}, ""},
	{"accept4", Harmless, args{FD, Pointer, Pointer, Int}, ""},
	{"getpeername", Harmless, args{FD, Pointer, Pointer}, ""},
	{"getsockname", Harmless, args{FD, Pointer, Pointer}, ""},
	{"getsockopt", Harmless, args{FD, Int, Int, Pointer, Pointer}, ""},
	{"setsockopt", Harmless, args{FD, Int, Int, Pointer, Int}, ""},
	{"shutdown", Harmless, args{FD, Int}, ""},
	{"send", Harmless, args{FD, Pointer, Word, Uint}, ""},
	{"recv", Harmless, args{FD, Pointer, Word, Uint}, ""},
	{"recvfrom", Harmless, args{FD, Pointer, Word, Uint, Pointer, Pointer}, ""},
	{"recvmsg", Harmless, args{FD, Pointer, Uint}, ""},
	{"recvmmsg", Harmless, args{FD, Pointer, Uint, Uint, Pointer}, ""},
	{"recvmmsg_time64", Harmless, args{FD, Pointer, Uint, Uint, Pointer}, ""},
}
