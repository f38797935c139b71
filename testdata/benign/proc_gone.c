/* Directories of /proc/PID that are held open keep answering when the process is gone: ESRCH, to every lookup. */
#include "check.h"

static int failure(int result) { return result < 0 ? errno : 0; }

static void look(int dir, const char *what)
{
	struct stat st;
	char text[256], path[64];
	printf("%s: read %d", what, failure(openat(dir, "stat", O_RDONLY)));
	printf(" write %d", failure(openat(dir, "comm", O_WRONLY)));
	printf(" create %d", failure(openat(dir, "new", O_WRONLY | O_CREAT, 0600)));
	printf(" itself %d", failure(openat(dir, ".", O_RDONLY)));
	printf(" up %d", failure(openat(dir, "../self/stat", O_RDONLY)));
	printf(" below %d", failure(openat(dir, "fd/0", O_RDONLY)));
	printf(" through %d", failure(openat(dir, "cwd/x", O_RDONLY)));
	printf(" stat %d", failure(fstatat(dir, "stat", &st, 0)));
	printf(" link %d", failure(readlinkat(dir, "exe", text, sizeof text)));
	printf(" access %d", failure(faccessat(dir, "stat", R_OK, 0)));
	printf(" mode %d", failure(fchmodat(dir, "comm", 0644, 0)));
	printf(" mkdir %d", failure(mkdirat(dir, "dir", 0755)));
	printf(" unlink %d", failure(unlinkat(dir, "comm", 0)));
	printf(" held %d", failure(fstatat(dir, "", &st, AT_EMPTY_PATH)));
	snprintf(path, sizeof path, "/proc/self/fd/%d/stat", dir);
	printf(" by number %d\n", failure(open(path, O_RDONLY)));
}

int main(void)
{
	for (int handle = 0; handle < 2; handle++) {
		int flags = O_DIRECTORY | (handle ? O_PATH : O_RDONLY);
		pid_t child = fork();
		if (child == 0) {
			for (;;)
				pause();
		}
		CHECK(child > 0);
		char path[64];
		snprintf(path, sizeof path, "/proc/%d", child);
		int dir = open(path, flags);
		snprintf(path, sizeof path, "/proc/%d/task", child);
		int tasks = open(path, flags);
		CHECK(dir >= 0 && tasks >= 0);
		CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
		look(dir, "process");
		look(tasks, "tasks");
		close(dir);
		close(tasks);
	}
	return 0;
}
