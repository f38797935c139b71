/* Reading VICTIM/secret, which the policy denies, by every way of opening a file. */
#include "attack.h"
#include <sys/sendfile.h>
#include <sys/xattr.h>

static struct {
	unsigned long long flags, mode, resolve;
} how;
static char nothing[] = "";
static struct {
	unsigned bytes;
	int type;
	unsigned char handle[128];
} handle = {.bytes = 128};
static int mount_id;

TRICK(read_open, "read") { loot(S(open, V("secret"), O_RDONLY)); }
TRICK(read_openat, "read") { loot(S(openat, DO(open(victim, O_PATH | O_DIRECTORY)), str("secret"), O_RDONLY)); }
TRICK(read_openat2, "read") { loot(S(openat2, AT_FDCWD, V("secret"), &how, sizeof how)); }
TRICK(read_rdwr, "read") { loot(S(open, V("secret"), O_RDWR)); }
TRICK(read_inherited_dir, "read") { loot(S(openat, INHERITED_DIR, str("secret"), O_RDONLY)); }
TRICK(read_zero_extended_cwd, "read")
{
	DO(chdir(victim));
	loot(S(openat, (long)0xffffff9cUL, str("secret"), O_RDONLY));
}
TRICK(read_dotdot, "read") { loot(S(open, str("../%s/dir/../secret", strrchr(victim, '/') + 1), O_RDONLY)); }
TRICK(read_link, "read")
{
	DO(symlink(V("secret"), "l"));
	loot(S(open, A("l"), O_RDONLY));
}
TRICK(read_dir_link, "read")
{
	DO(symlink(victim, "l"));
	loot(S(open, A("l/secret"), O_RDONLY));
}
TRICK(read_chdir, "read")
{
	DO(chdir(victim));
	loot(S(open, str("secret"), O_RDONLY));
}
TRICK(read_proc_cwd, "read")
{
	DO(chdir(victim));
	loot(S(open, str("/proc/self/cwd/secret"), O_RDONLY));
}
TRICK(read_proc_root, "read") { loot(S(open, str("/proc/self/root%s", V("secret")), O_RDONLY)); }
TRICK(read_path_only_reopened, "read")
{
	long fd = DO(S(open, V("secret"), O_PATH));
	loot(S(open, str("/proc/self/fd/%ld", fd), O_RDONLY));
}
TRICK(read_path_only_by_empty_name, "read")
{
	/* openat2 with an empty path and O_PATH descriptors: ENOENT on every kernel so far, so by the parent. */
	long dir = DO(S(open, victim, O_PATH));
	how.resolve = 0x08; /* RESOLVE_BENEATH */
	loot(S(openat2, dir, str("secret"), &how, sizeof how));
}
TRICK(read_write_only_reopened, "read")
{
	long fd = DO(S(open, V("secret"), O_WRONLY));
	loot(S(open, str("/proc/self/fd/%ld", fd), O_RDONLY));
}
TRICK(read_access_mode_3, "read")
{
	/* Access mode 3 gives a descriptor for ioctl only, which reopens as anything. */
	long fd = DO(S(open, V("secret"), 3));
	loot(S(open, str("/proc/self/fd/%ld", fd), O_RDONLY));
}
TRICK(read_hard_link, "read needs=moves")
{
	DO(S(link, V("secret"), A("hard")));
	loot(S(open, A("hard"), O_RDONLY));
}
TRICK(read_moved, "read needs=moves")
{
	DO(S(rename, V("secret"), A("moved")));
	loot(S(open, A("moved"), O_RDONLY));
}
TRICK(read_moved_parent, "read needs=moves")
{
	DO(S(rename, victim, A("moved")));
	loot(S(open, A("moved/secret"), O_RDONLY));
}
TRICK(read_moved_parent_beside, "read needs=moves")
{
	DO(S(rename, victim, str("%s-elsewhere", victim)));
	loot(S(open, str("%s-elsewhere/secret", victim), O_RDONLY));
}
TRICK(read_exchanged, "read needs=moves")
{
	DO(S(renameat2, AT_FDCWD, V("secret"), AT_FDCWD, A("own"), RENAME_EXCHANGE));
	loot(S(open, A("own"), O_RDONLY));
}
TRICK(read_secret_memory_name, "read lift=memfd_secret silent needs=memory")
{
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
	loot(S(open, strcpy(p, V("secret")), O_RDONLY));
}
TRICK(read_by_handle, "read root refused needs=handles")
{
	DO(S(name_to_handle_at, AT_FDCWD, V("secret"), &handle, &mount_id, 0));
	long mount = DO(open(victim, O_RDONLY | O_DIRECTORY));
	loot(S(open_by_handle_at, mount, &handle, O_RDONLY));
}
TRICK(read_by_handle_of_descriptor, "read root refused needs=handles")
{
	long fd = DO(open(V("secret"), O_PATH));
	DO(S(name_to_handle_at, fd, nothing, &handle, &mount_id, AT_EMPTY_PATH));
	loot(S(open_by_handle_at, INHERITED_DIR, &handle, O_RDONLY));
}
TRICK(read_by_cat, "read")
{
	DO(execl("/bin/sh", "sh", "-c", "exec cat <\"$0\" >loot", V("secret"), NULL));
}
TRICK(read_by_cp, "read") { DO(execl("/bin/cp", "cp", V("secret"), "loot", NULL)); }
TRICK(read_as_script, "read vague")
{
	/* A shell reads what it is told to run: its complaints quote the text. */
	DO(execl("/bin/sh", "sh", "-c", "sh -v \"$0\" 2>loot; exit 0", V("secret"), NULL));
}
TRICK(read_as_stdin_of_child, "read")
{
	IN_CHILD(pid)
	{
		DO(dup2(DO(open(V("secret"), O_RDONLY)), 0));
		loot(open("/dev/stdin", O_RDONLY));
	}
}
TRICK(read_sendfile, "read")
{
	int out = DO(open("loot", O_WRONLY | O_CREAT, 0644));
	DO(sendfile(out, DO(S(open, V("secret"), O_RDONLY)), NULL, 4096));
}
TRICK(read_mmap, "read")
{
	char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, DO(S(open, V("secret"), O_RDONLY)), 0);
	int out = DO(open("loot", O_WRONLY | O_CREAT, 0644));
	DO(write(out, p, 40));
}
static void *reads(void *arg)
{
	loot(S(open, V("secret"), O_RDONLY));
	return arg;
}
TRICK(read_in_a_thread, "read")
{
	pthread_t t;
	errno = pthread_create(&t, NULL, reads, NULL);
	pthread_join(t, NULL);
}
TRICK(read_in_vfork, "read")
{
	pid_t pid = vfork();
	if (pid == 0) {
		loot(S(open, V("secret"), O_RDONLY));
		_exit(0);
	}
	finish(pid);
}
TRICK(read_untraced, "read refused")
{
	pid_t pid = DO(syscall(SYS_clone, 0x00800000 | SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		sleep_ms(100);
		loot(open(V("secret"), O_RDONLY));
		_exit(0);
	}
	finish(pid);
}
TRICK(read_acl_of_copy, "read")
{
	/* copy_file_range needs a descriptor as well; a reflink would not. */
	int out = DO(open("loot", O_WRONLY | O_CREAT, 0644));
	DO(copy_file_range(DO(S(open, V("secret"), O_RDONLY)), NULL, out, NULL, 4096, 0));
}
