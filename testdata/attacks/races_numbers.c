/*
 * Races on descriptor numbers: a call that changes what a descriptor is open on, while another task that shares the
 * table keeps putting another file there. All descriptors are open for reading at most.
 */
#include "race.h"
#include <linux/fs.h>
#include <sys/ioctl.h>

enum { NUMBER = 50 };
static int ours = -1, theirs = -1;
static char *magic, *dev, *linked, *ran, *taken;
static char nothing[] = "", value[] = "attack", xattr_name[] = "user.attack", kept[] = "user.keep";
static struct timespec times[2] = {{1, 0}, {2, 0}};
static struct {
	unsigned long long value;
	unsigned size, flags;
} xattr_args = {.size = 6};
static struct {
	unsigned long long xflags;
	unsigned extsize, nextents, projid, cowextsize;
} file_attr = {.xflags = 0x40};

static struct aim files(const char *name, int flags)
{
	ours = DO(openat(decoy, name, flags));
	theirs = DO(openat(victim_dir, name, flags));
	DO(dup2(ours, NUMBER));
	return (struct aim){NUMBER, nothing};
}
static struct aim for_reading(const char *name) { return files(name, O_RDONLY); }
/* One's own for writing, theirs not: what may be reopened is a matter of the moment. */
static struct aim writable_and_not(const char *name)
{
	struct aim w = for_reading(name);
	ours = DO(openat(decoy, name, O_RDWR));
	DO(dup2(ours, NUMBER));
	return w;
}
static struct aim path_only(const char *name) { return files(name, O_PATH); }
static void renumber(unsigned n) { dup2(n & 1 ? theirs : ours, NUMBER); }
/* Closed and opened again instead: the number is free for a moment. */
static void reopen(unsigned n)
{
	close(NUMBER);
	fcntl(n & 1 ? theirs : ours, F_DUPFD, NUMBER);
}
/* The number is given by a message. */
static int channel[2] = {-1, -1};
static struct aim by_message(const char *name)
{
	struct aim w = for_reading(name);
	DO(socketpair(AF_UNIX, SOCK_STREAM, 0, channel));
	while (DO(dup(ours)) < NUMBER)
		;
	return w;
}
static void receive(unsigned n)
{
	char c = 'x', room[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = {&c, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), n & 1 ? &theirs : &ours, sizeof(int));
	sendmsg(channel[1], &m, 0);
	/* All lower numbers are taken, so that what comes gets this one. */
	close(NUMBER);
	recvmsg(channel[0], &m, 0);
}

static const struct mechanism mechanisms[] = {
	{"number_replaced", CLONE_FILES | CLONE_VM, for_reading, renumber, ""},
	{"number_reopened", CLONE_THREAD, for_reading, reopen, "", 1},
	{"number_received", CLONE_THREAD, by_message, receive, "", 1},
	{"writable_number_replaced", CLONE_FILES | CLONE_VM, writable_and_not, renumber, "", 3},
	{"path_number_replaced", CLONE_FILES | CLONE_VM, path_only, renumber, "", 2},
};
/* ANY: also what O_PATH is enough for. */
enum { ANY = 64 };

#define OP(name) static int name(struct aim w)
OP(fchmod_) { return S(fchmod, NUMBER, 0600), 0; }
OP(fchown_) { return S(fchown, NUMBER, getuid(), getgid()), 0; }
OP(fchownat_) { return S(fchownat, NUMBER, nothing, getuid(), getgid(), AT_EMPTY_PATH), 0; }
OP(fchmodat2_) { return S(fchmodat2, NUMBER, nothing, 0600, AT_EMPTY_PATH), 0; }
OP(futimens_) { return S(utimensat, NUMBER, NULL, times, 0), 0; }
OP(utimensat_) { return S(utimensat, NUMBER, nothing, times, AT_EMPTY_PATH), 0; }
OP(fsetxattr_) { return S(fsetxattr, NUMBER, xattr_name, value, 6, 0), 0; }
OP(fremovexattr_) { return S(fremovexattr, NUMBER, kept), 0; }
OP(setxattrat_)
{
	xattr_args.value = (uintptr_t)value;
	return S(setxattrat, NUMBER, nothing, AT_EMPTY_PATH, xattr_name, &xattr_args, sizeof xattr_args), 0;
}
OP(file_setattr_) { return S(file_setattr, NUMBER, nothing, &file_attr, sizeof file_attr, AT_EMPTY_PATH), 0; }
OP(setflags_)
{
	static int flags = FS_NOATIME_FL;
	return S(ioctl, NUMBER, FS_IOC_SETFLAGS, &flags), 0;
}
OP(fssetxattr_)
{
	static struct fsxattr attr = {.fsx_xflags = FS_XFLAG_NOATIME};
	return S(ioctl, NUMBER, FS_IOC_FSSETXATTR, &attr), 0;
}
OP(chmod_magic_) { return S(fchmodat, AT_FDCWD, magic, 0600), 0; }
OP(truncate_magic_) { return S(truncate, magic, 2), 0; }
OP(link_magic_) { return S(linkat, AT_FDCWD, magic, AT_FDCWD, linked, AT_SYMLINK_FOLLOW), 0; }
OP(link_empty_) { return S(linkat, NUMBER, nothing, AT_FDCWD, linked, AT_EMPTY_PATH), 0; }
static int wrote(long fd)
{
	struct stat st;
	if (fd < 0)
		return 0;
	int won = fstat(fd, &st) == 0 && st.st_ino == victim_file.st_ino && write(fd, "changed by a race\n", 18) == 18;
	close(fd);
	return won;
}
OP(reopen_magic_) { return wrote(S(openat, AT_FDCWD, magic, O_WRONLY)); }
OP(reopen_dev_) { return wrote(S(openat, AT_FDCWD, dev, O_RDWR | O_APPEND)); }
OP(read_magic_)
{
	static char buf[128];
	long fd = S(openat, AT_FDCWD, magic, O_RDONLY);
	long n = fd < 0 ? 0 : read(fd, buf, sizeof buf);
	close(fd);
	if (n <= 0 || memcmp(buf, "decoy", 5) == 0)
		return 0;
	int out = open(taken, O_WRONLY | O_CREAT | O_APPEND, 0644);
	return write(out, buf, n) == n && close(out) == 0;
}
#ifndef INT80
static char child_stack[65536] __attribute__((aligned(16)));
static int child(void *by_name)
{
	static char *argv[] = {"mark", NULL};
	if (by_name)
		execve(magic, argv, environ);
	else
		syscall(SYS_execveat, NUMBER, nothing, argv, environ, AT_EMPTY_PATH);
	_exit(126);
}
static int executed(void *by_name)
{
	pid_t pid = clone(child, child_stack + sizeof child_stack, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, by_name);
	if (pid > 0)
		wait_for(pid);
	return access(ran, F_OK) == 0;
}
OP(exec_empty_) { return executed(NULL); }
OP(exec_magic_) { return executed(magic); }
#endif

static void no_linked(void) { unlink(linked); }
static void kept_again(void) { fsetxattr(ours, kept, "kept", 4, 0); }

static const struct op ops[] = {
#define ROW(name, target, undo, words, flags) {#name, target, name, undo, words, flags}
	ROW(fchmod_, "file", NULL, "write needs=pinning", SAMPLE), ROW(fchown_, "file", NULL, "write needs=pinning", 0),
	ROW(fchownat_, "file", NULL, "write needs=pinning", ANY), ROW(fchmodat2_, "file", NULL, "write needs=pinning", ANY),
	ROW(futimens_, "file", NULL, "write needs=pinning", 0), ROW(utimensat_, "file", NULL, "write needs=pinning", ANY),
	ROW(fsetxattr_, "file", NULL, "write needs=pinning", 0), ROW(fremovexattr_, "file", kept_again, "write needs=pinning", 0),
	ROW(setxattrat_, "file", NULL, "write needs=pinning", 0), ROW(file_setattr_, "file", NULL, "write needs=pinning", 0),
	ROW(setflags_, "file", NULL, "write needs=pinning", SAMPLE), ROW(fssetxattr_, "file", NULL, "write needs=pinning", 0),
	ROW(chmod_magic_, "file", NULL, "write needs=pinning", ANY), ROW(truncate_magic_, "file", NULL, "write hull needs=pinning", ANY),
	ROW(link_magic_, "file", no_linked, "write hull needs=pinning", 0), ROW(link_empty_, "file", no_linked, "write hull root needs=pinning", 0),
	ROW(reopen_magic_, "file", NULL, "write hull needs=pinning", SAMPLE | ANY), ROW(reopen_dev_, "file", NULL, "write hull needs=pinning", 0),
	ROW(read_magic_, "secret", NULL, "read needs=pinning", BLIND),
#ifndef INT80
	ROW(exec_empty_, "bin/mark", NULL, "exec needs=second-look", BLIND), ROW(exec_magic_, "bin/mark", NULL, "exec needs=second-look", BLIND),
#endif
};

int extra_tricks(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
		for (size_t j = 0; j < sizeof ops / sizeof *ops; j++) {
			const struct mechanism *m = &mechanisms[i];
			const struct op *o = &ops[j];
			/* What the policy keeps from being read can be opened with O_PATH, and only so. */
			if (strncmp(o->words, "read", 4) == 0 ? m->at != 2
			    : m->at == 1		  ? !(o->flags & SAMPLE)
			    : m->at == 2		  ? !(o->flags & ANY)
			    : m->at == 3		  ? strstr(o->name, "open") == NULL
							  : 0)
				continue;
			const char *name = str("%s.%s", o->name, m->name);
			if (argc == 2)
				printf("%s race %s %s\n", name, o->words, m->words);
			else if (strcmp(name, argv[1]) == 0) {
				linked = A("linked"), ran = A("ran"), taken = A("loot");
				magic = str("/proc/self/fd/%d", NUMBER), dev = str("/dev/fd/%d", NUMBER);
				race(m, o);
				return 0;
			}
		}
	if (argc == 2)
		return 0;
	fprintf(stderr, "no trick called %s\n", argv[1]);
	return 2;
}
