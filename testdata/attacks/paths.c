/*
 * Every call that changes a name or a file, on a path spelled in every way: in full for three common spellings, and for
 * the others with one call of each kind.
 */
#include "attack.h"

/* Where a spelling leads: a base descriptor and a path. */
struct where {
	long dir;
	const char *path;
};

typedef struct where spelling(const char *name);

static char *text_at_page_end(const char *s)
{
	char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS
#ifdef MAP_32BIT
		       | MAP_32BIT
#endif
		       , -1, 0);
	munmap(p + 8192, 4096);
	return strcpy(p + 8192 - strlen(s) - 1, s);
}

static const char *up(const char *name)
{
	/* VICTIM and ALLOW are in the same directory. */
	return str("../%s/%s", strrchr(victim, '/') + 1, name);
}

static long dir_of(int flags) { return DO(open(victim, flags | O_DIRECTORY)); }

static struct where absolute(const char *n) { return (struct where){AT_FDCWD, V(n)}; }
static struct where relative(const char *n) { return (struct where){AT_FDCWD, up(n)}; }
static struct where by_dirfd(const char *n) { return (struct where){dir_of(O_RDONLY), n}; }
static struct where by_path_dirfd(const char *n) { return (struct where){dir_of(O_PATH), n}; }
static struct where by_inherited_dirfd(const char *n) { return (struct where){INHERITED_DIR, n}; }
static struct where by_bogus_dirfd(const char *n) { return (struct where){54321, V(n)}; }
static struct where by_zero_extended_cwd(const char *n) { return (struct where){(long)0xffffff9cUL, up(n)}; }
static struct where by_garbage_above_cwd(const char *n)
{
	return (struct where){sizeof(long) == 8 ? (long)(0x1234567800000000ULL | 0xffffff9cUL) : AT_FDCWD, up(n)};
}
static struct where by_dirfd_of_allow(const char *n)
{
	return (struct where){DO(open(allow, O_RDONLY | O_DIRECTORY)), up(n)};
}
static struct where noisy(const char *n)
{
	return (struct where){AT_FDCWD, str("%s/.//./owndir/.././../%s/./dir/..//%s", allow, strrchr(victim, '/') + 1, n)};
}
static struct where very_long(const char *n)
{
	char *s = str("%*s", 4000, "");
	size_t len = 4000 - strlen(up(n));
	for (size_t i = 0; i < len; i++)
		s[i] = i % 2 ? '/' : '.';
	if (len % 2)
		s[len - 1] = '/';
	strcpy(s + len, up(n));
	return (struct where){AT_FDCWD, s};
}
static struct where after_chdir(const char *n) { return DO(chdir(victim)), (struct where){AT_FDCWD, str("%s", n)}; }
static struct where after_fchdir(const char *n)
{
	DO(fchdir(dir_of(O_RDONLY)));
	return (struct where){AT_FDCWD, str("./%s", n)};
}
static struct where through_link(const char *n)
{
	DO(symlink(victim, "to-victim"));
	return (struct where){AT_FDCWD, str("to-victim/%s", n)};
}
static struct where through_relative_links(const char *n)
{
	DO(symlink(str("../../%s", strrchr(victim, '/') + 1), "owndir/one"));
	DO(symlink("owndir/one", "two"));
	return (struct where){AT_FDCWD, str("two/%s", n)};
}
static struct where dotdot_after_link(const char *n)
{
	/* Cleaned up as text it would be ALLOW/NAME. */
	DO(symlink(V("dir"), "to-dir"));
	return (struct where){AT_FDCWD, str("to-dir/../%s", n)};
}
static struct where proc_cwd(const char *n)
{
	DO(chdir(victim));
	return (struct where){AT_FDCWD, str("/proc/self/cwd/%s", n)};
}
static struct where proc_root(const char *n) { return (struct where){AT_FDCWD, str("/proc/self/root%s", V(n))}; }
static struct where proc_fd(const char *n)
{
	return (struct where){AT_FDCWD, str("/proc/self/fd/%ld/%s", dir_of(O_RDONLY), n)};
}
static struct where proc_thread(const char *n)
{
	return (struct where){AT_FDCWD, str("/proc/thread-self/fd/%ld/%s", dir_of(O_PATH), n)};
}
static struct where dev_fd(const char *n)
{
	return (struct where){AT_FDCWD, str("/dev/fd/%ld/%s", dir_of(O_RDONLY), n)};
}
static struct where of_another(const char *n)
{
	int p[2];
	char c;
	DO(pipe(p));
	pid_t parent = getpid(), pid = DO(fork());
	if (pid == 0) {
		DO(chdir(victim));
		DO(write(p[1], "x", 1));
		outlast(parent);
	}
	DO(read(p[0], &c, 1));
	return (struct where){AT_FDCWD, str("/proc/%d/cwd/%s", (int)pid, n)};
}
static struct where root_of_another(const char *n)
{
	pid_t parent = getpid(), pid = DO(fork());
	if (pid == 0)
		outlast(parent);
	return (struct where){AT_FDCWD, str("/proc/%d/root%s", (int)pid, V(n))};
}
static struct where link_to_magic(const char *n)
{
	DO(symlink("/proc/self/cwd", "magic"));
	const char *path = A(str("magic/%s", n));
	DO(chdir(victim));
	return (struct where){AT_FDCWD, path};
}
static struct where page_end(const char *n) { return (struct where){AT_FDCWD, text_at_page_end(V(n))}; }
static struct where shared_page(const char *n)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS
#ifdef MAP_32BIT
		       | MAP_32BIT
#endif
		       , -1, 0);
	return (struct where){AT_FDCWD, strcpy(p, V(n))};
}
static struct where secret_memory(const char *n)
{
	/* Memory that ptrace, /proc/PID/mem and process_vm_readv cannot read, and the kernel's own copying can. */
	long fd = syscall(SYS_memfd_secret, 0);
	if (fd < 0)
		impossible("this kernel has no secret memory (memfd_secret)");
	DO(ftruncate(fd, 4096));
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED
#ifdef MAP_32BIT
		       | MAP_32BIT
#endif
		       , fd, 0);
	if (p == MAP_FAILED)
		DO(-1);
	return (struct where){AT_FDCWD, strcpy(p, V(n))};
}
static struct where sibling(const char *n)
{
	/* ALLOWx starts with the same letters as ALLOW; the judge watches it as well. */
	return (struct where){AT_FDCWD, str("%sx/%s", allow, n)};
}
static struct where deep_cwd(const char *n)
{
	/* A working directory that no path can name any more. */
	long dir = dir_of(O_RDONLY);
	char name[251];
	memset(name, 'd', 250);
	name[250] = 0;
	for (int i = 0; i < 20; i++) {
		DO(mkdir(name, 0755));
		DO(chdir(name));
	}
	DO(symlink(str("/proc/self/fd/%ld", dir), "up"));
	return (struct where){AT_FDCWD, str("up/%s", n)};
}
static struct where received_dirfd(const char *n)
{
	int pair[2];
	char c = 'x', room[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = {&c, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	DO(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	if (DO(fork()) == 0) {
		int dir = dir_of(O_RDONLY);
		struct cmsghdr *cm = CMSG_FIRSTHDR(&m);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cm), &dir, sizeof dir);
		DO(sendmsg(pair[1], &m, 0));
		_exit(0);
	}
	int dir = -1;
	DO(recvmsg(pair[0], &m, 0));
	memcpy(&dir, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof dir);
	return (struct where){dir, n};
}

static const struct {
	const char *name;
	spelling *spell;
	int common;
} spellings[] = {
#define SPELL(name, common) {#name, name, common}
	SPELL(absolute, 1), SPELL(relative, 1), SPELL(by_dirfd, 1), SPELL(by_path_dirfd, 0), SPELL(by_inherited_dirfd, 0),
	SPELL(by_bogus_dirfd, 0), SPELL(by_zero_extended_cwd, 0), SPELL(by_garbage_above_cwd, 0),
	SPELL(by_dirfd_of_allow, 0), SPELL(noisy, 0), SPELL(very_long, 0), SPELL(after_chdir, 0), SPELL(after_fchdir, 0),
	SPELL(through_link, 0), SPELL(through_relative_links, 0), SPELL(dotdot_after_link, 0), SPELL(proc_cwd, 0),
	SPELL(proc_root, 0), SPELL(proc_fd, 0), SPELL(proc_thread, 0), SPELL(dev_fd, 0), SPELL(of_another, 0),
	SPELL(root_of_another, 0), SPELL(link_to_magic, 0), SPELL(page_end, 0), SPELL(shared_page, 0),
	SPELL(secret_memory, 0), SPELL(sibling, 0), SPELL(deep_cwd, 0), SPELL(received_dirfd, 0),
};

/* The calls. Those without a base descriptor are left out where the spelling needs one. */
typedef void op(long dir, const char *path);
static struct {
	unsigned long long flags, mode, resolve;
} how;
static struct {
	unsigned long long value;
	unsigned size, flags;
} xattr_args;
static struct {
	unsigned long long xflags;
	unsigned extsize, nextents, projid, cowextsize;
} file_attr;
static struct sockaddr_un address;
static struct timespec times[2] = {{1, 0}, {2, 0}};
static char value[] = "attack", xattr_name[] = "user.attack", kept_xattr[] = "user.keep";

#define OP(name) static void name(long d, const char *p)
OP(open_w) { (void)d; say(S(open, p, O_WRONLY)); }
OP(open_rw) { (void)d; say(S(open, p, O_RDWR | O_APPEND)); }
OP(open_creat) { (void)d; say(S(open, p, O_WRONLY | O_CREAT, 0644)); }
OP(open_read_creat) { (void)d; DO(S(open, p, O_RDONLY | O_CREAT, 0644)); }
OP(open_read_trunc) { (void)d; DO(S(open, p, O_RDONLY | O_TRUNC)); }
OP(open_3_trunc) { (void)d; DO(S(open, p, 3 | O_TRUNC)); }
OP(open_3_creat) { (void)d; DO(S(open, p, 3 | O_CREAT, 0644)); }
OP(creat_new) { (void)d; say(S(creat, p, 0644)); }
OP(creat_old) { (void)d; say(S(creat, p, 0644)); }
OP(openat_w) { say(S(openat, d, p, O_WRONLY)); }
OP(openat_creat) { say(S(openat, d, p, O_WRONLY | O_CREAT | O_EXCL, 0644)); }
OP(openat_read_trunc) { DO(S(openat, d, p, O_RDONLY | O_TRUNC)); }
OP(openat_garbage_flags)
{
	/* The kernel drops flag bits it does not know, and the upper half. */
	say(S(openat, d, p, sizeof(long) == 8 ? (long)(0x7654321000000000ULL | O_RDWR) : O_RDWR));
}
OP(openat2_w)
{
	how.flags = O_RDWR;
	say(S(openat2, d, p, &how, sizeof how));
}
OP(openat2_creat)
{
	how.flags = O_RDWR | O_CREAT;
	how.mode = 0644;
	say(S(openat2, d, p, &how, sizeof how));
}
OP(truncate_old) { (void)d; DO(S(truncate, p, 3)); }
OP(mkdir_new) { (void)d; DO(S(mkdir, p, 0755)); }
OP(mkdirat_new) { DO(S(mkdirat, d, p, 0755)); }
OP(mknod_new) { (void)d; DO(S(mknod, p, S_IFREG | 0644, 0)); }
OP(mknodat_fifo) { DO(S(mknodat, d, p, S_IFIFO | 0644, 0)); }
OP(unlink_old) { (void)d; DO(S(unlink, p)); }
OP(unlinkat_old) { DO(S(unlinkat, d, p, 0)); }
OP(rmdir_old) { (void)d; DO(S(rmdir, p)); }
OP(unlinkat_dir) { DO(S(unlinkat, d, p, AT_REMOVEDIR)); }
OP(rename_out) { (void)d; DO(S(rename, p, A("stolen"))); }
OP(rename_in) { (void)d; DO(S(rename, A("own"), p)); }
OP(rename_over) { (void)d; DO(S(rename, A("own"), p)); }
OP(rename_dir_out) { (void)d; DO(S(rename, p, A("stolen"))); }
OP(renameat_out) { DO(S(renameat, d, p, AT_FDCWD, A("stolen"))); }
OP(renameat_in) { DO(S(renameat, AT_FDCWD, A("own"), d, p)); }
OP(renameat2_out) { DO(S(renameat2, d, p, AT_FDCWD, A("stolen"), RENAME_NOREPLACE)); }
OP(renameat2_in) { DO(S(renameat2, AT_FDCWD, A("own"), d, p, RENAME_NOREPLACE)); }
OP(exchange_first) { DO(S(renameat2, d, p, AT_FDCWD, A("own"), RENAME_EXCHANGE)); }
OP(exchange_second) { DO(S(renameat2, AT_FDCWD, A("own"), d, p, RENAME_EXCHANGE)); }
OP(rename_within) { DO(S(renameat2, d, p, AT_FDCWD, V("renamed"), 0)); }
OP(link_out) { (void)d; DO(S(link, p, A("linked"))); }
OP(link_in) { (void)d; DO(S(link, A("own"), p)); }
OP(linkat_out) { DO(S(linkat, d, p, AT_FDCWD, A("linked"), AT_SYMLINK_FOLLOW)); }
OP(linkat_in) { DO(S(linkat, AT_FDCWD, A("own"), d, p, 0)); }
OP(symlink_new) { (void)d; DO(S(symlink, "anywhere", p)); }
OP(symlinkat_new) { DO(S(symlinkat, str("anywhere"), d, p)); }
OP(chmod_old) { (void)d; DO(S(chmod, p, 0600)); }
OP(fchmodat_old) { DO(S(fchmodat, d, p, 0600)); }
OP(fchmodat2_old) { DO(S(fchmodat2, d, p, 0600, 0)); }
OP(chown_old) { (void)d; DO(S(chown, p, getuid(), getgid())); }
OP(lchown_old) { (void)d; DO(S(lchown, p, getuid(), getgid())); }
OP(fchownat_old) { DO(S(fchownat, d, p, getuid(), getgid(), 0)); }
OP(utime_old) { (void)d; DO(S(utime, p, NULL)); }
OP(utimes_old) { (void)d; DO(S(utimes, p, NULL)); }
OP(futimesat_old) { DO(S(futimesat, d, p, NULL)); }
OP(utimensat_now) { DO(S(utimensat, d, p, NULL, 0)); }
OP(utimensat_set) { DO(S(utimensat, d, p, times, 0)); }
OP(setxattr_old) { (void)d; DO(S(setxattr, p, xattr_name, value, 6, 0)); }
OP(lsetxattr_old) { (void)d; DO(S(lsetxattr, p, xattr_name, value, 6, 0)); }
OP(removexattr_old) { (void)d; DO(S(removexattr, p, kept_xattr)); }
OP(lremovexattr_old) { (void)d; DO(S(lremovexattr, p, kept_xattr)); }
OP(setxattrat_old)
{
	xattr_args.value = (uintptr_t)value;
	xattr_args.size = 6;
	DO(S(setxattrat, d, p, 0, xattr_name, &xattr_args, sizeof xattr_args));
}
OP(removexattrat_old) { DO(S(removexattrat, d, p, 0, kept_xattr)); }
OP(file_setattr_old)
{
	file_attr.xflags = 0x40; /* FS_XFLAG_NOATIME */
	DO(S(file_setattr, d, p, &file_attr, sizeof file_attr, 0));
}
OP(bind_new)
{
	(void)d;
	address.sun_family = AF_UNIX;
	if (strlen(p) >= sizeof address.sun_path)
		impossible("the path is too long for a socket address");
	strcpy(address.sun_path, p);
	DO(S(bind, DO(socket(AF_UNIX, SOCK_STREAM, 0)), &address, sizeof address));
}
#if defined(__i386__) || defined(INT80)
/* The twins that only i386 has. */
#ifdef __i386__
#define I386(name) name
enum { SYS32_truncate64 = 193, SYS32_chown16 = 182, SYS32_lchown16 = 16, SYS32_utimensat_time64 = 412, SYS32_socketcall = 102 };
#define T(name, ...) S_(SYS32_##name, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#else
#define T(name, ...) S_(I386_##name, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#endif
OP(truncate64_old) { (void)d; DO(T(truncate64, p, 3, 0)); }
OP(chown16_old) { (void)d; DO(T(chown16, p, getuid(), getgid())); }
OP(lchown16_old) { (void)d; DO(T(lchown16, p, getuid(), getgid())); }
OP(utimensat64_old) { DO(T(utimensat_time64, d, p, NULL, 0)); }
OP(socketcall_bind)
{
	static unsigned args[3];
	(void)d;
	address.sun_family = AF_UNIX;
	if (strlen(p) >= sizeof address.sun_path)
		impossible("the path is too long for a socket address");
	strcpy(address.sun_path, p);
	args[0] = DO(socket(AF_UNIX, SOCK_STREAM, 0));
	args[1] = (uintptr_t)&address;
	args[2] = sizeof address;
	DO(T(socketcall, 2, args));
}
#endif

enum { AT = 1, SAMPLE = 2 };
static const struct {
	const char *name, *target;
	op *run;
	int flags;
} ops[] = {
#define ROW(name, target, flags) {#name, target, name, flags}
	ROW(open_w, "file", 0), ROW(open_rw, "file", 0), ROW(open_creat, "new", SAMPLE),
	ROW(open_read_creat, "new", 0), ROW(open_read_trunc, "file", 0), ROW(open_3_trunc, "file", 0),
	ROW(open_3_creat, "new", 0), ROW(creat_new, "new", 0), ROW(creat_old, "file", 0),
	ROW(openat_w, "file", AT | SAMPLE), ROW(openat_creat, "new", AT | SAMPLE), ROW(openat_read_trunc, "file", AT),
	ROW(openat_garbage_flags, "file", AT), ROW(openat2_w, "file", AT), ROW(openat2_creat, "new", AT),
	ROW(truncate_old, "file", 0), ROW(mkdir_new, "new", 0), ROW(mkdirat_new, "new", AT),
	ROW(mknod_new, "new", 0), ROW(mknodat_fifo, "new", AT), ROW(unlink_old, "file", 0),
	ROW(unlinkat_old, "file", AT | SAMPLE), ROW(rmdir_old, "empty", 0), ROW(unlinkat_dir, "empty", AT),
	ROW(rename_out, "file", 0), ROW(rename_in, "new", 0), ROW(rename_over, "file", 0),
	ROW(rename_dir_out, "dir", 0), ROW(renameat_out, "file", AT), ROW(renameat_in, "new", AT | SAMPLE),
	ROW(renameat2_out, "file", AT), ROW(renameat2_in, "new", AT), ROW(exchange_first, "file", AT),
	ROW(exchange_second, "file", AT), ROW(rename_within, "file", AT), ROW(link_out, "file", 0),
	ROW(link_in, "new", 0), ROW(linkat_out, "file", AT | SAMPLE), ROW(linkat_in, "new", AT),
	ROW(symlink_new, "new", 0), ROW(symlinkat_new, "new", AT), ROW(chmod_old, "file", 0),
	ROW(fchmodat_old, "file", AT | SAMPLE), ROW(fchmodat2_old, "file", AT), ROW(chown_old, "file", 0),
	ROW(lchown_old, "file", 0), ROW(fchownat_old, "file", AT), ROW(utime_old, "file", 0),
	ROW(utimes_old, "file", 0), ROW(futimesat_old, "file", AT), ROW(utimensat_now, "file", AT),
	ROW(utimensat_set, "file", AT), ROW(setxattr_old, "file", 0), ROW(lsetxattr_old, "file", 0),
	ROW(removexattr_old, "file", 0), ROW(lremovexattr_old, "file", 0), ROW(setxattrat_old, "file", AT),
	ROW(removexattrat_old, "file", AT), ROW(file_setattr_old, "file", AT), ROW(bind_new, "new", 0),
#if defined(__i386__) || defined(INT80)
	ROW(truncate64_old, "file", 0), ROW(chown16_old, "file", 0), ROW(lchown16_old, "file", 0),
	ROW(utimensat64_old, "file", AT), ROW(socketcall_bind, "new", 0),
#endif
};

/* Does this spelling need a base descriptor? */
static int based(size_t s)
{
	spelling *f = spellings[s].spell;
	return f == by_dirfd || f == by_path_dirfd || f == by_inherited_dirfd || f == by_bogus_dirfd ||
	       f == by_zero_extended_cwd || f == by_garbage_above_cwd || f == by_dirfd_of_allow || f == received_dirfd;
}

int extra_tricks(int argc, char **argv)
{
	for (size_t s = 0; s < sizeof spellings / sizeof *spellings; s++)
		for (size_t o = 0; o < sizeof ops / sizeof *ops; o++) {
			if ((!spellings[s].common && !(ops[o].flags & SAMPLE)) || (based(s) && !(ops[o].flags & AT)))
				continue;
			const char *name = str("%s.%s", ops[o].name, spellings[s].name);
			if (argc == 2) {
				printf("%s write%s%s%s\n", name, spellings[s].common ? "" : " sample",
				       spellings[s].spell == secret_memory ? " lift=memfd_secret silent never needs=memory" : "",
				       spellings[s].spell == secret_memory && ops[o].run != fchmodat_old ? " hull" : "");
			} else if (strcmp(name, argv[1]) == 0) {
				struct where w = spellings[s].spell(ops[o].target);
				/* A name on the stack or in a constant would be out of reach of int $0x80. */
				ops[o].run(w.dir, w.path);
				return 0;
			}
		}
	if (argc == 2)
		return 0;
	fprintf(stderr, "no trick called %s\n", argv[1]);
	return 2;
}
