/* Process, group and session identities, and who may join what. */
#include "check.h"

int main(void)
{
	IS(syscall(SYS_gettid), getpid());
	pid_t me = getpid();
	int p[2], release[2];
	MUST(pipe(p) == 0 && pipe(release) == 0);
	pid_t child = fork();
	if (child == 0) {
		IS(getppid(), me);
		IS(getpgrp(), getpgid(me));
		IS(getsid(0), getsid(me));
		IS(setpgid(0, 0), 0);
		IS(getpgrp(), getpid());
		FAILS(setsid(), EPERM);
		_exit(failures);
	}
	IS(exited(child), 0);
	child = fork();
	if (child == 0) {
		pid_t sid = setsid();
		IS(sid, getpid());
		IS(getpgrp(), getpid());
		IS(getsid(0), getpid());
		FAILS(setpgid(0, 0), EPERM);
		FAILS(setpgid(getppid(), 0), ESRCH);
		FAILS(open("/dev/tty", O_RDWR), ENXIO);
		_exit(failures);
	}
	IS(exited(child), 0);
	/* After its exec a child's group can no longer be set by the parent. */
	child = fork();
	if (child == 0) {
		dup2(release[0], 0);
		dup2(p[1], 1);
		execl("/bin/sh", "sh", "-c", "echo up; read line; exit 3", NULL);
		_exit(99);
	}
	char buf[8];
	IS(read(p[0], buf, 3), 3);
	FAILS(setpgid(child, child), EACCES);
	IS(write(release[1], "\n", 1), 1);
	IS(exited(child), 3);
	/* The parent's end makes an orphan, that has another parent. */
	child = fork();
	if (child == 0) {
		pid_t middle = getpid();
		if (fork() == 0) {
			while (getppid() == middle)
				pause_ms(1);
			IS(write(p[1], getppid() != middle && getppid() != me ? "y" : "n", 1), 1);
			_exit(0);
		}
		_exit(0);
	}
	IS(exited(child), 0);
	IS(read(p[0], buf, 1), 1);
	IS(buf[0], 'y');
	/* The last process of a pipeline's shell sees what a shell sees. */
	IS(system("test $PPID -gt 0 && test \"$(cut -d' ' -f1 /proc/self/stat)\" -gt 0"), 0);
	return done();
}
