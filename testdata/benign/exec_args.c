/* What execve does with its lists: none, empty, long, too long, unreadable. */
#include "check.h"

static char *self;

static int run(char *const argv[], char *const envp[])
{
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		execve(self, argv, envp);
		_exit(200 + (errno == E2BIG ? 1 : errno == EFAULT ? 2 : errno == ENOENT ? 3 : 9));
	}
	return exited(child);
}

static char **many(int n, const char *fill, size_t len)
{
	char **list = calloc(n + 3, sizeof *list);
	char *text = malloc(len + 1);
	memset(text, *fill, len);
	text[len] = 0;
	list[0] = self;
	list[1] = "count";
	for (int i = 0; i < n; i++)
		list[i + 2] = text;
	return list;
}

int main(int argc, char **argv)
{
	/* The name in argv may be empty: the re-executed self is told what to do by its first argument or by ROLE. */
	if (getenv("ROLE")) {
		printf("%s: argc %d argv[0] \"%s\"\n", getenv("ROLE"), argc, argc > 0 && argv[0] ? argv[0] : "(null)");
		return 20;
	}
	if (argc >= 2 && strcmp(argv[1], "count") == 0) {
		size_t sum = 0;
		for (int i = 2; i < argc; i++)
			sum += strlen(argv[i]);
		printf("%d arguments, %zu bytes\n", argc - 2, sum);
		return 21;
	}
	if (argc >= 2 && strcmp(argv[1], "environment") == 0) {
		int n = 0;
		while (environ && environ[n])
			n++;
		printf("%d variables\n", n);
		return 22;
	}
	self = argv[0];
	char *role[] = {"ROLE=empty list", NULL}, *role2[] = {"ROLE=empty name", NULL}, *role3[] = {"ROLE=no list", NULL};
	/* Since 5.18 the kernel turns an empty list into one empty name; either way it is the same in the box. */
	IS(run((char *[]){NULL}, role), 20);
	IS(run(NULL, role3), 20);
	IS(run((char *[]){"", NULL}, role2), 20);
	IS(run((char *[]){self, "environment", NULL}, NULL), 22);
	IS(run((char *[]){self, "environment", NULL}, (char *[]){NULL}), 22);
	IS(run((char *[]){self, "environment", NULL}, (char *[]){"A=1", "no equals sign", "", NULL}), 22);
	char *none[] = {NULL};
	struct rlimit stack = {8 << 20, RLIM_INFINITY};
	setrlimit(RLIMIT_STACK, &stack);
	IS(run(many(300, "a", 10), none), 21);
	IS(run(many(5000, "b", 100), none), 21);
	IS(run(many(15, "c", 100000), none), 21);
	IS(run(many(1, "d", 131000), none), 21);
	IS(run(many(1, "e", 131072), none), 201);  /* one string is at most 32 pages with its end */
	IS(run(many(30, "f", 100000), none), 201); /* all are at most a quarter of the stack limit */
	IS(run((char *[]){self, (char *)8, NULL}, none), 202);
	IS(run((char **)8, none), 202);
	IS(run((char *[]){self, NULL}, (char **)8), 202);
	FAILS(execve(NULL, (char *[]){"x", NULL}, none), EFAULT);
	FAILS(execve((char *)8, (char *[]){"x", NULL}, none), EFAULT);
	FAILS(execve("", (char *[]){"x", NULL}, none), ENOENT);
	return done();
}
