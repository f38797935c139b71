/*
 * What a call names is changed while it is made: the bytes of the path, a link on the way, the directory behind a
 * descriptor, the working directory. A call does what its name led to at some moment, or is denied; never a bit of
 * both. That the victim stays as it is is judged from outside.
 */
#include "soak.h"

static char path[PATH_MAX] __attribute__((aligned(64)));
static atomic_int stop;
static int dirfd_here, dirfd_there;

/* Each turns between what is allowed and what is not. */
static void turn_bytes(int i) { strcpy(path, i % 2 ? in_victim("file") : "allowed/file"); }

static void turn_link(int i)
{
	IS(symlink(i % 2 ? victim : "allowed", "new"), 0);
	IS(rename("new", "link"), 0);
}

static void turn_descriptor(int i) { IS(dup2(i % 2 ? dirfd_there : dirfd_here, 100), 100); }

static void turn_directories(int i)
{
	(void)i;
	IS(syscall(SYS_renameat2, AT_FDCWD, "one", AT_FDCWD, "two", RENAME_EXCHANGE), 0);
}

struct race {
	void (*turn)(int);
	int dir;
	const char *name;
} races[] = {
	{turn_bytes, AT_FDCWD, path},
	{turn_link, AT_FDCWD, "link/file"},
	{turn_descriptor, 100, "file"},
	{turn_directories, AT_FDCWD, "one/file"},
};

static void *turn(void *arg)
{
	struct race *r = arg;
	for (int i = 0; !atomic_load(&stop); i++)
		r->turn(i);
	return NULL;
}

/* Whatever is opened for writing is a file of ours. */
static void opened(int fd, ino_t ours)
{
	struct stat st;
	if (fd < 0) {
		/* EAGAIN: the names moved under the sandbox's hands all the time. ENOENT: half of the bytes were the other
		 * path's. */
		if (errno != EACCES && errno != EAGAIN && errno != ENOENT && errno != ENOTDIR)
			failed(__LINE__, "a racing open", "says %s", strerror(errno));
		return;
	}
	IS(fstat(fd, &st), 0);
	if (st.st_ino != ours)
		failed(__LINE__, "a racing open", "leads to inode %llu", (unsigned long long)st.st_ino);
	IS(close(fd), 0);
}

int main(int argc, char **argv)
{
	struct stat st;
	begin(argc, argv);
	MUST(mkdir("allowed", 0700) == 0 && mkdir("one", 0700) == 0);
	put("allowed/file", "ours");
	MUST(symlink(victim, "two") == 0 && symlink("allowed", "link") == 0);
	MUST(link("allowed/file", "one/file") == 0);
	MUST(stat("allowed/file", &st) == 0);
	MUST((dirfd_here = open("allowed", O_RDONLY | O_DIRECTORY)) >= 0);
	MUST((dirfd_there = open(victim, O_PATH | O_DIRECTORY)) >= 0);
	turn_bytes(0);
	turn_descriptor(0);
	int had = descriptors();
	while (more()) {
		struct race *r = &races[below(4)];
		pthread_t t;
		atomic_store(&stop, 0);
		MUST((errno = pthread_create(&t, NULL, turn, r)) == 0);
		for (int i = 0; i < 200; i++) {
			opened(openat(r->dir, r->name, O_RDWR | O_APPEND), st.st_ino);
			if (fchmodat(r->dir, r->name, 0600, 0) != 0 && errno != EACCES && errno != EAGAIN && errno != ENOENT &&
			    errno != ENOTDIR)
				failed(__LINE__, "a racing chmod", "says %s", strerror(errno));
		}
		atomic_store(&stop, 1);
		pthread_join(t, NULL);
		turn_bytes(0);
		turn_descriptor(0);
		if (faccessat(AT_FDCWD, "one/file", F_OK, 0) != 0 || readlink("one", path, sizeof path) > 0)
			turn_directories(0);
		turn_bytes(0);
	}
	IS(descriptors(), had);
	return failures != 0;
}
