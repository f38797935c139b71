/*
 * race.h - what races share: a worker makes a call again and again, and a racer changes what its arguments lead to.
 *
 * What is raced leads to the decoy, a directory in ALLOW with the same names as VICTIM, where the call is allowed, or to
 * VICTIM, where it is not. Whoever judges the one and lets the kernel act on the other has lost. A race ends when the
 * program sees its own success, by looking at VICTIM or at what it has read, and otherwise after ATTACK_MS
 * milliseconds (1,500 unless said). Who has won is judged from outside, as for every trick.
 *
 * A box may kill a process that has won: then another worker goes on. What the racer does may fail, or be denied.
 */
#ifndef RACE_H
#define RACE_H
#include "attack.h"
#include <sys/xattr.h>

#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif

/* What the calls of a race are given. */
struct aim {
	long dir;
	char *path;
};

struct mechanism {
	const char *name;
	/* How the racer is made: clone(2). CLONE_VM with its own stack, others like fork. */
	int flags;
	/* Arranges for NAME to be found in the decoy or in VICTIM. Called in the worker, before the racer is made. */
	struct aim (*aim)(const char *name);
	/* One change: what is raced leads to VICTIM if odd. Called in the racer. */
	void (*turn)(unsigned n);
	const char *words;
	/* It races by a base descriptor, so that only calls which take one can be raced. */
	int at;
};

struct op {
	const char *name, *target;
	/* One try; whether it has seen that it won. */
	int (*try)(struct aim);
	/* Makes the decoy what it was before the try. */
	void (*undo)(void);
	const char *words;
	/* AT: takes a base descriptor. FOLLOWS: the last component may be a link. SAMPLE: tried with every mechanism. */
	int flags;
};
enum {
	AT = 1, FOLLOWS = 2, SAMPLE = 4,
	BLIND = 8, /* changes nothing in VICTIM: the try itself says whether it won */
	HOME = 16  /* uses names in ALLOW besides the one that is raced */
};

static struct {
	volatile int stop, won, ready;
	volatile unsigned tries, turns;
} *field;
static int decoy = -1, victim_dir = -1;
static struct stat decoy_secret, victim_file;

static long long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Whether VICTIM is not what it was at the first call. */
static int changed(void)
{
	static const char *const names[] = {"", "file", "dir", "empty", "link", "secret", "bin/mark", "new"};
	enum { N = sizeof names / sizeof *names };
	static struct stat was[N];
	static int had[N], known;
	int differs = 0;
	for (int i = 0; i < N; i++) {
		struct stat st;
		memset(&st, 0, sizeof st);
		int has = fstatat(victim_dir, names[i], &st, AT_SYMLINK_NOFOLLOW | (*names[i] ? 0 : AT_EMPTY_PATH)) == 0;
		st.st_atim = (struct timespec){0, 0};
		if (!known) {
			was[i] = st;
			had[i] = has;
		} else if (has != had[i] || st.st_ino != was[i].st_ino || st.st_mode != was[i].st_mode ||
			   st.st_size != was[i].st_size || st.st_nlink != was[i].st_nlink ||
			   memcmp(&st.st_mtim, &was[i].st_mtim, sizeof st.st_mtim) != 0 ||
			   memcmp(&st.st_ctim, &was[i].st_ctim, sizeof st.st_ctim) != 0)
			differs = 1;
	}
	known = 1;
	return differs;
}

__attribute__((unused)) static void put_file(const char *path, const char *text)
{
	int fd = DO(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
	DO(write(fd, text, strlen(text)));
	close(fd);
}

/* The decoy, ALLOW/1, and ALLOW/0, which leads to VICTIM. */
static void lay_out(void)
{
	DO(mkdir("1", 0755));
	DO(mkdir("1/dir", 0755));
	DO(mkdir("1/empty", 0755));
	DO(mkdir("1/bin", 0755));
	put_file("1/file", "decoy\n");
	put_file("1/secret", "decoy\n");
	put_file("1/dir/inner", "decoy\n");
	setxattr("1/file", "user.keep", "kept", 4, 0);
	setxattr("1/secret", "user.keep", "decoy", 5, 0);
	DO(symlink("file", "1/link"));
	DO(symlink("decoy", "1/hint"));
	DO(symlink("/bin/true", "1/bin/mark"));
	DO(symlink(victim, "0"));
	put_file("own2", "own\n");
	decoy = DO(open("1", O_PATH | O_DIRECTORY));
	victim_dir = DO(open(victim, O_PATH | O_DIRECTORY));
	DO(stat("1/secret", &decoy_secret));
	DO(fstatat(victim_dir, "file", &victim_file, 0));
}

static const struct mechanism *mechanism;

static int racer(void *unused)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned n = 0; !field->stop; n++) {
		field->ready = 1;
		mechanism->turn(n);
		field->turns++;
	}
	if (!(mechanism->flags & CLONE_THREAD))
		_exit(0);
	return 0;
}
static void *racing_thread(void *unused)
{
	racer(NULL);
	return NULL;
}
static pid_t start_racer(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pthread_t t;
	if (!(mechanism->flags & CLONE_THREAD))
		return DO(clone(racer, stack + sizeof stack, mechanism->flags | SIGCHLD, NULL));
	errno = pthread_create(&t, NULL, racing_thread, NULL);
	return DO(errno ? -1 : 0);
}

static void work(const struct op *o, long long end)
{
	struct aim aim = mechanism->aim(o->target);
	pid_t pid = start_racer();
	while (!field->ready && now_ms() < end)
		sched_yield();
	for (unsigned n = 1; now_ms() < end; n++) {
		int won = o->try(aim);
		if (o->undo)
			o->undo();
		field->tries++;
		if (won || (!(o->flags & BLIND) && n % 4 == 0 && changed())) {
			field->won = 1;
			return;
		}
		/* It may have been killed for what it did. */
		if (pid > 0 && n % 64 == 0 && waitpid(pid, NULL, WNOHANG | __WALL) == pid)
			pid = start_racer();
	}
}

static void race(const struct mechanism *m, const struct op *o)
{
	const char *ms = getenv("ATTACK_MS");
	long long end = now_ms() + (ms ? atol(ms) : 1500);
	mechanism = m;
	field = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	lay_out();
	if (!(o->flags & BLIND))
		changed();
	/* Workers that were killed leave racers behind. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	unsigned workers = 0;
	for (; !field->won && now_ms() < end; workers++) {
		field->stop = field->ready = 0;
		pid_t pid = DO(fork());
		if (pid == 0) {
			work(o, end);
			field->stop = 1;
			_exit(0);
		}
		int code = wait_for(pid);
		field->stop = 1;
		while (wait(NULL) > 0 || errno == EINTR)
			;
		if (code != 0 && code < 128)
			_exit(code);
	}
	printf("%u tries against %u changes by %u workers%s\n", field->tries, field->turns, workers, field->won ? ", won" : "");
}

#endif
