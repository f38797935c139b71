/* Changes through descriptors that were opened for reading, or for nothing at all, and by magic links to them. */
#include "attack.h"
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/time.h>

static struct timespec times[2] = {{1, 0}, {2, 0}};
static char value[] = "attack", xattr_name[] = "user.attack", kept[] = "user.keep", nothing[] = "";
static struct {
	unsigned long long value;
	unsigned size, flags;
} xattr_args = {.size = 6};
static struct {
	unsigned long long xflags;
	unsigned extsize, nextents, projid, cowextsize;
} file_attr = {.xflags = 0x40};

static long reading(void) { return DO(open(V("file"), O_RDONLY)); }
static long pathonly(void) { return DO(open(V("file"), O_PATH)); }
static char *fd_path(long fd) { return str("/proc/self/fd/%ld", fd); }

TRICK(fchmod, "write") { DO(S(fchmod, reading(), 0600)); }
TRICK(fchmod_dir, "write") { DO(S(fchmod, DO(open(V("dir"), O_RDONLY)), 0700)); }
TRICK(fchmod_inherited, "write") { DO(S(fchmod, INHERITED_FILE, 0600)); }
TRICK(fchmod_high_garbage, "write")
{
	DO(S(fchmod, sizeof(long) == 8 ? (long)(0x5555555500000000ULL | (unsigned)reading()) : reading(), 0600));
}
TRICK(fchown, "write") { DO(S(fchown, reading(), getuid(), getgid())); }
TRICK(fchownat_empty, "write") { DO(S(fchownat, reading(), nothing, getuid(), getgid(), AT_EMPTY_PATH)); }
TRICK(fchownat_empty_path_only, "write") { DO(S(fchownat, pathonly(), nothing, getuid(), getgid(), AT_EMPTY_PATH)); }
TRICK(fchmodat2_empty, "write") { DO(S(fchmodat2, pathonly(), nothing, 0600, AT_EMPTY_PATH)); }
TRICK(futimens, "write") { DO(S(utimensat, reading(), NULL, times, 0)); }
TRICK(futimens_now, "write") { DO(S(utimensat, reading(), NULL, NULL, 0)); }
TRICK(utimensat_empty, "write") { DO(S(utimensat, pathonly(), nothing, times, AT_EMPTY_PATH)); }
TRICK(futimesat_null, "write") { DO(S(futimesat, reading(), NULL, NULL)); }
TRICK(fsetxattr, "write") { DO(S(fsetxattr, reading(), xattr_name, value, 6, 0)); }
TRICK(fsetxattr_inherited, "write") { DO(S(fsetxattr, INHERITED_FILE, xattr_name, value, 6, 0)); }
TRICK(fremovexattr, "write") { DO(S(fremovexattr, reading(), kept)); }
TRICK(setxattrat_empty, "write")
{
	xattr_args.value = (uintptr_t)value;
	DO(S(setxattrat, reading(), nothing, AT_EMPTY_PATH, xattr_name, &xattr_args, sizeof xattr_args));
}
TRICK(removexattrat_empty, "write") { DO(S(removexattrat, reading(), nothing, AT_EMPTY_PATH, kept)); }
TRICK(file_setattr_empty, "write")
{
	DO(S(file_setattr, reading(), nothing, &file_attr, sizeof file_attr, AT_EMPTY_PATH));
}
#ifndef INT80
TRICK(ioctl_setflags, "write")
{
	/* Without FS_EXTENT_FL ext4 would also move the file's blocks, and may fail after it has set the other flags. */
	long fd = reading();
	int flags;
	DO(ioctl(fd, FS_IOC_GETFLAGS, &flags));
	flags ^= FS_NOATIME_FL;
	DO(ioctl(fd, FS_IOC_SETFLAGS, &flags));
}
TRICK(ioctl_setflags_garbage, "write")
{
	long fd = reading();
	int flags;
	DO(ioctl(fd, FS_IOC_GETFLAGS, &flags));
	flags ^= FS_NODUMP_FL;
	DO(syscall(SYS_ioctl, fd,
		   sizeof(long) == 8 ? (long)(0x7777777700000000ULL | FS_IOC_SETFLAGS) : (long)FS_IOC_SETFLAGS, &flags));
}
TRICK(ioctl_fssetxattr, "write")
{
	struct fsxattr attr = {.fsx_xflags = FS_XFLAG_NOATIME};
	DO(ioctl(reading(), FS_IOC_FSSETXATTR, &attr));
}
TRICK(ioctl_setversion, "write")
{
	int version = 4711;
	long r = ioctl(reading(), FS_IOC_SETVERSION, &version);
	if (r != 0 && errno == ENOTTY)
		impossible("this file system has no inode versions");
	DO(r);
}
#endif
TRICK(chmod_magic, "write") { DO(S(chmod, fd_path(reading()), 0600)); }
TRICK(chmod_magic_path_only, "write") { DO(S(chmod, fd_path(pathonly()), 0600)); }
TRICK(chown_magic, "write") { DO(S(chown, fd_path(pathonly()), getuid(), getgid())); }
TRICK(setxattr_magic, "write") { DO(S(setxattr, fd_path(pathonly()), xattr_name, value, 6, 0)); }
TRICK(utimensat_magic, "write") { DO(S(utimensat, AT_FDCWD, fd_path(pathonly()), times, 0)); }
TRICK(truncate_magic, "write") { DO(S(truncate, fd_path(reading()), 2)); }
TRICK(reopen_self_fd, "write hull needs=held") { say(S(open, fd_path(reading()), O_WRONLY)); }
TRICK(reopen_path_only, "write") { say(S(open, fd_path(pathonly()), O_RDWR)); }
TRICK(reopen_truncating, "write") { DO(S(open, fd_path(reading()), O_RDONLY | O_TRUNC)); }
TRICK(reopen_dev_fd, "write hull needs=held") { say(S(open, str("/dev/fd/%ld", reading()), O_WRONLY)); }
TRICK(reopen_inherited, "write hull needs=held") { say(S(open, fd_path(INHERITED_FILE), O_WRONLY | O_APPEND)); }
TRICK(reopen_as_stdin, "write hull needs=held")
{
	DO(dup2(reading(), 0));
	say(S(open, str("/dev/stdin"), O_WRONLY));
}
TRICK(reopen_numeric_pid, "write") { say(S(open, str("/proc/%d/fd/%ld", getpid(), reading()), O_WRONLY)); }
TRICK(reopen_of_child, "write")
{
	long fd = reading();
	pid_t parent = getpid(), pid = DO(fork());
	if (pid == 0)
		outlast(parent);
	close(fd);
	say(S(open, str("/proc/%d/fd/%ld", (int)pid, fd), O_WRONLY));
}
TRICK(reopen_relative_to_proc, "write")
{
	long fd = reading(), dir = DO(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
	say(S(openat, dir, str("%ld", fd), O_WRONLY));
}
TRICK(reopen_in_proc_cwd, "write hull needs=held")
{
	long fd = reading();
	DO(chdir("/proc/self/fd"));
	say(S(open, str("%ld", fd), O_WRONLY));
}
TRICK(reopen_map_files, "write")
{
	/* Only for those who may use /proc/PID/map_files. */
	char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, reading(), 0);
	if (access(str("/proc/self/map_files/%lx-%lx", (long)p, (long)p + 4096), F_OK) != 0)
		impossible("/proc/self/map_files is closed to this user");
	say(S(open, str("/proc/self/map_files/%lx-%lx", (long)p, (long)p + 4096), O_WRONLY));
}
TRICK(reopen_after_link_is_gone, "write")
{
	/* The name in the magic link is not the name of the file any more. */
	long fd = reading();
	DO(S(open, fd_path(fd), O_RDWR | O_TRUNC));
}
TRICK(link_open_file, "write") { DO(S(linkat, AT_FDCWD, fd_path(reading()), AT_FDCWD, A("linked"), AT_SYMLINK_FOLLOW)); }
TRICK(link_open_file_empty, "write root") { DO(S(linkat, pathonly(), nothing, AT_FDCWD, A("linked"), AT_EMPTY_PATH)); }
TRICK(tmpfile_into_victim, "write")
{
	long fd = DO(S(open, A(""), O_TMPFILE | O_RDWR, 0600));
	DO(S(linkat, AT_FDCWD, fd_path(fd), AT_FDCWD, V("new"), AT_SYMLINK_FOLLOW));
}
TRICK(tmpfile_in_victim, "write")
{
	long fd = DO(S(open, V(""), O_TMPFILE | O_RDWR, 0600));
	DO(S(linkat, AT_FDCWD, fd_path(fd), AT_FDCWD, V("new"), AT_SYMLINK_FOLLOW));
}
TRICK(magic_cwd_itself, "write")
{
	DO(chdir(V("dir")));
	DO(S(chmod, str("/proc/self/cwd"), 0700));
}
TRICK(magic_exe, "write")
{
	/* /proc/self/exe is a magic link too: a copy of this program in VICTIM is changed by its own. */
	if (strstr(self, V("")) == NULL) {
		DO(system(str("cp %s %s 2>/dev/null", self, V("copy"))));
		if (access(V("copy"), X_OK) != 0)
			DO((errno = EACCES, -1));
		execl(V("copy"), V("copy"), "magic_exe", victim, allow, NULL);
	}
	DO(S(chmod, str("/proc/self/exe"), 0700));
}
