/* A process group that becomes orphaned with a stopped member gets SIGHUP, then SIGCONT (setpgid(2)). */
#include "check.h"

static int out;
static void say(int sig) { dprintf(out, "%s\n", sig == SIGHUP ? "SIGHUP" : "SIGCONT"); }

int main(void)
{
	int p[2];
	MUST(pipe(p) == 0);
	pid_t middle = fork();
	if (middle == 0) {
		/* A session of its own, so that nobody outside keeps the group from being orphaned. */
		setsid();
		pid_t leaf = fork();
		if (leaf == 0) {
			out = p[1];
			setpgid(0, 0);
			struct sigaction sa = {.sa_handler = say};
			sigemptyset(&sa.sa_mask);
			sigaddset(&sa.sa_mask, SIGHUP);
			sigaddset(&sa.sa_mask, SIGCONT);
			sigaction(SIGHUP, &sa, NULL);
			sigaction(SIGCONT, &sa, NULL);
			raise(SIGSTOP);
			_exit(0);
		}
		int status;
		waitpid(leaf, &status, WUNTRACED);
		_exit(WIFSTOPPED(status) ? 0 : 1);
	}
	close(p[1]);
	IS(exited(middle), 0);
	char text[64] = "";
	size_t n = 0;
	ssize_t got;
	while (n < sizeof text - 1 && (got = read(p[0], text + n, sizeof text - 1 - n)) > 0)
		n += got;
	CHECK(strstr(text, "SIGHUP") != NULL);
	CHECK(strstr(text, "SIGCONT") != NULL);
	/* SIGTSTP does nothing to a member of an orphaned group. */
	pid_t child = fork();
	if (child == 0) {
		setsid();
		signal(SIGTSTP, SIG_DFL);
		raise(SIGTSTP);
		_exit(9);
	}
	IS(exited(child), 9);
	return done();
}
