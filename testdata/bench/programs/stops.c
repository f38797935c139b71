/*
 * stops MODE TIMES: makes one call TIMES times, in the working directory. Each mode is a kind of stop.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int sock;
static struct sockaddr_in self;
static char **args;

static void must(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static void no_setup(void) {}
static void file_setup(void) { must(close(open("file", O_WRONLY | O_CREAT, 0644)) == 0, "make a file"); }

static void socket_setup(void)
{
	socklen_t len = sizeof self;
	self.sin_family = AF_INET;
	self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	must(bind(sock, (struct sockaddr *)&self, len) == 0, "bind");
	must(getsockname(sock, (struct sockaddr *)&self, &len) == 0, "getsockname");
}

static void handler(int sig) { (void)sig; }
static void signal_setup(void) { signal(SIGUSR1, handler); }

static void do_getppid(void) { must(syscall(SYS_getppid) >= 0, "getppid"); }

static void do_stat(void)
{
	struct stat st;
	must(stat("/usr/bin", &st) == 0, "stat");
}

static void do_open(void)
{
	int fd = open("file", O_WRONLY | O_CREAT, 0644);
	must(fd >= 0, "open");
	close(fd);
}

static void do_mkdir(void) { must(mkdir("dir", 0755) == 0 && rmdir("dir") == 0, "mkdir and rmdir"); }
static void do_chmod(void) { must(chmod("file", 0644) == 0, "chmod"); }
static void do_unlink(void) { must(unlink("nothing") == -1 && errno == ENOENT, "unlink"); }

static void do_rename(void)
{
	static int turn;
	turn = !turn;
	must((turn ? rename("file", "other") : rename("other", "file")) == 0, "rename");
}

static void do_fork(void)
{
	int status;
	pid_t pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0)
		_exit(0);
	must(waitpid(pid, &status, 0) == pid && status == 0, "wait");
}

static void *nothing(void *p) { return p; }

static void do_thread(void)
{
	pthread_t t;
	must(pthread_create(&t, NULL, nothing, NULL) == 0 && pthread_join(t, NULL) == 0, "a thread");
}

static void do_path(void)
{
	char *argv[] = {"nothing", NULL};
	must(execv("/usr/local/bin/nothing-of-that-name", argv) == -1 && errno == ENOENT, "execv");
}

static void do_connect(void) { must(connect(sock, (struct sockaddr *)&self, sizeof self) == 0, "connect"); }

static void do_sendto(void)
{
	char c = 0;
	must(sendto(sock, &c, 1, 0, (struct sockaddr *)&self, sizeof self) == 1 && recv(sock, &c, 1, 0) == 1, "sendto");
}

static void do_signal(void) { must(raise(SIGUSR1) == 0, "raise"); }

static const struct mode {
	const char *name;
	void (*setup)(void), (*call)(void);
} modes[] = {
	{"getppid", no_setup, do_getppid},     {"stat", no_setup, do_stat},
	{"open", file_setup, do_open},         {"mkdir", no_setup, do_mkdir},
	{"chmod", file_setup, do_chmod},       {"unlink", no_setup, do_unlink},
	{"rename", file_setup, do_rename},     {"fork", no_setup, do_fork},
	{"thread", no_setup, do_thread},       {"path", no_setup, do_path},
	{"connect", socket_setup, do_connect}, {"sendto", socket_setup, do_sendto},
	{"signal", signal_setup, do_signal},
};

/* exec executes itself with one less to go. */
static int exec(long times)
{
	char left[24];
	if (times == 0)
		return 0;
	snprintf(left, sizeof left, "%ld", times - 1);
	args[2] = left;
	execv(args[0], args);
	perror("exec");
	return 1;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	args = argv;
	long times = atol(argv[2]);
	if (strcmp(argv[1], "exec") == 0)
		return exec(times);
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		if (strcmp(argv[1], modes[i].name))
			continue;
		modes[i].setup();
		while (times-- > 0)
			modes[i].call();
		return 0;
	}
	fprintf(stderr, "stops: there is no mode %s\n", argv[1]);
	return 2;
}
