/* posix_spawn, system and popen: results, errors, file actions, attributes. */
#include "check.h"

static int spawned(const char *path, const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr, char **argv)
{
	pid_t pid = -1;
	int err = posix_spawn(&pid, path, fa, attr, argv, environ);
	return err != 0 ? 1000 + err : exited(pid);
}

int main(void)
{
	IS(spawned("/bin/sh", NULL, NULL, (char *[]){"sh", "-c", "exit 3", NULL}), 3);
	IS(spawned("/nonexistent", NULL, NULL, (char *[]){"x", NULL}), 1000 + ENOENT);
	IS(spawned("/", NULL, NULL, (char *[]){"x", NULL}), 1000 + EACCES);
	put("plain", "not a program");
	IS(spawned("plain", NULL, NULL, (char *[]){"x", NULL}), 1000 + EACCES);
	chmod("plain", 0755);
	IS(spawned("plain", NULL, NULL, (char *[]){"x", NULL}), 1000 + ENOEXEC);

	posix_spawn_file_actions_t fa;
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 1, "out", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	posix_spawn_file_actions_adddup2(&fa, 1, 2);
	IS(spawned("/bin/sh", &fa, NULL, (char *[]){"sh", "-c", "echo one; echo two >&2", NULL}), 0);
	CHECK(strcmp(get("out"), "one\ntwo\n") == 0);
	posix_spawn_file_actions_addopen(&fa, 0, "missing/x", O_RDONLY, 0);
	IS(spawned("/bin/sh", &fa, NULL, (char *[]){"sh", "-c", "exit 0", NULL}), 1000 + ENOENT);

	posix_spawnattr_t attr;
	posix_spawnattr_init(&attr);
	sigset_t all;
	sigfillset(&all);
	signal(SIGUSR1, SIG_IGN);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	IS(spawned("/bin/sh", NULL, &attr, (char *[]){"sh", "-c", "kill -USR1 $$; exit 0", NULL}), -SIGUSR1);

	pid_t pid;
	IS(posix_spawnp(&pid, "sh", NULL, NULL, (char *[]){"sh", "-c", "exit 4", NULL}, environ), 0);
	IS(exited(pid), 4);
	IS(posix_spawnp(&pid, "no-such-program-anywhere", NULL, NULL, (char *[]){"x", NULL}, environ), ENOENT);

	int status = system("exit 42");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	status = system("kill -TERM $$");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	FILE *f = popen("echo from a pipe; exit 7", "r");
	char line[64] = "";
	CHECK(fgets(line, sizeof line, f) && strcmp(line, "from a pipe\n") == 0);
	IS(WEXITSTATUS(pclose(f)), 7);
	f = popen("cat >piped", "w");
	fputs("into a pipe\n", f);
	IS(pclose(f), 0);
	CHECK(strcmp(get("piped"), "into a pipe\n") == 0);
	for (int i = 0; i < 100; i++)
		IS(spawned("/bin/true", NULL, NULL, (char *[]){"true", NULL}), 0);
	return done();
}
