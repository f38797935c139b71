/* variants: m32 */
/*
 * The errno oracle: every call that takes a path, on every kind of path, each time in a directory as at first. The table it
 * prints natively is what it must print in the sandbox; what the calls leave behind is part of it.
 */
#include "check.h"
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <utime.h>

static char long_component[258], too_long[2 * PATH_MAX], just_fits[PATH_MAX], *bad_end;
static int file_fd, dir_fd;

static const struct {
	const char *label, *path;
} paths[] = {
	{"empty", ""}, {"missing", "missing"}, {"missing/x", "missing/x"}, {"missing/", "missing/"}, {"file", "file"},
	{"file/", "file/"}, {"file/x", "file/x"}, {"file/..", "file/.."}, {"dir", "dir"}, {"dir/", "dir/"},
	{"dir/.", "dir/."}, {"dir/..", "dir/.."}, {"empty dir", "void"}, {"dir/new", "dir/new"}, {"dir/in", "dir/in"},
	{"link to file", "lf"}, {"link to file/", "lf/"}, {"link to dir", "ld"}, {"link to dir/", "ld/"},
	{"link to dir/new", "ld/new"}, {"dangling", "dangling"}, {"dangling/", "dangling/"},
	{"dangling/x", "dangling/x"}, {"link into missing", "lm"}, {"loop", "loop"}, {"loop/", "loop/"},
	{"loop/x", "loop/x"}, {"fifo", "fifo"}, {".", "."}, {"..", ".."}, {"./file", "./file"},
	{"dir//../file", "dir//../file"}, {"long component", long_component}, {"too long", too_long},
	{"just fits", just_fits}, {"NULL", NULL}, {"bad pointer", (char *)8}, {"unterminated", (char *)-1},
	{"read-only file", "locked"}, {"unsearchable", "closed/x"},
};
enum { PATHS = sizeof paths / sizeof *paths };

static const char *path_of(int i) { return paths[i].path == (char *)-1 ? bad_end - 3 : paths[i].path; }

/* Built and torn down by plain calls that the sandbox has no reason to touch. */
static void build(void)
{
	MUST(mkdir("dir", 0755) == 0 && mkdir("void", 0755) == 0 && mkdir("closed", 0) == 0);
	int fd = open("file", O_WRONLY | O_CREAT, 0644);
	MUST(fd >= 0 && write(fd, "text", 4) == 4 && close(fd) == 0);
	MUST(close(open("dir/in", O_WRONLY | O_CREAT, 0644)) == 0);
	MUST(close(open("locked", O_WRONLY | O_CREAT, 0400)) == 0);
	MUST(symlink("file", "lf") == 0 && symlink("dir", "ld") == 0 && symlink("target", "dangling") == 0);
	MUST(symlink("missing/target", "lm") == 0 && symlink("loop", "loop") == 0 && mkfifo("fifo", 0644) == 0);
}

/* What is there after build, and what is there now. */
static char fresh[4096], now[4096];

static void describe(const char *dir, char *text, size_t room)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char p[PATH_MAX];
		struct stat st;
		snprintf(p, sizeof p, "%s/%s", dir, list[i]->d_name);
		if (strcmp(list[i]->d_name, ".") != 0 && strcmp(list[i]->d_name, "..") != 0 && lstat(p, &st) == 0) {
			size_t len = strlen(text);
			snprintf(text + len, room - len, " %s:%o:%d:%ld", p + 2, st.st_mode, (int)st.st_nlink,
				 S_ISREG(st.st_mode) ? (long)st.st_size : 0L);
			if (S_ISDIR(st.st_mode))
				describe(p, text, room);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static void empty(const char *dir, int print)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char p[PATH_MAX];
		struct stat st;
		snprintf(p, sizeof p, "%s/%s", dir, list[i]->d_name);
		if (strcmp(list[i]->d_name, ".") != 0 && strcmp(list[i]->d_name, "..") != 0 && lstat(p, &st) == 0) {
			if (print)
				printf(" %s:%o:%d:%ld", p + 2, st.st_mode, (int)st.st_nlink,
				       S_ISREG(st.st_mode) ? (long)st.st_size : 0L);
			if (S_ISDIR(st.st_mode)) {
				chmod(p, 0755);
				empty(p, print);
				rmdir(p);
			} else {
				unlink(p);
			}
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

typedef long call_on(const char *p);
#define CALL(name, expr) static long name(const char *p) { return (expr); }
static int closing(int fd) { return fd >= 0 ? close(fd) : -1; }
static struct stat st;
static struct statfs fs;
static char buf[256];
static struct {
	unsigned handle_bytes;
	int handle_type;
	unsigned char f_handle[128];
} handle;
static int mount_id;
static unsigned long long how[3];

CALL(open_r, closing(open(p, O_RDONLY | O_NONBLOCK)))
CALL(open_w, closing(open(p, O_WRONLY | O_NONBLOCK)))
CALL(open_rw, closing(open(p, O_RDWR | O_NONBLOCK)))
CALL(open_3, closing(open(p, 3 | O_NONBLOCK)))
CALL(open_creat, closing(open(p, O_WRONLY | O_CREAT | O_NONBLOCK, 0666)))
CALL(open_excl, closing(open(p, O_WRONLY | O_CREAT | O_EXCL, 0666)))
CALL(open_rcreat, closing(open(p, O_RDONLY | O_CREAT | O_NONBLOCK, 0666)))
CALL(open_trunc, closing(open(p, O_WRONLY | O_TRUNC | O_NONBLOCK)))
CALL(open_rtrunc, closing(open(p, O_RDONLY | O_TRUNC | O_NONBLOCK)))
CALL(open_nofollow, closing(open(p, O_RDWR | O_NOFOLLOW | O_NONBLOCK)))
CALL(open_creat_nofollow, closing(open(p, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0666)))
CALL(open_directory, closing(open(p, O_RDONLY | O_DIRECTORY)))
CALL(open_wdirectory, closing(open(p, O_RDWR | O_DIRECTORY)))
CALL(open_path, closing(open(p, O_PATH)))
CALL(open_path_nofollow, closing(open(p, O_PATH | O_NOFOLLOW)))
CALL(open_tmpfile, closing(open(p, O_TMPFILE | O_RDWR, 0600)))
CALL(openat_bad, closing(openat(-1, p, O_RDWR | O_NONBLOCK)))
CALL(openat_file, closing(openat(file_fd, p, O_RDWR | O_CREAT | O_NONBLOCK, 0600)))
CALL(openat_dir, closing(openat(dir_fd, p, O_RDWR | O_CREAT | O_NONBLOCK, 0600)))
CALL(openat2_plain, (how[0] = O_RDWR | O_NONBLOCK, how[1] = how[2] = 0, closing(syscall(SYS_openat2, AT_FDCWD, p, how, 24))))
CALL(openat2_beneath, (how[0] = O_RDWR | O_NONBLOCK, how[1] = 0, how[2] = 8, closing(syscall(SYS_openat2, AT_FDCWD, p, how, 24))))
CALL(openat2_nolinks, (how[0] = O_RDWR | O_CREAT | O_NONBLOCK, how[1] = 0600, how[2] = 4, closing(syscall(SYS_openat2, AT_FDCWD, p, how, 24))))
CALL(openat2_size, (how[0] = O_RDWR, how[1] = how[2] = 0, closing(syscall(SYS_openat2, AT_FDCWD, p, how, 7))))
CALL(openat2_flags, (how[0] = 1ULL << 40, how[1] = how[2] = 0, closing(syscall(SYS_openat2, AT_FDCWD, p, how, 24))))
CALL(truncate_, truncate(p, 2))
CALL(mkdir_, mkdir(p, 0777))
CALL(mkdirat_, mkdirat(dir_fd, p, 0777))
CALL(mknod_, mknod(p, S_IFREG | 0644, 0))
CALL(mkfifo_, mkfifo(p, 0644))
CALL(unlink_, unlink(p))
CALL(unlinkat_, unlinkat(dir_fd, p, 0))
CALL(unlinkat_dir, unlinkat(AT_FDCWD, p, AT_REMOVEDIR))
CALL(unlinkat_flags, unlinkat(AT_FDCWD, p, 0x1000))
CALL(rmdir_, rmdir(p))
CALL(chmod_, chmod(p, 0700))
CALL(fchmodat_, fchmodat(dir_fd, p, 0700, 0))
CALL(chown_, chown(p, getuid(), -1))
CALL(lchown_, lchown(p, getuid(), -1))
CALL(fchownat_, fchownat(AT_FDCWD, p, getuid(), -1, AT_EMPTY_PATH))
CALL(fchownat_flags, fchownat(AT_FDCWD, p, getuid(), -1, 0x8000))
CALL(utime_, utime(p, NULL))
CALL(utimes_, utimes(p, NULL))
CALL(utimensat_, utimensat(AT_FDCWD, p, NULL, 0))
CALL(utimensat_link, utimensat(AT_FDCWD, p, NULL, AT_SYMLINK_NOFOLLOW))
CALL(utimensat_bad, utimensat(-1, p, NULL, 0))
CALL(setxattr_, setxattr(p, "user.x", "v", 1, 0))
CALL(lsetxattr_, lsetxattr(p, "user.x", "v", 1, 0))
CALL(removexattr_, removexattr(p, "user.x"))
CALL(getxattr_, getxattr(p, "user.x", buf, sizeof buf))
CALL(listxattr_, listxattr(p, buf, sizeof buf))
CALL(access_f, access(p, F_OK))
CALL(access_w, access(p, W_OK))
CALL(faccessat2_, syscall(439, AT_FDCWD, p, X_OK, AT_SYMLINK_NOFOLLOW))
CALL(stat_, stat(p, &st))
CALL(lstat_, lstat(p, &st))
CALL(fstatat_empty, fstatat(dir_fd, p, &st, AT_EMPTY_PATH))
CALL(fstatat_flags, fstatat(dir_fd, p, &st, 0x10000))
CALL(statfs_, statfs(p, &fs))
CALL(readlink_, readlink(p, buf, sizeof buf))
CALL(readlink_zero, readlink(p, buf, 0))
CALL(readlinkat_, readlinkat(dir_fd, p, buf, sizeof buf))
CALL(chdir_, chdir(p))
CALL(execve_, execve(p, (char *[]){"x", NULL}, (char *[]){NULL}))
CALL(execveat_, syscall(SYS_execveat, dir_fd, p, (char *[]){"x", NULL}, (char *[]){NULL}, 0))
CALL(handle_, (handle.handle_bytes = 128, syscall(SYS_name_to_handle_at, AT_FDCWD, p, &handle, &mount_id, 0)))
CALL(link_from, link(p, "result"))
CALL(link_to, link("file", p))
CALL(linkat_follow, linkat(AT_FDCWD, p, AT_FDCWD, "result", AT_SYMLINK_FOLLOW))
CALL(symlink_from, symlink(p, "result"))
CALL(symlink_to, symlink("anything", p))
CALL(rename_from, rename(p, "result"))
CALL(rename_to, rename("file", p))
CALL(rename_dir_to, rename("dir", p))
CALL(rename_over_void, rename(p, "void"))
CALL(rename_noreplace, renameat2(AT_FDCWD, "file", AT_FDCWD, p, RENAME_NOREPLACE))
CALL(rename_exchange, renameat2(AT_FDCWD, "file", AT_FDCWD, p, RENAME_EXCHANGE))
CALL(rename_flags, renameat2(AT_FDCWD, "file", AT_FDCWD, p, 0x40))
CALL(rename_bad, renameat(-1, p, AT_FDCWD, "result"))

static int readable(const char *p) { return p != NULL && p != (char *)8 && p != bad_end - 3; }

/* It would wait for a reader of the FIFO. */
static long creat_(const char *p) { return readable(p) && strcmp(p, "fifo") == 0 ? 0 : closing(creat(p, 0666)); }

static long bind_(const char *p)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	if (!readable(p) || strlen(p) > sizeof sun.sun_path - 1 || *p == 0)
		return 0;
	strcpy(sun.sun_path, p);
	int s = socket(AF_UNIX, SOCK_STREAM, 0), e;
	long r = bind(s, (struct sockaddr *)&sun, offsetof(struct sockaddr_un, sun_path) + strlen(p) + 1);
	e = errno;
	close(s);
	errno = e;
	return r;
}

static const struct {
	const char *name;
	call_on *call;
} calls[] = {
#define ROW(name) {#name, name}
	ROW(open_r), ROW(open_w), ROW(open_rw), ROW(open_3), ROW(open_creat), ROW(open_excl), ROW(open_rcreat),
	ROW(open_trunc), ROW(open_rtrunc), ROW(open_nofollow), ROW(open_creat_nofollow), ROW(open_directory),
	ROW(open_wdirectory), ROW(open_path), ROW(open_path_nofollow), ROW(open_tmpfile), ROW(openat_bad),
	ROW(openat_file), ROW(openat_dir), ROW(openat2_plain), ROW(openat2_beneath), ROW(openat2_nolinks),
	ROW(openat2_size), ROW(openat2_flags), ROW(creat_), ROW(truncate_), ROW(mkdir_), ROW(mkdirat_), ROW(mknod_),
	ROW(mkfifo_), ROW(unlink_), ROW(unlinkat_), ROW(unlinkat_dir), ROW(unlinkat_flags), ROW(rmdir_), ROW(chmod_),
	ROW(fchmodat_), ROW(chown_), ROW(lchown_), ROW(fchownat_), ROW(fchownat_flags), ROW(utime_), ROW(utimes_),
	ROW(utimensat_), ROW(utimensat_link), ROW(utimensat_bad), ROW(setxattr_), ROW(lsetxattr_), ROW(removexattr_),
	ROW(getxattr_), ROW(listxattr_), ROW(access_f), ROW(access_w), ROW(faccessat2_), ROW(stat_), ROW(lstat_),
	ROW(fstatat_empty), ROW(fstatat_flags), ROW(statfs_), ROW(readlink_), ROW(readlink_zero), ROW(readlinkat_),
	ROW(chdir_), ROW(execve_), ROW(execveat_), ROW(handle_), ROW(link_from), ROW(link_to), ROW(linkat_follow),
	ROW(symlink_from), ROW(symlink_to), ROW(rename_from), ROW(rename_to), ROW(rename_dir_to),
	ROW(rename_over_void), ROW(rename_noreplace), ROW(rename_exchange), ROW(rename_flags), ROW(rename_bad),
	ROW(bind_),
};

int main(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(page != MAP_FAILED && munmap(page + 4096, 4096) == 0);
	bad_end = memcpy(page + 4093, "abc", 3) + 3;
	memset(long_component, 'c', 256);
	for (size_t i = 0; i + 2 < sizeof too_long; i += 2)
		memcpy(too_long + i, "./", 3);
	for (size_t i = 0; i < PATH_MAX - 5; i++)
		just_fits[i] = i % 2 ? '/' : '.';
	strcpy(just_fits + PATH_MAX - 6, "/file");
	umask(022);
	MUST(mkdir("work", 0755) == 0 && chdir("work") == 0);
	int home = open(".", O_RDONLY | O_DIRECTORY), built = 0;
	for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
		for (int i = 0; i < PATHS; i++) {
			if (!built)
				build();
			if (!*fresh)
				describe(".", fresh, sizeof fresh);
			file_fd = open("file", O_RDONLY);
			dir_fd = open("dir", O_RDONLY | O_DIRECTORY);
			errno = 0;
			long r = calls[c].call(path_of(i));
			int e = errno;
			MUST(fchdir(home) == 0);
			printf("%s(%s) = %ld %s |", calls[c].name, paths[i].label, r, r < 0 ? strerror(e) : "");
			close(file_fd);
			close(dir_fd);
			/* What fails mostly leaves everything as it was, for the next. */
			*now = 0;
			if (r < 0)
				describe(".", now, sizeof now);
			built = strcmp(now, fresh) == 0;
			if (built)
				printf("%s", now);
			else
				empty(".", 1);
			printf("\n");
		}
	return done();
}
