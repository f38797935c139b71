/* Pipes: EOF, EPIPE and SIGPIPE, full ones, splice and friends, sendfile, copy_file_range. */
#include "check.h"
#include <sys/sendfile.h>

static volatile sig_atomic_t sigpipe;
static void on_pipe(int sig) { sigpipe += sig == SIGPIPE; }

int main(void)
{
	int p[2], q[2];
	char buf[70000];
	MUST(pipe2(p, O_CLOEXEC | O_NONBLOCK) == 0);
	FAILS(read(p[0], buf, 1), EAGAIN);
	size_t filled = 0;
	ssize_t n;
	memset(buf, 'x', sizeof buf);
	while ((n = write(p[1], buf, 4096)) > 0)
		filled += n;
	int full = errno;
	IS(full, EAGAIN);
	printf("a pipe holds %zu\n", filled);
	IS(fcntl(p[1], F_GETPIPE_SZ), filled);
	close(p[0]);
	signal(SIGPIPE, on_pipe);
	FAILS(write(p[1], "x", 1), EPIPE);
	IS(sigpipe, 1);
	signal(SIGPIPE, SIG_IGN);
	FAILS(write(p[1], "x", 1), EPIPE);
	signal(SIGPIPE, SIG_DFL);
	pid_t child = fork();
	if (child == 0) {
		n = write(p[1], "x", 1);
		_exit(1);
	}
	IS(exited(child), -SIGPIPE);
	close(p[1]);

	MUST(pipe(p) == 0 && pipe(q) == 0);
	put("source", "0123456789");
	int in = open("source", O_RDONLY), out = open("sink", O_RDWR | O_CREAT | O_TRUNC, 0600);
	IS(splice(in, NULL, p[1], NULL, 10, 0), 10);
	IS(tee(p[0], q[1], 10, 0), 10);
	IS(splice(p[0], NULL, out, NULL, 10, 0), 10);
	IS(read(q[0], buf, sizeof buf), 10);
	off_t off = 5;
	IS(sendfile(out, in, &off, 5), 5);
	off64_t from = 0;
	IS(copy_file_range(in, &from, out, NULL, 5, 0), 5);
	CHECK(strcmp(get("sink"), "01234567895678901234") == 0);
	IS(fallocate(out, 0, 0, 100), 0);
	IS(fallocate(out, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 5), 0);
	IS(lseek(out, 0, SEEK_END), 100);
	struct pollfd pf = {.fd = q[0], .events = POLLIN};
	close(q[1]);
	IS(poll(&pf, 1, 0), 1);
	IS(pf.revents, POLLHUP);
	/* A pipeline whose reader leaves first. */
	int status = system("yes | head -n 1 >first");
	IS(WEXITSTATUS(status), 0);
	CHECK(strcmp(get("first"), "y\n") == 0);
	IS(system("(yes; echo $? >&2) 2>status | head -n 1 >/dev/null; sleep 0.1; cat status"), 0);
	return done();
}
