/* Timers, event, signal and process descriptors, and epoll over all of them. */
#include "check.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static volatile sig_atomic_t alarms;
static void on_alarm(int sig) { alarms += sig == SIGALRM; }

int main(void)
{
	signal(SIGALRM, on_alarm);
	struct itimerval it = {.it_value = {0, 10000}, .it_interval = {0, 10000}};
	IS(setitimer(ITIMER_REAL, &it, NULL), 0);
	while (alarms < 3)
		pause();
	memset(&it, 0, sizeof it);
	setitimer(ITIMER_REAL, &it, NULL);
	int ep = epoll_create1(0);
	int tfd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec its = {.it_value = {0, 20000000}};
	IS(timerfd_settime(tfd, 0, &its, NULL), 0);
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = 1};
	IS(epoll_ctl(ep, EPOLL_CTL_ADD, tfd, &ev), 0);
	IS(epoll_wait(ep, &ev, 1, PATIENCE_MS), 1);
	IS(ev.data.u32, 1);
	uint64_t n;
	IS(read(tfd, &n, 8), 8);
	IS(n, 1);
	int efd = eventfd(3, EFD_SEMAPHORE);
	IS(read(efd, &n, 8), 8);
	IS(n, 1);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int sfd = signalfd(-1, &set, 0);
	pid_t child = fork();
	if (child == 0) {
		sigqueue(getppid(), SIGUSR1, (union sigval){.sival_int = 1234});
		_exit(0);
	}
	struct signalfd_siginfo si;
	IS(read(sfd, &si, sizeof si), sizeof si);
	IS(si.ssi_int, 1234);
	CHECK(si.ssi_pid == (unsigned)child);
	IS(exited(child), 0);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	int pfd = syscall(SYS_pidfd_open, child, 0);
	if (pfd >= 0) {
		struct pollfd pf = {.fd = pfd, .events = POLLIN};
		IS(poll(&pf, 1, 0), 0);
		IS(syscall(SYS_pidfd_send_signal, pfd, SIGTERM, NULL, 0), 0);
		IS(poll(&pf, 1, PATIENCE_MS), 1);
		FAILS(syscall(SYS_pidfd_open, 999999999, 0), ESRCH);
	} else {
		kill(child, SIGTERM);
	}
	IS(exited(child), -SIGTERM);
	/* A limit on the size of files. */
	child = fork();
	if (child == 0) {
		struct rlimit small = {10, 10}, few = {8, 8};
		setrlimit(RLIMIT_FSIZE, &small);
		signal(SIGXFSZ, SIG_IGN);
		int fd = open("limited", O_RDWR | O_CREAT, 0600);
		IS(write(fd, "0123456789abcdef", 16), 10);
		FAILS(write(fd, "x", 1), EFBIG);
		FAILS(truncate("limited", 20), EFBIG);
		setrlimit(RLIMIT_NOFILE, &few);
		while (dup(0) >= 0)
			;
		FAILS(open("limited", O_RDWR), EMFILE);
		FAILS(open("another", O_RDWR | O_CREAT, 0600), EMFILE);
		CHECK(!exists("another"));
		_exit(failures);
	}
	IS(exited(child), 0);
	return done();
}
