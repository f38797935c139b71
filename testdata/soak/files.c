/* Files are made, renamed, linked and removed by four processes at once: one call has the result that is due to it. */
#include "soak.h"

enum { RIVALS = 4 };

static struct shared {
	pthread_barrier_t barrier;
	atomic_int winners, losers, stop;
} *shared;

/* The same file is made by all with O_EXCL, and the same directory, link and symbolic link: there is one winner. */
static void compete(int id)
{
	for (int round = 0;; round++) {
		if (id == 0) {
			atomic_store(&shared->winners, 0);
			atomic_store(&shared->losers, 0);
			atomic_store(&shared->stop, !more());
		}
		pthread_barrier_wait(&shared->barrier);
		if (atomic_load(&shared->stop))
			return;
		int won, fd = -1;
		errno = 0;
		switch (round % 4) {
		case 0: won = (fd = open("prize", O_RDWR | O_CREAT | O_EXCL, 0600)) >= 0; break;
		case 1: won = mkdir("prize", 0700) == 0; break;
		case 2: won = link("source", "prize") == 0; break;
		default: won = symlink("source", "prize") == 0; break;
		}
		if (won)
			atomic_fetch_add(&shared->winners, 1);
		else if (errno == EEXIST)
			atomic_fetch_add(&shared->losers, 1);
		else
			failed(__LINE__, "the race for the prize", "kind %d says %s", round % 4, strerror(errno));
		if (fd >= 0)
			close(fd);
		pthread_barrier_wait(&shared->barrier);
		if (id == 0) {
			IS(atomic_load(&shared->winners), 1);
			IS(atomic_load(&shared->losers), RIVALS - 1);
			IS(round % 4 == 1 ? rmdir("prize") : unlink("prize"), 0);
			/* What others may never do anything to. */
			FAILS(open(in_victim("file"), O_WRONLY | O_TRUNC), EACCES);
			FAILS(rename("source", in_victim("source")), EACCES);
			FAILS(link(in_victim("file"), "stolen"), EACCES);
			FAILS(unlink(in_victim("none")), ENOENT);
			FAILS(mkdir(in_victim("file"), 0700), EEXIST);
			FAILS(open(in_victim("secret"), O_RDONLY), EACCES);
		}
		pthread_barrier_wait(&shared->barrier);
	}
}

/* A process alone: each open gives the lowest free descriptor, and each name leads where it was put. */
static void alone(void)
{
	struct stat st, at;
	int had = descriptors(), lowest = open("/dev/null", O_RDONLY);
	close(lowest);
	for (int i = 0; more(); i++) {
		char a[32], b[32];
		snprintf(a, sizeof a, "a%u", below(8));
		snprintf(b, sizeof b, "b%u", below(8));
		int fd = open(a, O_RDWR | O_CREAT | O_TRUNC, 0640);
		IS(fd, lowest);
		IS(write(fd, a, strlen(a)), strlen(a));
		IS(fchmod(fd, 0600), 0);
		IS(fstat(fd, &st), 0);
		IS(rename(a, b), 0);
		IS(stat(b, &at), 0);
		CHECK(st.st_ino == at.st_ino && at.st_size == (off_t)strlen(a) && (at.st_mode & 07777) == 0600);
		IS(open(b, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), lowest + 1);
		IS(fcntl(lowest + 1, F_GETFD), FD_CLOEXEC);
		IS(close(lowest + 1), 0);
		IS(close(fd), 0);
		FAILS(open(a, O_RDWR), ENOENT);
		IS(symlink(b, "s"), 0);
		FAILS(open("s", O_RDWR | O_NOFOLLOW), ELOOP);
		IS(open("s", O_WRONLY | O_APPEND), lowest);
		IS(close(lowest), 0);
		IS(unlink("s"), 0);
		fd = open(".", O_RDWR | O_TMPFILE, 0600);
		IS(fd, lowest);
		snprintf(a, sizeof a, "/proc/self/fd/%d", fd);
		IS(linkat(AT_FDCWD, a, AT_FDCWD, "t", AT_SYMLINK_FOLLOW), 0);
		IS(close(fd), 0);
		IS(truncate("t", 7), 0);
		IS(unlink("t"), 0);
		IS(unlink(b), 0);
	}
	IS(descriptors(), had);
	_exit(failures != 0);
}

int main(int argc, char **argv)
{
	pid_t child[RIVALS + 1];
	begin(argc, argv);
	put("source", "source");
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(shared != MAP_FAILED);
	pthread_barrierattr_t attr;
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	MUST(pthread_barrier_init(&shared->barrier, &attr, RIVALS) == 0);
	for (int i = 0; i <= RIVALS; i++)
		if ((child[i] = fork()) == 0) {
			seed += i;
			if (i == RIVALS)
				alone();
			compete(i);
			_exit(failures != 0);
		}
	for (int i = 0; i <= RIVALS; i++)
		ENDS(child[i], 0);
	return failures != 0;
}
