package syscalls

// fileCalls name or change a file. The twins that 32-bit ABIs have for wider sizes, owners or times differ from the
// originals only in what they point at or in how many registers a length takes: names and descriptors stay in place.
var fileCalls = []Call{
	// Open and make. openat2's flags are in memory: struct open_how (Linux 5.6).
	{"open", File, args{Path, OpenFlags, Mode}, ""},
	{"openat", File, args{Dirfd, Path, OpenFlags, Mode}, ""},
	{"openat2", File, args{Dirfd, Path, Pointer, Word}, ""},
	{"creat", File, args{Path, Mode}, ""},
	{"truncate", File, args{Path, Word}, ""},
	{"truncate64", File, args{Path, Word, Word, Word}, ""}, // arm, mips and ppc align the length to an even register
	{"mkdir", File, args{Path, Mode}, ""},
	{"mkdirat", File, args{Dirfd, Path, Mode}, ""},
	{"mknod", File, args{Path, Mode, Uint}, "devices"},
	{"mknodat", File, args{Dirfd, Path, Mode, Uint}, "devices"},

	// Names: remove, move, link.
	{"unlink", File, args{Path}, ""},
	{"unlinkat", File, args{Dirfd, Path, AtFlags}, ""},
	{"rmdir", File, args{Path}, ""},
	{"rename", File, args{Path, Path}, ""},
	{"renameat", File, args{Dirfd, Path, Dirfd, Path}, ""},
	{"renameat2", File, args{Dirfd, Path, Dirfd, Path, Uint}, ""},
	{"link", File, args{Path, Path}, ""},
	{"linkat", File, args{Dirfd, Path, Dirfd, Path, AtFlags}, ""},
	{"symlink", File, args{String, Path}, ""}, // a link's content is not looked up
	{"symlinkat", File, args{String, Dirfd, Path}, ""},

	// Mode, owner, times.
	{"chmod", File, args{Path, Mode}, ""},
	{"fchmod", File, args{FD, Mode}, ""},
	{"fchmodat", File, args{Dirfd, Path, Mode}, ""}, // the call has no flags, whatever fchmodat(3) says
	{"fchmodat2", File, args{Dirfd, Path, Mode, AtFlags}, ""},
	{"chown", File, args{Path, Uint, Uint}, ""},
	{"fchown", File, args{FD, Uint, Uint}, ""},
	{"lchown", File, args{Path, Uint, Uint}, ""},
	{"chown32", File, args{Path, Uint, Uint}, ""},
	{"fchown32", File, args{FD, Uint, Uint}, ""},
	{"lchown32", File, args{Path, Uint, Uint}, ""},
	{"fchownat", File, args{Dirfd, Path, Uint, Uint, AtFlags}, ""},
	{"utime", File, args{Path, Pointer}, ""},
	{"utimes", File, args{Path, Pointer}, ""},
	{"futimesat", File, args{Dirfd, Path, Pointer}, ""},
	{"utimensat", File, args{Dirfd, Path, Pointer, AtFlags}, ""}, // a NULL path means the descriptor
	{"utimensat_time64", File, args{Dirfd, Path, Pointer, AtFlags}, ""},

	// Extended attributes and file flags. Reading them of an open descriptor is harmless, like fstat.
	{"setxattr", File, args{Path, String, Pointer, Word, Int}, ""},
	{"lsetxattr", File, args{Path, String, Pointer, Word, Int}, ""},
	{"fsetxattr", File, args{FD, String, Pointer, Word, Int}, ""},
	{"setxattrat", File, args{Dirfd, Path, AtFlags, String, Pointer, Word}, ""},
	{"removexattr", File, args{Path, String}, ""},
	{"lremovexattr", File, args{Path, String}, ""},
	{"fremovexattr", File, args{FD, String}, ""},
	{"removexattrat", File, args{Dirfd, Path, AtFlags, String}, ""},
	{"getxattr", File, args{Path, String, Pointer, Word}, ""},
	{"lgetxattr", File, args{Path, String, Pointer, Word}, ""},
	{"getxattrat", File, args{Dirfd, Path, AtFlags, String, Pointer, Word}, ""},
	{"listxattr", File, args{Path, Pointer, Word}, ""},
	{"llistxattr", File, args{Path, Pointer, Word}, ""},
	{"listxattrat", File, args{Dirfd, Path, AtFlags, Pointer, Word}, ""},
	{"file_getattr", File, args{Dirfd, Path, Pointer, Word, AtFlags}, ""},
	{"file_setattr", File, args{Dirfd, Path, Pointer, Word, AtFlags}, ""},
	{"ioctl", File, args{FD, Uint, Pointer}, "tiocsti"}, // FS_IOC_SETFLAGS and kin; the refusal is for TIOCSTI

	// Look.
	{"access", File, args{Path, Int}, ""},
	{"faccessat", File, args{Dirfd, Path, Int}, ""}, // no flags, as with fchmodat
	{"faccessat2", File, args{Dirfd, Path, Int, AtFlags}, ""},
	{"stat", File, args{Path, Pointer}, ""},
	{"lstat", File, args{Path, Pointer}, ""},
	{"stat64", File, args{Path, Pointer}, ""},
	{"lstat64", File, args{Path, Pointer}, ""},
	{"oldstat", File, args{Path, Pointer}, ""},
	{"oldlstat", File, args{Path, Pointer}, ""},
	{"newfstatat", File, args{Dirfd, Path, Pointer, AtFlags}, ""},
	{"fstatat64", File, args{Dirfd, Path, Pointer, AtFlags}, ""},
	{"statx", File, args{Dirfd, Path, AtFlags, Uint, Pointer}, ""},
	{"statfs", File, args{Path, Pointer}, ""},
	{"statfs64", File, args{Path, Word, Pointer}, ""},
	{"readlink", File, args{Path, Pointer, Int}, ""},
	{"readlinkat", File, args{Dirfd, Path, Pointer, Int}, ""},
	{"inotify_add_watch", File, args{FD, Path, Uint}, ""},
	{"name_to_handle_at", File, args{Dirfd, Path, Pointer, Pointer, AtFlags}, ""},

	// Where later paths start. chroot is judged, not refused: it takes no rights that a rule could miss, since paths
	// are resolved in the task's own root.
	{"chdir", File, args{Path}, ""},
	{"fchdir", File, args{FD}, ""},
	{"chroot", File, args{Path}, ""},
}

// execCalls become another program. execv is SPARC's, for programs of SunOS.
var execCalls = []Call{
	{"execve", Exec, args{Path, Pointer, Pointer}, ""},
	{"execveat", Exec, args{Dirfd, Path, Pointer, Pointer, AtFlags}, ""},
	{"execv", Exec, args{Path, Pointer}, ""},
}
