/*
 * wear.c - programs that wear a sandbox out, or meet one that is worn out. Usage: wear VICTIM MODE [N...], in a
 * directory that may be written. VICTIM may not. Whatever happens to the sandbox, no call on VICTIM may have an effect;
 * that is judged from outside. What is checked here is that the calls say so.
 */
#include "../benign/check.h"
#include <stdatomic.h>

static const char *victim;
static long number[2]; /* further arguments */

static const char *in_victim(const char *name)
{
	static __thread char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", victim, name);
	return path;
}

/* Says a word and waits until the test has looked. */
static void meet(const char *word)
{
	char c;
	MUST(dprintf(1, "%s\n", word) > 0);
	MUST(read(0, &c, 1) == 1);
}

/* Waits until every child is gone. */
static void reap_all(void)
{
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

/* errno's name as far as this program needs it: the C library of old systems has no strerrorname_np. */
static const char *name_of(long result)
{
	static __thread char other[16];
	if (result >= 0)
		return "ok";
	switch (errno) {
	case EACCES: return "EACCES";
	case EMFILE: return "EMFILE";
	case ENFILE: return "ENFILE";
	case ENOMEM: return "ENOMEM";
	case EPERM: return "EPERM";
	}
	snprintf(other, sizeof other, "%d", errno);
	return other;
}

/* One round of calls for each byte of standard input. A line of answers: allowed and denied mkdir, allowed and denied
 * open, rename out of the victim, an exec. The files made are removed again. */
static int probe(void)
{
	char c;
	while (read(0, &c, 1) == 1) {
		char line[256];
		int n = 0, fd;
		n += snprintf(line + n, sizeof line - n, "mkdir %s ", name_of(mkdir("made", 0700)));
		rmdir("made");
		n += snprintf(line + n, sizeof line - n, "%s ", name_of(mkdir(in_victim("made"), 0700)));
		n += snprintf(line + n, sizeof line - n, "open %s ", name_of(fd = open("file", O_CREAT | O_WRONLY, 0600)));
		if (fd >= 0)
			close(fd);
		n += snprintf(line + n, sizeof line - n, "%s ",
			      name_of(fd = open(in_victim("file"), O_CREAT | O_WRONLY | O_TRUNC, 0600)));
		if (fd >= 0)
			close(fd);
		n += snprintf(line + n, sizeof line - n, "rename %s ", name_of(rename(in_victim("file"), "stolen")));
		pid_t child = fork();
		if (child == 0) {
			execl("/bin/true", "true", NULL);
			_exit(errno == EMFILE ? 3 : errno == EACCES ? 4 : 5);
		}
		n += snprintf(line + n, sizeof line - n, "exec %d\n", exited(child));
		unlink("file");
		MUST(write(1, line, n) == n);
	}
	return 0;
}

/* A child that opens files is killed N times by another, mostly in the middle of a call. */
static int killed(void)
{
	unsigned seed = 1;
	meet("begin");
	for (long i = 0; i < number[0]; i++) {
		pid_t child = fork();
		if (child == 0)
			for (;;) {
				int fd = open("k", O_RDWR | O_CREAT, 0600);
				close(fd);
				open(in_victim("file"), O_RDWR | O_TRUNC);
				unlink(in_victim("file"));
			}
		pid_t killer = fork();
		if (killer == 0) {
			usleep(seed / 65536 % 700);
			_exit(kill(child, SIGKILL) != 0);
		}
		seed = seed * 1103515245 + 12345;
		IS(exited(killer), 0);
		IS(exited(child), -SIGKILL);
	}
	meet("end");
	return done();
}

/* What a bystander in the same tree must still be able to do, whatever its neighbours are at. */
static void bystand(int rounds)
{
	for (int i = 0; i < rounds; i++) {
		char name[32];
		snprintf(name, sizeof name, "b%d", (int)getpid());
		IS(mkdir(name, 0700), 0);
		FAILS(mkdir(name, 0700), EEXIST);
		IS(rmdir(name), 0);
		FAILS(mkdir(in_victim("x"), 0700), EACCES);
		FAILS(open(in_victim("none"), O_WRONLY), ENOENT);
	}
}

/* A group of our own, whose members can be ended together. */
static void own_group(void) { MUST(setpgid(0, 0) == 0); }

static void end_group(void)
{
	signal(SIGTERM, SIG_IGN);
	IS(kill(0, SIGTERM), 0);
	reap_all();
}

/* N processes make denied calls without an end while a bystander works. */
static int flood(void)
{
	own_group();
	meet("begin");
	for (long i = 0; i < number[0]; i++)
		if (fork() == 0) {
			for (;;)
				mkdir(in_victim("x"), 0700);
		}
	bystand(number[1]);
	end_group();
	meet("end");
	return done();
}

static void *spin(void *arg)
{
	for (;;)
		unlink(in_victim("file"));
	return arg;
}

/* The same with N threads of the bystander's own process, which ends while they are busy. */
static int threads(void)
{
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (long i = 0; i < number[0]; i++) {
		pthread_t t;
		MUST((errno = pthread_create(&t, &attr, spin, NULL)) == 0);
	}
	bystand(number[1]);
	return done();
}

/* Forks until no more can be had, and goes on until it has been refused N times; each child makes denied calls. Only
 * then do M processes wait in opens, each of which takes a thread of the sandbox. */
static int bomb(void)
{
	long refused = 0;
	int go[2];
	char c;
	own_group();
	MUST(pipe(go) == 0 && mkfifo("fifo", 0600) == 0);
	for (long i = 0; i < number[1]; i++)
		if (fork() == 0) {
			close(go[1]);
			(void)!read(go[0], &c, 1);
			open("fifo", O_WRONLY);
			_exit(0);
		}
	meet("begin");
	while (refused < number[0]) {
		pid_t child = fork();
		if (child == 0)
			for (;;)
				mkdir(in_victim("x"), 0700);
		if (child < 0) {
			if (refused++ == number[0] / 2)
				close(go[1]);
			FAILS(mkdir(in_victim("x"), 0700), EACCES);
		}
	}
	end_group();
	unlink("fifo");
	bystand(10);
	return done();
}

/* N different names are denied, each as long as a path may be if the second argument is not 0. */
static int names(void)
{
	static char path[PATH_MAX];
	int base = snprintf(path, sizeof path, "%s/", victim);
	meet("begin");
	while (number[1] && base < PATH_MAX - 300) {
		memset(path + base, 'n', 250);
		path[base + 250] = 0;
		if (access(path, F_OK) != 0)
			break; /* the victim holds the directories */
		path[base + 250] = '/';
		base += 251;
	}
	for (long i = 0; i < number[0]; i++) {
		snprintf(path + base, sizeof path - base, "%ld\x1b[2J\n\xff", i);
		FAILS(mkdir(path, 0700), EACCES);
	}
	meet("end");
	return done();
}

static atomic_int wrong;

static void *wait_for_reader(void *arg)
{
	int fd = open("fifo", O_WRONLY);
	if (fd < 0)
		wrong += errno != ENOMEM; /* the sandbox lets only so many wait */
	close(fd);
	return arg;
}

/* N threads wait in an open for the other end of a FIFO, while others work; then they are let go. */
static int fifos(void)
{
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	pthread_t t[number[0]];
	meet("begin");
	MUST(mkfifo("fifo", 0600) == 0);
	for (long i = 0; i < number[0]; i++)
		MUST((errno = pthread_create(&t[i], &attr, wait_for_reader, NULL)) == 0);
	bystand(number[1]);
	meet("waiting");
	pid_t reader = fork(); /* for as long as there is a writer */
	if (reader == 0)
		for (;;)
			close(open("fifo", O_RDONLY));
	for (long i = 0; i < number[0]; i++)
		MUST(pthread_join(t[i], NULL) == 0);
	kill(reader, SIGKILL);
	IS(exited(reader), -SIGKILL);
	IS(wrong, 0);
	bystand(1);
	unlink("fifo");
	meet("end");
	return done();
}

static char *volatile page;

static void *unmap(void *arg)
{
	for (;;) {
		munmap(page + 4096, 4096);
		mmap(page + 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	}
	return arg;
}

/* A name crosses into a page that another thread takes away and gives back empty all the time. What is readable of it
 * is denied either way. */
static int unmapped(void)
{
	pthread_t t;
	int errors[2] = {0, 0};
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(page != MAP_FAILED);
	MUST(snprintf(page + 4096 - strlen(victim) - 3, strlen(victim) + 4, "%s/xy", victim) > 0);
	MUST((errno = pthread_create(&t, NULL, unmap, NULL)) == 0);
	long long end = now_ns() + PATIENCE_MS * 1000000LL;
	for (long i = 0; i < number[0] || (!(errors[0] && errors[1]) && now_ns() < end); i++) {
		errno = 0;
		IS(mkdir(page + 4096 - strlen(victim) - 3, 0700), -1);
		if (errno != EACCES && errno != EFAULT)
			failed(__LINE__, "mkdir", "says %s", strerror(errno));
		errors[errno == EFAULT]++;
	}
	/* Both must have happened, or nothing was shown. */
	CHECK(errors[0] > 0 && errors[1] > 0);
	return done();
}

/* Without dumpability an unprivileged tracer may not look at the arguments. */
static int undumpable(void)
{
	MUST(prctl(PR_SET_DUMPABLE, 0) == 0);
	printf("allowed %s\n", name_of(mkdir("made", 0700)));
	printf("denied %s\n", name_of(mkdir(in_victim("made"), 0700)));
	printf("open %s\n", name_of(open(in_victim("file"), O_WRONLY | O_TRUNC)));
	return 0;
}

static void *busy_opens(void *arg)
{
	for (;;) {
		close(open("e", O_RDWR | O_CREAT, 0600));
		open(in_victim("file"), O_RDWR | O_TRUNC);
	}
	return arg;
}

static void *exec_again(void *arg)
{
	char count[24];
	usleep((unsigned)number[0] * 7919 % 900);
	snprintf(count, sizeof count, "%ld", number[0] - 1);
	execl("/proc/self/exe", "wear", victim, "execs", count, NULL);
	_exit(9);
	return arg;
}

/* Threads are in the middle of calls when one that is not the leader becomes another program, N times. */
static int execs(void)
{
	pthread_t t;
	if (number[0] == 0)
		return done();
	for (int i = 0; i < 4; i++)
		MUST((errno = pthread_create(&t, NULL, busy_opens, NULL)) == 0);
	MUST((errno = pthread_create(&t, NULL, exec_again, NULL)) == 0);
	for (;;) { /* the leader is in a call as well */
		unlink(in_victim("file"));
		rmdir("none");
	}
}

/* Says that it is there and makes denied calls in six processes, some of them daemons, until it is killed. */
static int hold(void)
{
	for (int i = 0; i < 6; i++)
		if (fork() == 0) {
			if (i % 2)
				setsid();
			if (i == 0)
				MUST(write(1, "there\n", 6) == 6);
			for (;;) {
				mkdir(in_victim("x"), 0700);
				unlink(in_victim("file"));
			}
		}
	reap_all();
	return 1;
}

/* Argument vectors of 1.5 MB, N times: a program that may be executed gets them, one that may not is denied, and what
 * is too much for the kernel is too much. */
static int arguments(void)
{
	enum { WORDS = 1500, LENGTH = 1000 };
	static char word[LENGTH + 1], huge[200 << 10];
	static char *argv[WORDS + 2], *many[400000];
	memset(word, 'a', LENGTH);
	memset(huge, 'a', sizeof huge - 1);
	argv[0] = "true";
	for (int i = 1; i <= WORDS; i++)
		argv[i] = word;
	for (size_t i = 0; i < sizeof many / sizeof *many - 1; i++)
		many[i] = word;
	meet("begin");
	for (long i = 0; i < number[0]; i++) {
		pid_t child = fork();
		if (child == 0) {
			argv[0] = "dd";
			FAILS(execv("/bin/dd", argv), EACCES);
			FAILS(execv("/bin/true", many), E2BIG);
			FAILS(execl("/bin/true", "true", huge, NULL), E2BIG);
			if (failures)
				_exit(1);
			argv[0] = "true";
			execv("/bin/true", argv);
			_exit(2);
		}
		IS(exited(child), 0);
	}
	meet("end");
	return done();
}

/* N processes put themselves into Landlock domains of their own, in which the sandbox must act for each. */
static int domains(void)
{
	struct {
		uint64_t fs;
	} attr = {1 << 7}; /* LANDLOCK_ACCESS_FS_MAKE_DIR */
	struct {
		uint64_t allowed;
		int32_t parent;
	} __attribute__((packed)) below = {1 << 7, -1};
	int go[2];
	char c;
	if (syscall(444, NULL, 0, 1) < 1) /* landlock_create_ruleset(2), LANDLOCK_CREATE_RULESET_VERSION */
		not_applicable("this kernel has no Landlock");
	MUST(pipe(go) == 0);
	MUST((below.parent = open(".", O_PATH | O_DIRECTORY)) >= 0);
	meet("begin");
	for (long i = 0; i < number[0]; i++) {
		pid_t child = fork();
		MUST(child >= 0);
		if (child == 0) {
			char name[32];
			close(go[1]);
			int ruleset = syscall(444, &attr, sizeof attr, 0);
			MUST(ruleset >= 0 && syscall(445, ruleset, 1, &below, 0) == 0);
			MUST(syscall(446, ruleset, 0) == 0);
			snprintf(name, sizeof name, "d%ld", i);
			if (mkdir(name, 0700) != 0) /* the sandbox acts only in so many */
				failures += errno != EACCES;
			rmdir(name);
			FAILS(mkdir(in_victim("x"), 0700), EACCES);
			MUST(read(go[0], &c, 1) == 0); /* until all have come here */
			_exit(failures != 0);
		}
	}
	bystand(5);
	meet("inside");
	close(go[1]);
	for (long i = 0; i < number[0]; i++) {
		int status;
		MUST(wait(&status) > 0);
		IS(status, 0);
	}
	meet("end");
	return done();
}

/* A denied call, over and over, N times. */
static int repeat(void)
{
	for (long i = 0; i < number[0]; i++)
		FAILS(mkdir(in_victim("x"), 0700), EACCES);
	return done();
}

static const struct {
	const char *name;
	int (*run)(void);
} modes[] = {
	{"probe", probe}, {"killed", killed},     {"flood", flood},           {"threads", threads}, {"bomb", bomb},
	{"names", names}, {"fifos", fifos},       {"unmapped", unmapped},     {"execs", execs},     {"hold", hold},
	{"arguments", arguments}, {"domains", domains},
	{"repeat", repeat}, {"undumpable", undumpable},
};

int main(int argc, char **argv)
{
	MUST(argc >= 3);
	victim = argv[1];
	for (int i = 0; i < 2 && i + 3 < argc; i++)
		number[i] = atol(argv[i + 3]);
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (strcmp(argv[2], modes[i].name) == 0)
			return modes[i].run();
	return 2;
}
