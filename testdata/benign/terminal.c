/* A shell's job control on a terminal of its own: Ctrl-C, Ctrl-Z, fg, background reads and writes, size, hang-up. */
#include "check.h"
#include <termios.h>

static int master;
static char slave_name[64];

/* Everything the terminal says within a while, up to and with the text waited for. */
static int says(const char *text)
{
	char buf[8192];
	size_t n = 0;
	struct pollfd pf = {.fd = master, .events = POLLIN};
	buf[0] = 0;
	while (!strstr(buf, text)) {
		if (poll(&pf, 1, PATIENCE_MS) != 1)
			return 0;
		ssize_t got = read(master, buf + n, sizeof buf - n - 1);
		if (got <= 0)
			return 0;
		n += got;
		buf[n] = 0;
	}
	return 1;
}

static void types(const char *text) { IS(write(master, text, strlen(text)), strlen(text)); }

static void child_of(const char *what)
{
	setpgid(0, 0);
	for (int s = 1; s < 32; s++)
		signal(s, SIG_DFL);
	if (strcmp(what, "reads") == 0) {
		char line[64];
		ssize_t n = read(0, line, sizeof line);
		_exit(n > 0 && strncmp(line, "hello", 5) == 0 ? 5 : 6);
	}
	if (strcmp(what, "winch") == 0) {
		sigset_t set;
		int sig;
		sigemptyset(&set);
		sigaddset(&set, SIGWINCH);
		sigprocmask(SIG_BLOCK, &set, NULL);
		write(1, "ready\n", 6);
		sigwait(&set, &sig);
		struct winsize ws;
		ioctl(0, TIOCGWINSZ, &ws);
		_exit(ws.ws_col == 91 ? 7 : 8);
	}
	write(1, "ready\n", 6);
	for (;;)
		pause();
}

static pid_t job(const char *what)
{
	pid_t pid = fork();
	if (pid == 0) {
		/* Both do it, so that it is done whoever runs first. SIGTTOU is still ignored here. */
		setpgid(0, 0);
		tcsetpgrp(0, getpid());
		child_of(what);
	}
	setpgid(pid, pid);
	tcsetpgrp(0, pid);
	return pid;
}

/* The session leader plays the shell; what it finds is its exit status. */
static int shell(int report)
{
	int status;
	signal(SIGTTOU, SIG_IGN);
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	pid_t pid = job("waits");
	MUST(waitpid(pid, &status, WUNTRACED) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	tcsetpgrp(0, getpgrp());
	dprintf(report, "interrupted\n");

	pid = job("waits");
	MUST(waitpid(pid, &status, WUNTRACED) == pid);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
	tcsetpgrp(0, getpgrp());
	dprintf(report, "suspended\n");
	/* fg: the terminal, then SIGCONT; then Ctrl-\. */
	tcsetpgrp(0, pid);
	kill(-pid, SIGCONT);
	MUST(waitpid(pid, &status, WCONTINUED) == pid);
	CHECK(WIFCONTINUED(status));
	dprintf(report, "continued\n");
	MUST(waitpid(pid, &status, WUNTRACED) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT);
	tcsetpgrp(0, getpgrp());
	dprintf(report, "quit\n");

	/* A background read stops; in the foreground it is done again. */
	pid = fork();
	if (pid == 0)
		child_of("reads");
	setpgid(pid, pid);
	MUST(waitpid(pid, &status, WUNTRACED) == pid);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
	tcsetpgrp(0, pid);
	kill(-pid, SIGCONT);
	dprintf(report, "reading\n");
	MUST(waitpid(pid, &status, 0) == pid);
	IS(WEXITSTATUS(status), 5);
	tcsetpgrp(0, getpgrp());

	pid = job("winch");
	MUST(waitpid(pid, &status, 0) == pid);
	IS(WEXITSTATUS(status), 7);
	tcsetpgrp(0, getpgrp());

	int tty = open("/dev/tty", O_RDWR);
	CHECK(tty >= 0 && isatty(tty));
	CHECK(strcmp(ttyname(0), slave_name) == 0);
	int again = open(slave_name, O_RDWR | O_NOCTTY);
	CHECK(again >= 0);
	again = open("/dev/stdin", O_RDWR | O_NOCTTY);
	CHECK(again >= 0 && isatty(again));
	dprintf(report, "done %d\n", failures);
	/* Until the terminal hangs up. */
	for (;;)
		pause();
}

static int reports(int fd, const char *want)
{
	char line[64] = "";
	for (size_t n = 0; n < sizeof line - 1; n++) {
		if (read(fd, line + n, 1) != 1)
			return 0;
		if (line[n] == '\n')
			break;
	}
	if (strcmp(line, want) != 0)
		printf("said %s instead of %s", line, want);
	return strcmp(line, want) == 0;
}

int main(void)
{
	int p[2];
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	MUST(pipe(p) == 0);
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0)
		not_applicable("no pseudo-terminals here");
	MUST(grantpt(master) == 0 && unlockpt(master) == 0);
	MUST(ptsname_r(master, slave_name, sizeof slave_name) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGHUP, SIG_DFL); /* whoever runs it may ignore that (nohup(1)) */
		setsid();
		int tty = open(slave_name, O_RDWR);
		ioctl(tty, TIOCSCTTY, 0);
		int copy = fcntl(p[1], F_DUPFD, 10);
		int out = dup(1);
		dup2(tty, 0), dup2(tty, 1), dup2(tty, 2);
		(void)out;
		close(master);
		_exit(shell(copy));
	}
	close(p[1]);
	CHECK(says("ready"));
	types("\003");
	CHECK(reports(p[0], "interrupted\n"));
	CHECK(says("ready"));
	types("\032");
	CHECK(reports(p[0], "suspended\n"));
	CHECK(reports(p[0], "continued\n"));
	types("\034");
	CHECK(reports(p[0], "quit\n"));
	CHECK(reports(p[0], "reading\n"));
	types("hello\n");
	CHECK(says("ready"));
	struct winsize ws = {.ws_row = 33, .ws_col = 91};
	IS(ioctl(master, TIOCSWINSZ, &ws), 0);
	CHECK(reports(p[0], "done 0\n"));
	close(master);
	IS(exited(pid), -SIGHUP);
	return done();
}
