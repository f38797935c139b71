/* variants: m32 */
/* The mode a new file gets: umask, set-group-id directories, per-task umasks. */
#include "check.h"

static int mode(const char *path)
{
	struct stat st;
	return lstat(path, &st) == 0 ? (int)(st.st_mode & 07777) : -1;
}

static int make(const char *how, mode_t m)
{
	int got;
	unlink("n"), rmdir("n");
	if (strcmp(how, "open") == 0)
		close(open("n", O_WRONLY | O_CREAT, m));
	else if (strcmp(how, "creat") == 0)
		close(creat("n", m));
	else if (strcmp(how, "mkdir") == 0)
		mkdir("n", m);
	else if (strcmp(how, "mkdirat") == 0)
		mkdirat(AT_FDCWD, "n", m);
	else if (strcmp(how, "mknod") == 0)
		mknod("n", S_IFREG | m, 0);
	else if (strcmp(how, "mkfifo") == 0)
		mkfifo("n", m);
	else if (strcmp(how, "bind") == 0) {
		struct sockaddr_un sun = {AF_UNIX, "n"};
		int s = socket(AF_UNIX, SOCK_STREAM, 0);
		bind(s, (struct sockaddr *)&sun, sizeof sun);
		close(s);
	}
	got = mode("n");
	unlink("n"), rmdir("n");
	return got;
}

static void *thread(void *arg)
{
	IS(unshare(CLONE_FS), 0);
	umask(077);
	IS(make("open", 0666), 0600);
	return arg;
}

int main(void)
{
	static const mode_t masks[] = {0, 022, 027, 077, 0777};
	static const mode_t modes[] = {0666, 0777, 0640, 01777, 02755, 04755, 0};
	static const char *const hows[] = {"open", "creat", "mkdir", "mkdirat", "mknod", "mkfifo", "bind"};
	for (int h = 0; h < 7; h++)
		for (int k = 0; k < 5; k++) {
			umask(masks[k]);
			printf("%s umask %03o:", hows[h], masks[k]);
			for (int m = 0; m < 7; m++)
				printf(" %04o", make(hows[h], modes[m]));
			printf("\n");
		}
	umask(022);
	mkdir("g", 0755);
	chmod("g", 02775);
	MUST(chdir("g") == 0);
	printf("in a set-group-id directory: mkdir %04o open %04o\n", make("mkdir", 0777), make("open", 0666));
	pthread_t t;
	pthread_create(&t, NULL, thread, NULL);
	pthread_join(t, NULL);
	IS(make("open", 0666), 0644);
	IS(umask(0), 022);
	return done();
}
