package syscalls

// goneCalls have a number and nothing behind it: no kernel since 4.8 does anything for them. They run and fail as
// they would without sydbox (ENOSYS, bdflush: success).
var goneCalls = []Call{
	{"bdflush", Harmless, args{}, ""},
	{"break", Harmless, args{}, ""},
	{"epoll_ctl_old", Harmless, args{}, ""},
	{"epoll_wait_old", Harmless, args{}, ""},
	{"ftime", Harmless, args{}, ""},
	{"get_kernel_syms", Harmless, args{}, ""},
	{"getpmsg", Harmless, args{}, ""},
	{"gtty", Harmless, args{}, ""},
	{"idle", Harmless, args{}, ""},
	{"lock", Harmless, args{}, ""},
	{"mpx", Harmless, args{}, ""},
	{"multiplexer", Harmless, args{}, ""},
	{"perfctr", Harmless, args{}, ""},
	{"prof", Harmless, args{}, ""},
	{"profil", Harmless, args{}, ""},
	{"putpmsg", Harmless, args{}, ""},
	{"stty", Harmless, args{}, ""},
	{"timerfd", Harmless, args{}, ""},
	{"ulimit", Harmless, args{}, ""},
}
