/* variants: static m32 */
/* 2,000 children, in batches that live at the same time; each one's status arrives. */
#include "check.h"

enum { FORKS = 2000, BATCH = 100 };

int main(void)
{
	for (int i = 0; i < FORKS; i += BATCH) {
		pid_t pids[BATCH];
		for (int j = 0; j < BATCH; j++) {
			pids[j] = fork();
			if (pids[j] == 0) {
				char name[32];
				snprintf(name, sizeof name, "f%d", i + j);
				int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
				_exit(fd < 0 || unlink(name) != 0 ? 255 : (i + j) % 200);
			}
			MUST(pids[j] > 0);
		}
		for (int j = BATCH - 1; j >= 0; j--)
			IS(exited(pids[j]), (i + j) % 200);
	}
	FAILS(wait(NULL), ECHILD);
	return done();
}
