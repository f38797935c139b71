/* A program that puts itself into a Landlock domain of its own stays in it, also through what is done in its place. */
#include "check.h"
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { WRITE_FILE = 1 << 1, MAKE_DIR = 1 << 7, MAKE_REG = 1 << 8, HANDLED = WRITE_FILE | MAKE_DIR | MAKE_REG };

static int ruleset(void)
{
	unsigned long long handled = HANDLED;
	return syscall(444, &handled, sizeof handled, 0);
}

static int allow(int rules, const char *dir)
{
	struct {
		unsigned long long access;
		int parent;
	} __attribute__((packed)) rule = {HANDLED, open(dir, O_PATH)};
	int result = syscall(445, rules, 1, &rule, 0);
	close(rule.parent);
	return result;
}

static void tries(const char *when)
{
	printf("%s: inside %d, outside %d, directory outside %d\n", when, open("inside/f", O_WRONLY | O_CREAT, 0600) >= 0,
	       open("outside", O_WRONLY | O_CREAT, 0600) >= 0, mkdir("dir", 0700) == 0);
	unlink("outside");
	rmdir("dir");
}

int main(void)
{
	if (syscall(444, NULL, 0, 1) < 1) {
		printf("this kernel has no Landlock\n");
		return 77;
	}
	mkdir("inside", 0755);
	tries("free");
	/* No ruleset, but fewer messages for domains to come (6.15): nothing is restricted. */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	printf("%s\n", syscall(446, -1, 4) == 0 || errno == EINVAL || errno == EBADF ? "less told" : strerror(errno));
	tries("not restricted");
	int rules = ruleset();
	IS(allow(rules, "inside"), 0);
	IS(syscall(446, rules, 0), 0);
	tries("restricted");
	/* What is added to a ruleset afterwards is nothing to a domain. */
	allow(rules, ".");
	tries("ruleset widened");
	int wide = ruleset();
	IS(allow(wide, "."), 0);
	IS(syscall(446, wide, 0), 0);
	tries("nested");
	if (fork() == 0) {
		tries("child");
		execlp("sh", "sh", "-c", "(echo > inside/g) && ! (echo > outside) 2>/dev/null && echo executed", NULL);
	}
	wait(NULL);
	return done();
}
