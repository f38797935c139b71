/*
 * Races on names: each way to change what a path leads to, against each call that takes one. The mechanisms are in
 * race_names.h, the calls here.
 */
#include "race.h"
#include "race_names.h"

#define OP(name) static int name(struct aim w)
#define PLAIN (w.dir == AT_FDCWD && SYS_open != -1)

/* Through a descriptor that was won the victim is changed at once. */
static int wrote(long fd)
{
	struct stat st;
	if (fd < 0)
		return 0;
	int won = fstat(fd, &st) == 0 && st.st_ino == victim_file.st_ino && st.st_dev == victim_file.st_dev &&
		  write(fd, "changed by a race\n", 18) == 18;
	close(fd);
	return won;
}
static struct {
	unsigned long long flags, mode, resolve;
} how;
static struct timespec times[2] = {{1, 0}, {2, 0}};
static char value[] = "attack", xattr_name[] = "user.attack", kept[] = "user.keep", nothing[] = "anywhere";
static struct {
	unsigned long long xflags;
	unsigned extsize, nextents, projid, cowextsize;
} file_attr = {.xflags = 0x40};
/* Names in ALLOW that nobody races. */
static char *stolen, *linked, *own, *own2, *ran, *taken;

OP(open_write) { return wrote(PLAIN ? S(open, w.path, O_WRONLY) : S(openat, w.dir, w.path, O_WRONLY)); }
OP(open_creat)
{
	long fd = PLAIN ? S(open, w.path, O_WRONLY | O_CREAT, 0644) : S(openat, w.dir, w.path, O_WRONLY | O_CREAT, 0644);
	return fd >= 0 ? close(fd), 0 : 0;
}
OP(open_excl)
{
	long fd = S(openat, w.dir, w.path, O_RDONLY | O_CREAT | O_EXCL, 0644);
	return fd >= 0 ? close(fd), 0 : 0;
}
OP(open_trunc)
{
	long fd = PLAIN ? S(creat, w.path, 0644) : S(openat, w.dir, w.path, O_RDONLY | O_TRUNC);
	return wrote(fd);
}
OP(openat2_write)
{
	how.flags = O_RDWR;
	return wrote(S(openat2, w.dir, w.path, &how, sizeof how));
}
OP(mkdir_) { return PLAIN ? S(mkdir, w.path, 0755) : S(mkdirat, w.dir, w.path, 0755), 0; }
OP(mknod_) { return PLAIN ? S(mknod, w.path, S_IFREG | 0644, 0) : S(mknodat, w.dir, w.path, S_IFIFO | 0644, 0), 0; }
OP(symlink_) { return PLAIN ? S(symlink, nothing, w.path) : S(symlinkat, nothing, w.dir, w.path), 0; }
OP(link_from) { return PLAIN ? S(link, w.path, linked) : S(linkat, w.dir, w.path, AT_FDCWD, linked, 0), 0; }
OP(link_to) { return PLAIN ? S(link, own, w.path) : S(linkat, AT_FDCWD, own, w.dir, w.path, 0), 0; }
OP(link_followed) { return S(linkat, w.dir, w.path, AT_FDCWD, linked, AT_SYMLINK_FOLLOW), 0; }
OP(unlink_) { return PLAIN ? S(unlink, w.path) : S(unlinkat, w.dir, w.path, 0), 0; }
OP(rmdir_) { return PLAIN ? S(rmdir, w.path) : S(unlinkat, w.dir, w.path, AT_REMOVEDIR), 0; }
/* riscv64 has no renameat(2). */
static long moved(int from_dir, const char *from, int to_dir, const char *to)
{
	return SYS_renameat == -1 ? S(renameat2, from_dir, from, to_dir, to, 0) : S(renameat, from_dir, from, to_dir, to);
}
OP(rename_from) { return PLAIN ? S(rename, w.path, stolen) : moved(w.dir, w.path, AT_FDCWD, stolen), 0; }
OP(rename_to) { return PLAIN ? S(rename, own2, w.path) : moved(AT_FDCWD, own2, w.dir, w.path), 0; }
OP(rename_over) { return S(renameat2, AT_FDCWD, own, w.dir, w.path, 0), 0; }
OP(exchange) { return S(renameat2, w.dir, w.path, AT_FDCWD, own, RENAME_EXCHANGE), 0; }
OP(truncate_) { return S(truncate, w.path, 3), 0; }
OP(chmod_) { return PLAIN ? S(chmod, w.path, 0600) : S(fchmodat, w.dir, w.path, 0600), 0; }
OP(fchmodat2_) { return S(fchmodat2, w.dir, w.path, 0600, 0), 0; }
OP(chown_) { return PLAIN ? S(chown, w.path, getuid(), getgid()) : S(fchownat, w.dir, w.path, getuid(), getgid(), 0), 0; }
OP(utimensat_) { return S(utimensat, w.dir, w.path, times, 0), 0; }
OP(setxattr_) { return S(setxattr, w.path, xattr_name, value, 6, 0), 0; }
OP(removexattr_) { return S(removexattr, w.path, kept), 0; }
OP(file_setattr_) { return S(file_setattr, w.dir, w.path, &file_attr, sizeof file_attr, 0), 0; }
OP(bind_)
{
	/* The address is the memory that is raced: two bytes before the path are kept for the family. */
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	w.path[-2] = AF_UNIX;
	w.path[-1] = 0;
	S(bind, fd, w.path - 2, 2 + strlen(w.path) + 1);
	return close(fd), 0;
}

/* Reading: what is not the decoy's is taken home. */
static int brought(const char *text, long n)
{
	if (n <= 0 || memcmp(text, "decoy", 5) == 0)
		return 0;
	int fd = open(taken, O_WRONLY | O_CREAT | O_APPEND, 0644);
	return fd >= 0 && write(fd, text, n) == n && close(fd) == 0;
}
OP(read_)
{
	static char buf[128];
	long fd = PLAIN ? S(open, w.path, O_RDONLY) : S(openat, w.dir, w.path, O_RDONLY);
	if (fd < 0)
		return 0;
	long n = read(fd, buf, sizeof buf);
	close(fd);
	return brought(buf, n);
}
OP(readlink_)
{
	static char buf[128];
	return brought(buf, PLAIN ? S(readlink, w.path, buf, sizeof buf) : S(readlinkat, w.dir, w.path, buf, sizeof buf));
}
OP(getxattr_)
{
	static char buf[128];
	return brought(buf, S(getxattr, w.path, kept, buf, sizeof buf));
}
OP(statx_)
{
	static struct statx stx;
	if (S(statx, w.dir, w.path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx) != 0 || stx.stx_ino == decoy_secret.st_ino)
		return 0;
	char *text = str("learnt: modified at %u ns\n", stx.stx_mtime.tv_nsec);
	return brought(text, strlen(text));
}
/* The child shares all that is raced. The program is executed by the raced call; the program itself leaves the mark. */
static char child_stack[65536] __attribute__((aligned(16)));
static struct aim child_aim;
static int child(void *unused)
{
#ifdef INT80
	static unsigned list80[2], env80[2];
	static char program[] = "mark";
	static char *env;
	list80[0] = (uintptr_t)program;
	if (!env)
		env = str("ATTACK_ALLOW=%s", allow);
	env80[0] = (uintptr_t)env;
	void *list = list80, *environment = env80;
#else
	static char *argv[] = {"mark", NULL};
	void *list = argv, *environment = environ;
#endif
	if (child_aim.dir == AT_FDCWD)
		S(execve, child_aim.path, list, environment);
	else
		S(execveat, child_aim.dir, child_aim.path, list, environment, 0);
	_exit(126);
}
OP(exec_)
{
	child_aim = w;
	pid_t pid = clone(child, child_stack + sizeof child_stack, CLONE_VM | CLONE_VFORK | CLONE_FS | CLONE_FILES | SIGCHLD,
			  NULL);
	if (pid > 0)
		wait_for(pid);
	return access(ran, F_OK) == 0;
}

/* Undone by descriptors and fixed names that nobody races. */
static void no_new(void) { unlinkat(decoy, "new", 0); }
static void no_new_dir(void) { unlinkat(decoy, "new", AT_REMOVEDIR); }
static void no_linked(void) { unlink(linked); }
static void file_again(void) { close(openat(decoy, "file", O_WRONLY | O_CREAT, 0644)); }
static void empty_again(void) { mkdirat(decoy, "empty", 0755); }
static void stolen_back(void) { renameat(AT_FDCWD, stolen, decoy, "file"); }
static void own2_back(void) { renameat(decoy, "new", AT_FDCWD, own2); }
static void own_again(void) { close(open(own, O_WRONLY | O_CREAT, 0644)); }
static void kept_again(void)
{
	int fd = openat(decoy, "file", O_RDONLY);
	fsetxattr(fd, kept, "kept", 4, 0);
	close(fd);
}

/* Files and names: what Landlock holds by itself. */
#define CONTENT "write hull needs=pinning"

static const struct op ops[] = {
#define ROW(name, target, undo, words, flags) {#name, target, name, undo, words, flags}
	ROW(open_write, "file", NULL, CONTENT, AT | FOLLOWS | SAMPLE), ROW(open_creat, "new", no_new, CONTENT, AT | FOLLOWS | SAMPLE),
	ROW(open_excl, "new", no_new, CONTENT, AT), ROW(open_trunc, "file", NULL, CONTENT, AT | FOLLOWS),
	ROW(openat2_write, "file", NULL, CONTENT, AT | FOLLOWS), ROW(mkdir_, "new", no_new_dir, CONTENT, AT | SAMPLE),
	ROW(mknod_, "new", no_new, CONTENT, AT), ROW(symlink_, "new", no_new, CONTENT, AT),
	ROW(link_from, "file", no_linked, CONTENT, AT | HOME), ROW(link_to, "new", no_new, CONTENT, AT | HOME),
	ROW(link_followed, "file", no_linked, CONTENT, AT | FOLLOWS | HOME), ROW(unlink_, "file", file_again, CONTENT, AT | SAMPLE),
	ROW(rmdir_, "empty", empty_again, CONTENT, AT), ROW(rename_from, "file", stolen_back, CONTENT, AT | SAMPLE | HOME),
	ROW(rename_to, "new", own2_back, CONTENT, AT | HOME), ROW(rename_over, "file", own_again, CONTENT, AT | HOME),
	ROW(exchange, "file", NULL, CONTENT, AT | HOME), ROW(truncate_, "file", NULL, CONTENT, FOLLOWS),
	ROW(chmod_, "file", NULL, "write needs=pinning", AT | FOLLOWS | SAMPLE), ROW(fchmodat2_, "file", NULL, "write needs=pinning", AT | FOLLOWS),
	ROW(chown_, "file", NULL, "write needs=pinning", AT | FOLLOWS), ROW(utimensat_, "file", NULL, "write needs=pinning", AT | FOLLOWS),
	ROW(setxattr_, "file", NULL, "write needs=pinning", FOLLOWS), ROW(removexattr_, "file", kept_again, "write needs=pinning", FOLLOWS),
	ROW(file_setattr_, "file", NULL, "write needs=pinning", AT | FOLLOWS), ROW(bind_, "new", no_new, "write hull detected needs=landlock", 0),
	ROW(read_, "secret", NULL, "read needs=pinning", AT | FOLLOWS | SAMPLE | BLIND | HOME),
	ROW(readlink_, "hint", NULL, "stat needs=pinning", AT | BLIND | HOME), ROW(statx_, "secret", NULL, "stat needs=pinning", AT | SAMPLE | BLIND | HOME),
	ROW(getxattr_, "secret", NULL, "stat needs=pinning", FOLLOWS | BLIND | HOME),
	ROW(exec_, "bin/mark", NULL, "exec needs=second-look", AT | FOLLOWS | SAMPLE | BLIND | HOME),
};

int extra_tricks(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
		for (size_t j = 0; j < sizeof ops / sizeof *ops; j++) {
			const struct mechanism *m = &mechanisms[i];
			const struct op *o = &ops[j];
			if ((m->at & BASED && !(o->flags & AT)) || (m->at & LAST && !(o->flags & FOLLOWS)) ||
			    (m->at & SAMPLED && !(o->flags & SAMPLE)) || (m->at & ROOTED && o->flags & HOME))
				continue;
			const char *name = str("%s.%s", o->name, m->name);
			if (argc == 2)
				printf("%s race %s %s\n", name, o->words, m->words);
			else if (strcmp(name, argv[1]) == 0) {
				stolen = A("stolen"), linked = A("linked"), own = A("own"), own2 = A("own2");
				ran = A("ran"), taken = A("loot");
				race(m, o);
				return 0;
			}
		}
	if (argc == 2)
		return 0;
	fprintf(stderr, "no trick called %s\n", argv[1]);
	return 2;
}
