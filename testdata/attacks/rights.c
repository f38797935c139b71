/*
 * What the program may not do itself, asked of the box: whoever acts in a task's place must have the task's rights, no
 * others. Without the box none of these wins; in it none may. A task drops rights, tries what it could do before, and
 * leaves ALLOW/reached if it still can.
 */
/* variants: static m32 int80 */
#include "attack.h"
#include <grp.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

enum { NOBODY = 54321, MANAGED = 42 };

/*
 * The call of this name, and on machines that have none (arm64, riscv64) libc's, which makes the one with a dirfd:
 * none of these tricks wins natively, so a call that does not exist would pass for one that was refused.
 */
#define BY_NAME(name, ...) (NR(name) == -1 ? (long)name(__VA_ARGS__) : S(name, __VA_ARGS__))

/* f is tried by a child, after prepare. MANAGED is its status if it could do it. */
static void attempt(void (*drop)(void), long (*f)(void))
{
	pid_t pid = DO(fork());
	if (pid == 0) {
		drop();
		_exit(f() >= 0 ? MANAGED : 1);
	}
	if (wait_for(pid) == MANAGED)
		close(DO(open(A("reached"), O_WRONLY | O_CREAT, 0644)));
	_exit(1);
}

static void another_user(void)
{
	DO(setgroups(0, NULL));
	DO(setresgid(NOBODY, NOBODY, NOBODY));
	DO(setresuid(NOBODY, NOBODY, NOBODY));
}
static void another_file_user(void)
{
	setfsgid(NOBODY);
	setfsuid(NOBODY);
}
static void no_capabilities(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	memset(data, 0, sizeof data);
	DO(syscall(SYS_capset, &head, data));
}
static void another_effective_user(void) { DO(seteuid(NOBODY)); }
static void nothing(void) {}

/* Files of root in ALLOW, closed to all others, made before. */
static char *locked, *locked_dir, *inside, *foreign;
static void lock(void)
{
	locked = A("locked"), locked_dir = A("locked-dir"), inside = A("locked-dir/new"), foreign = A("foreign");
	int fd = DO(open(locked, O_WRONLY | O_CREAT, 0600));
	close(fd);
	DO(mkdir(locked_dir, 0700));
	/* Neither this user's nor open to it; root without capabilities is nobody special. */
	fd = DO(open(foreign, O_WRONLY | O_CREAT, 0600));
	close(fd);
	DO(chown(foreign, NOBODY + 1, NOBODY + 1));
	DO(chmod(allow, 0755));
}
static long open_locked(void) { return BY_NAME(open, locked, O_WRONLY); }
static long read_locked(void) { return BY_NAME(open, locked, O_RDWR); }
static long truncate_locked(void) { return S(truncate, locked, 1); }
static long make_inside(void) { return BY_NAME(mkdir, inside, 0755); }
static long make_file_inside(void) { return BY_NAME(open, inside, O_WRONLY | O_CREAT, 0644); }
static long remove_locked(void) { return BY_NAME(unlink, locked); }
static long rename_locked(void) { return BY_NAME(rename, locked, foreign); }
static long chmod_locked(void) { return BY_NAME(chmod, locked, 0666); }
static long chown_locked(void) { return BY_NAME(chown, locked, NOBODY, NOBODY); }
static long open_foreign(void) { return BY_NAME(open, foreign, O_WRONLY); }
static long chmod_foreign(void) { return BY_NAME(chmod, foreign, 0666); }
static char trusted[] = "trusted.attack", value[] = "x";
static long trusted_attribute(void) { return S(setxattr, locked, trusted, value, 1, 0); }

#define UNABLE(name, drop, f)                                                                                          \
	TRICK(name, "write root unable needs=rights")                                                                  \
	{                                                                                                              \
		lock();                                                                                                \
		attempt(drop, f);                                                                                      \
	}
UNABLE(user_opens, another_user, open_locked)
UNABLE(user_reads, another_user, read_locked)
UNABLE(user_truncates, another_user, truncate_locked)
UNABLE(user_makes_dir, another_user, make_inside)
UNABLE(user_makes_file, another_user, make_file_inside)
UNABLE(user_removes, another_user, remove_locked)
UNABLE(user_renames, another_user, rename_locked)
UNABLE(user_changes_mode, another_user, chmod_locked)
UNABLE(user_changes_owner, another_user, chown_locked)
UNABLE(user_sets_trusted, another_user, trusted_attribute)
UNABLE(fsuid_opens, another_file_user, open_locked)
UNABLE(fsuid_makes_dir, another_file_user, make_inside)
UNABLE(effective_user_opens, another_effective_user, open_locked)
UNABLE(effective_user_removes, another_effective_user, remove_locked)
UNABLE(no_capabilities_opens, no_capabilities, open_foreign)
UNABLE(no_capabilities_changes_mode, no_capabilities, chmod_foreign)
UNABLE(no_capabilities_changes_owner, no_capabilities, chown_locked)
UNABLE(no_capabilities_sets_trusted, no_capabilities, trusted_attribute)

/* A Landlock domain of its own: it may write ALLOW/owndir and nothing else. */
struct ruleset {
	unsigned long long fs;
};
struct beneath {
	unsigned long long access;
	int fd;
} __attribute__((packed));
static void own_domain(void)
{
	enum { WRITE = 2 | 0x1ff0 };
	struct ruleset attr = {WRITE};
	long ruleset = syscall(444, &attr, sizeof attr, 0);
	if (ruleset < 0)
		impossible("this kernel has no Landlock");
	struct beneath rule = {WRITE, DO(open(A("owndir"), O_PATH))};
	DO(syscall(445, ruleset, 1, &rule, 0));
	DO(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	DO(syscall(446, ruleset, 0));
}
static char *own_file, *own_new, *own_in;
static long domain_opens(void) { return BY_NAME(open, own_file, O_WRONLY); }
static long domain_makes(void) { return BY_NAME(open, own_new, O_WRONLY | O_CREAT, 0644); }
static long domain_makes_dir(void) { return BY_NAME(mkdir, own_new, 0755); }
static long domain_removes(void) { return BY_NAME(unlink, own_file); }
static long domain_renames(void) { return BY_NAME(rename, own_file, own_new); }
static long domain_links(void) { return BY_NAME(link, own_file, own_in); }
static long in_thread(void *(*f)(void *))
{
	pthread_t t;
	void *result = NULL;
	errno = pthread_create(&t, NULL, f, NULL);
	DO(errno ? -1 : 0);
	pthread_join(t, &result);
	return (long)result;
}
static void *thread_opens(void *unused) { return (void *)domain_opens(); }
static long domain_thread_opens(void) { return in_thread(thread_opens); }
static long domain_child_opens(void)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(domain_opens() >= 0);
	return wait_for(pid) == 1 ? 0 : -1;
}
static long domain_nested_opens(void)
{
	/* A second domain, of no more than the first. */
	own_domain();
	return domain_opens();
}
static long domain_after_exec(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "echo x >\"$0\"", own_file, NULL);
		_exit(1);
	}
	return wait_for(pid) == 0 ? 0 : -1;
}
#define DOMAIN(name)                                                                                                   \
	TRICK(name##_, "write unable")                                                                                 \
	{                                                                                                              \
		own_file = A("own"), own_new = A("new"), own_in = A("owndir/linked");                                  \
		attempt(own_domain, name);                                                                             \
	}
DOMAIN(domain_opens)
DOMAIN(domain_makes)
DOMAIN(domain_makes_dir)
DOMAIN(domain_removes)
DOMAIN(domain_renames)
DOMAIN(domain_links)
DOMAIN(domain_thread_opens)
DOMAIN(domain_child_opens)
DOMAIN(domain_nested_opens)
DOMAIN(domain_after_exec)

/* What belongs to who asks: the terminal, limits, the mask, what /proc/self is. */
static void own_session(void) { DO(setsid()); }
static char tty[] = "/dev/tty";
static long open_tty(void) { return BY_NAME(open, tty, O_RDWR); }
TRICK(terminal_of_another, "write unable") { attempt(own_session, open_tty); }
static void small_files(void)
{
	struct rlimit r = {10, 10};
	signal(SIGXFSZ, SIG_IGN);
	DO(setrlimit(RLIMIT_FSIZE, &r));
}
static long grow(void) { return S(truncate, own_file, 1000); }
TRICK(limit_of_file_size, "write unable")
{
	own_file = A("own");
	attempt(small_files, grow);
}
static void no_descriptors(void)
{
	struct rlimit r = {8, 8};
	DO(setrlimit(RLIMIT_NOFILE, &r));
	while (dup(0) >= 0)
		;
}
TRICK(limit_of_descriptors, "write unable")
{
	own_file = A("own");
	attempt(no_descriptors, domain_opens);
}
static void strict_mask(void) { umask(0777); }
static long make_open(void)
{
	struct stat st;
	DO(BY_NAME(mkdir, own_new, 0777));
	return stat(own_new, &st) == 0 && (st.st_mode & 0777) != 0 ? 0 : -1;
}
TRICK(mask_of_the_task, "write unable")
{
	own_new = A("new");
	attempt(strict_mask, make_open);
}
static char comm[] = "/proc/self/comm";
static long not_its_own_comm(void)
{
	/* What /proc/self/comm says is not this program: then it is the tracer. */
	char text[32] = "";
	long fd = BY_NAME(open, comm, O_RDWR);
	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
		return -1;
	return strncmp(text, program_invocation_short_name, 10) != 0 ? 0 : -1;
}
TRICK(proc_self_of_the_tracer, "write unable tree") { attempt(nothing, not_its_own_comm); }
static char maps[] = "/proc/thread-self/maps";
static long not_its_own_maps(void)
{
	static char text[65536];
	long fd = BY_NAME(open, maps, O_RDONLY);
	return fd >= 0 && read(fd, text, sizeof text - 1) > 0 && strstr(text, self) == NULL ? 0 : -1;
}
TRICK(thread_self_of_the_tracer, "read unable") { attempt(nothing, not_its_own_maps); }
