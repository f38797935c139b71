/*
 * floor filter|domain|both COMMAND...: runs it under what costs a box its first few percent, and no box: a seccomp filter
 * of one instruction, which allows everything, and a Landlock domain that rules over writing, with one rule that allows
 * all of it below /.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The calls have one number everywhere; a libc or headers of before 5.13 have no name for them. */
enum { create_ruleset = 444, add_rule, restrict_self };

/* linux/landlock.h: all rights to files up to truncation (Linux 6.2) but executing and reading. */
static const uint64_t writing = 0x7ff2, before_truncation = 0x3ff2, before_refer = 0x1ff2;

static void enter_domain(void)
{
	const uint64_t versions[] = {writing, before_truncation, before_refer};
	struct __attribute__((packed)) {
		uint64_t rights;
		int32_t fd;
	} all = {.fd = open("/", O_PATH | O_CLOEXEC)};
	int ruleset = -1;

	for (int i = 0; i < 3 && ruleset < 0; i++) {
		all.rights = versions[i];
		ruleset = syscall(create_ruleset, &all.rights, sizeof all.rights, 0);
	}
	if (ruleset < 0 || syscall(add_rule, ruleset, 1, &all, 0) || syscall(restrict_self, ruleset, 0))
		err(125, "no Landlock domain");
	close(ruleset);
	close(all.fd);
}

static void install_filter(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = 1, .filter = &allow};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(125, "no seccomp filter");
}

int main(int argc, char **argv)
{
	if (argc < 3)
		errx(125, "floor filter|domain|both COMMAND...");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err(125, "PR_SET_NO_NEW_PRIVS");
	if (strcmp(argv[1], "filter"))
		enter_domain();
	if (strcmp(argv[1], "domain"))
		install_filter();
	execvp(argv[2], argv + 2);
	err(126, "%s", argv[2]);
}
