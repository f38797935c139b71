/* Stopped means stopped: the parent is told once, nothing runs meanwhile, and continuing is told too. */
#include "check.h"

static int stands(char state) { return state == 'T' || state == 't'; }

/* Whether each thread of a process has reached its stop, of which the parent may hear before. */
static int all_stand(pid_t pid)
{
	char path[64];
	int n = 0, standing = 0;
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *d = opendir(path);
	MUST(d != NULL);
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.') {
			snprintf(path, sizeof path, "/proc/%d/task/%s/stat", (int)pid, e->d_name);
			const char *text = get(path), *paren = strrchr(text, ')');
			n++;
			standing += paren && stands(paren[2]);
		}
	closedir(d);
	return n > 0 && standing == n;
}

static void one(int sig)
{
	int p[2], release[2], status;
	MUST(pipe(p) == 0 && pipe(release) == 0);
	pid_t child = fork();
	if (child == 0) {
		char c;
		/* A group of its own that is not orphaned: its parent is in another group of the session. */
		setpgid(0, 0);
		signal(SIGTSTP, SIG_DFL);
		signal(SIGTTIN, SIG_DFL);
		signal(SIGTTOU, SIG_DFL);
		raise(sig);
		/* It must not end before its parent has seen it continued: of a zombie only the end is told. */
		_exit(write(p[1], "x", 1) == 1 && read(release[0], &c, 1) == 1 ? 7 : 1);
	}
	close(p[1]);
	MUST(waitpid(child, &status, WUNTRACED) == child);
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == sig);
	/* Told once, and it stays so: a signal that is not SIGCONT waits. */
	IS(waitpid(child, &status, WUNTRACED | WNOHANG), 0);
	kill(child, SIGWINCH);
	CHECK(COMES(stands(state_of(child))));
	struct pollfd pf = {.fd = p[0], .events = POLLIN};
	IS(poll(&pf, 1, 60), 0);
	CHECK(stands(state_of(child)));
	kill(child, SIGCONT);
	MUST(waitpid(child, &status, WCONTINUED | WUNTRACED) == child);
	CHECK(WIFCONTINUED(status));
	char c;
	IS(read(p[0], &c, 1), 1);
	IS(write(release[1], "x", 1), 1);
	IS(exited(child), 7);
	close(p[0]);
	close(release[0]);
	close(release[1]);
}

static void *count(void *arg)
{
	for (;;)
		++*(volatile long *)arg;
	return NULL;
}

/* Every thread of a process stops and every one goes on. */
static void threads(void)
{
	long *counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child = fork();
	if (child == 0) {
		pthread_t t;
		for (int i = 0; i < 4; i++)
			pthread_create(&t, NULL, count, &counter[i * 16]);
		pause();
	}
	for (int i = 0; i < 4; i++)
		while (((volatile long *)counter)[i * 16] == 0)
			pause_ms(1);
	int status;
	kill(child, SIGSTOP);
	MUST(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	CHECK(COMES(all_stand(child)));
	long before[4];
	for (int i = 0; i < 4; i++)
		before[i] = ((volatile long *)counter)[i * 16];
	pause_ms(50);
	for (int i = 0; i < 4; i++)
		IS(((volatile long *)counter)[i * 16], before[i]);
	kill(child, SIGCONT);
	for (int i = 0; i < 4; i++)
		while (((volatile long *)counter)[i * 16] == before[i])
			pause_ms(1);
	kill(child, SIGSTOP);
	MUST(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	kill(child, SIGKILL);
	IS(exited(child), -SIGKILL);
}

/* A SIGCHLD for stops comes with CLD_STOPPED and CLD_CONTINUED, unless SA_NOCLDSTOP says otherwise. */
static volatile sig_atomic_t stopped, continued;
static void chld(int sig, siginfo_t *si, void *uc)
{
	(void)sig;
	(void)uc;
	stopped += si->si_code == CLD_STOPPED;
	continued += si->si_code == CLD_CONTINUED;
}

static void told(int flags, int want)
{
	struct sigaction sa = {.sa_sigaction = chld, .sa_flags = SA_SIGINFO | SA_RESTART | flags};
	sigaction(SIGCHLD, &sa, NULL);
	stopped = continued = 0;
	pid_t child = fork();
	if (child == 0)
		for (;;)
			pause();
	int status;
	kill(child, SIGSTOP);
	MUST(waitpid(child, &status, WUNTRACED) == child);
	kill(child, SIGCONT);
	MUST(waitpid(child, &status, WCONTINUED) == child);
	/* waitpid knows it as it is sent, the signal comes when the child runs. */
	CHECK(!want || COMES(continued));
	pause_ms(20);
	IS(stopped, want);
	IS(continued, want);
	signal(SIGCHLD, SIG_DFL);
	kill(child, SIGKILL);
	IS(exited(child), -SIGKILL);
}

int main(void)
{
	static const int signals[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
	for (int i = 0; i < 4; i++)
		one(signals[i]);
	threads();
	told(0, 1);
	told(SA_NOCLDSTOP, 0);
	return done();
}
