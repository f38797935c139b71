/* What a program finds when it starts: nothing of the tracer's may have leaked, nothing of the caller's may be missing. */
#include "check.h"
#include <sys/personality.h>

static void limits(void)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit r;
		getrlimit(i, &r);
		printf("limit %d: %llx %llx\n", i, (unsigned long long)r.rlim_cur, (unsigned long long)r.rlim_max);
	}
}

static void signals(void)
{
	sigset_t set;
	sigprocmask(SIG_BLOCK, NULL, &set);
	for (int s = 1; s < NSIG; s++) {
		struct sigaction sa;
		if (sigaction(s, NULL, &sa) == 0 && sa.sa_handler != SIG_DFL)
			printf("signal %d is not at its default\n", s);
		if (sigismember(&set, s) == 1)
			printf("signal %d is blocked\n", s);
		sigset_t pending;
		sigpending(&pending);
		if (sigismember(&pending, s) == 1)
			printf("signal %d is pending\n", s);
	}
}

static void descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int seen[64] = {0}, own = dirfd(d);
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' && atoi(e->d_name) < 64 && atoi(e->d_name) != own)
			seen[atoi(e->d_name)] = 1;
	for (int i = 0; i < 64; i++) {
		if (!seen[i])
			continue;
		struct stat st;
		fstat(i, &st);
		printf("descriptor %d: %s, flags %x\n", i,
		       S_ISFIFO(st.st_mode) ? "pipe" : S_ISREG(st.st_mode) ? "file" : S_ISDIR(st.st_mode) ? "directory"
			: S_ISCHR(st.st_mode) ? "device" : S_ISSOCK(st.st_mode) ? "socket" : "other",
		       fcntl(i, F_GETFL) | fcntl(i, F_GETFD) << 24);
	}
	closedir(d);
}

static void environment(void)
{
	for (char **e = environ; *e; e++)
		printf("variable %s\n", *e);
}

/* Where addresses are judged root has neither CAP_NET_ADMIN nor CAP_NET_RAW (the refusal "net_admin"). */
static void capability(const char *line)
{
	unsigned long long set;
	char key[16];
	if (sscanf(line, "Cap%15[^:]: %llx", key, &set) == 2)
		printf("Cap%s: %016llx\n", key, set & ~(3ULL << 12));
	else
		printf("%s", line);
}

static void status(void)
{
	static const char *const keys[] = {"Uid:", "Gid:", "Groups:", "Umask:", "SigPnd:", "SigBlk:", "SigIgn:", "SigCgt:",
		"CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:", "Mems_allowed:", "Threads:",
		"THP_enabled:", "CoreDumping:", "FDSize:"};
	FILE *f = fopen("/proc/self/status", "r");
	char line[512];
	while (fgets(line, sizeof line, f))
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			if (strncmp(line, keys[i], strlen(keys[i])) == 0)
				capability(line);
	fclose(f);
	cpu_set_t cpus; /* as calls tell it: where it is read in status it may be less for a while (placement = "near") */
	MUST(sched_getaffinity(0, sizeof cpus, &cpus) == 0);
	printf("%d CPUs\n", CPU_COUNT(&cpus));
	printf("oom_score_adj %s", get("/proc/self/oom_score_adj"));
	printf("timerslack %d\n", prctl(PR_GET_TIMERSLACK));
	printf("dumpable %d\n", prctl(PR_GET_DUMPABLE));
	printf("securebits %d\n", prctl(PR_GET_SECUREBITS));
	printf("keepcaps %d\n", prctl(PR_GET_KEEPCAPS));
	int sig = -1, sub = -1;
	prctl(PR_GET_PDEATHSIG, &sig);
	prctl(PR_GET_CHILD_SUBREAPER, &sub);
	printf("pdeathsig %d subreaper %d\n", sig, sub);
	printf("personality %x\n", personality(0xffffffff));
	printf("nice %d policy %d\n", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0));
	char name[32] = "", cwd[PATH_MAX], exe[PATH_MAX] = "";
	prctl(PR_GET_NAME, name);
	printf("name %s\n", name);
	printf("directory %s\n", getcwd(cwd, sizeof cwd));
	readlink("/proc/self/exe", exe, sizeof exe - 1);
	printf("program %s\n", strrchr(exe, '/') + 1);
	struct itimerval it;
	getitimer(ITIMER_REAL, &it);
	printf("timer %ld %ld\n", (long)it.it_value.tv_sec, (long)it.it_value.tv_usec);
	FAILS(wait(NULL), ECHILD);
	IS(alarm(0), 0);
}

int main(int argc, char **argv)
{
	printf("%d arguments, name %s\n", argc, strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0]);
	limits();
	signals();
	descriptors();
	environment();
	status();
	return done();
}
