package syscalls

// ipcCalls use System V objects and POSIX message queues: name spaces of their own, with their own owners and modes,
// that hold no files. A queue's name is a single word that is looked up in the IPC namespace, not a path.
var ipcCalls = []Call{
	{"shmat", Harmless, args{Int, Pointer, Int}, ""},
	{"shmctl", Harmless, args{Int, Int, Pointer}, ""},
	{"shmdt", Harmless, args{Pointer}, ""},
	{"shmget", Harmless, args{Int, Word, Int}, ""},
	{"semctl", Harmless, args{Int, Int, Int, Word}, ""},
	{"semget", Harmless, args{Int, Int, Int}, ""},
	{"semop", Harmless, args{Int, Pointer, Uint}, ""},
	{"semtimedop", Harmless, args{Int, Pointer, Uint, Pointer}, ""},
	{"semtimedop_time64", Harmless, args{Int, Pointer, Uint, Pointer}, ""},
	{"msgctl", Harmless, args{Int, Int, Pointer}, ""},
	{"msgget", Harmless, args{Int, Int}, ""},
	{"msgrcv", Harmless, args{Int, Pointer, Word, Word, Int}, ""},
	{"msgsnd", Harmless, args{Int, Pointer, Word, Int}, ""},
	{"ipc", Harmless, args{Uint, Int, Word, Word, Pointer, Word}, ""}, // all of the above in one call, and no more

	{"mq_open", Harmless, args{String, OpenFlags, Mode, Pointer}, ""},
	{"mq_unlink", Harmless, args{String}, ""},
	{"mq_getsetattr", Harmless, args{FD, Pointer, Pointer}, ""},
	{"mq_notify", Harmless, args{FD, Pointer}, ""},
	{"mq_timedreceive", Harmless, args{FD, Pointer, Word, Pointer, Pointer}, ""},
	{"mq_timedreceive_time64", Harmless, args{FD, Pointer, Word, Pointer, Pointer}, ""},
	{"mq_timedsend", Harmless, args{FD, Pointer, Word, Uint, Pointer}, ""},
	{"mq_timedsend_time64", Harmless, args{FD, Pointer, Word, Uint, Pointer}, ""},
}
