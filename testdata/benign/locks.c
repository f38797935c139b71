/* Record locks, whole-file locks and leases between processes. */
#include "check.h"
#include <sys/file.h>
#ifndef F_OFD_SETLK
#define F_OFD_SETLK 37
#endif

static int try(int (*f)(void))
{
	pid_t child = fork();
	if (child == 0)
		_exit(f());
	return exited(child);
}

static int record(void)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
	int fd = open("locked", O_RDWR);
	int r = fcntl(fd, F_SETLK, &fl);
	int e = errno;
	fl.l_type = F_WRLCK;
	fcntl(fd, F_GETLK, &fl);
	return r == 0 ? 1 : (e == EAGAIN || e == EACCES) && fl.l_pid == getppid() ? 2 : 3;
}
static int other_record(void)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 50, .l_len = 10};
	return fcntl(open("locked", O_RDWR), F_SETLK, &fl) == 0 ? 1 : 2;
}
static int whole(void)
{
	return flock(open("locked", O_RDONLY), LOCK_EX | LOCK_NB) == 0 ? 1 : errno == EWOULDBLOCK ? 2 : 3;
}
static int waits(void)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	return fcntl(open("locked", O_RDWR), F_SETLKW, &fl) == 0 ? 1 : 2;
}

static volatile sig_atomic_t broken;
static void breaking(int sig) { broken = sig; }

int main(void)
{
	put("locked", "some bytes to lock, more than fifty of them, so that there are two ranges");
	int fd = open("locked", O_RDWR);
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 20};
	IS(fcntl(fd, F_SETLK, &fl), 0);
	IS(try(record), 2);
	IS(try(other_record), 1);
	/* Closing any descriptor of the file drops them. */
	close(open("locked", O_RDONLY));
	IS(try(record), 1);
	struct flock ofd = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
	IS(fcntl(fd, F_OFD_SETLK, &ofd), 0);
	close(open("locked", O_RDONLY));
	IS(try(record), 3); /* there is no process to name */
	ofd.l_type = F_UNLCK;
	IS(fcntl(fd, F_OFD_SETLK, &ofd), 0);
	IS(flock(fd, LOCK_SH), 0);
	IS(try(whole), 2);
	IS(flock(fd, LOCK_UN), 0);
	IS(try(whole), 1);
	/* One who waits gets it when it is free. */
	fl.l_len = 0;
	IS(fcntl(fd, F_SETLK, &fl), 0);
	pid_t child = fork();
	if (child == 0)
		_exit(waits());
	pause_ms(50);
	IS(waitpid(child, NULL, WNOHANG), 0);
	fl.l_type = F_UNLCK;
	IS(fcntl(fd, F_SETLK, &fl), 0);
	IS(exited(child), 1);
	close(fd);
	/* A lease is broken by an open, which waits until the holder gives it up. */
	fd = open("locked", O_RDONLY);
	struct sigaction sa = {.sa_handler = breaking};
	sigaction(SIGIO, &sa, NULL);
	IS(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	FAILS(open("locked", O_WRONLY | O_NONBLOCK), EWOULDBLOCK);
	IS(broken, SIGIO);
	child = fork();
	if (child == 0)
		_exit(open("locked", O_WRONLY) >= 0 ? 4 : 5);
	pause_ms(50);
	IS(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	IS(exited(child), 4);
	return done();
}
