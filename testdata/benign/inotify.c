/* Somebody who watches a directory sees the events of the calls that were made, and no others. */
#include "check.h"
#include <sys/inotify.h>

static int in;

static void events(const char *what)
{
	_Alignas(struct inotify_event) char buf[8192];
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {{IN_CREATE, "create"}, {IN_DELETE, "delete"}, {IN_MODIFY, "modify"}, {IN_ATTRIB, "attrib"},
		     {IN_MOVED_FROM, "moved from"}, {IN_MOVED_TO, "moved to"}, {IN_CLOSE_WRITE, "close write"},
		     {IN_OPEN, "open"}, {IN_CLOSE_NOWRITE, "close"}, {IN_DELETE_SELF, "delete self"},
		     {IN_MOVE_SELF, "move self"}, {IN_IGNORED, "ignored"}};
	printf("%s:", what);
	ssize_t n;
	while ((n = read(in, buf, sizeof buf)) > 0)
		for (char *p = buf; p < buf + n;) {
			struct inotify_event *e = (struct inotify_event *)p;
			for (size_t i = 0; i < sizeof names / sizeof *names; i++)
				if (e->mask & names[i].bit)
					printf(" [%s %s]", names[i].name, e->len ? e->name : ".");
			p += sizeof *e + e->len;
		}
	printf("\n");
}

int main(void)
{
	in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (in < 0)
		not_applicable("inotify_init1 is refused");
	mkdir("w", 0755);
	IS(inotify_add_watch(in, "w", IN_ALL_EVENTS & ~IN_ACCESS), 1);
	FAILS(inotify_add_watch(in, "missing", IN_CREATE), ENOENT);
	int fd = open("w/a", O_WRONLY | O_CREAT | O_EXCL, 0600);
	events("create");
	IS(write(fd, "x", 1), 1);
	events("write");
	close(fd);
	events("close");
	fd = open("w/a", O_WRONLY | O_TRUNC);
	close(fd);
	events("truncating open");
	chmod("w/a", 0644);
	events("chmod");
	utimensat(AT_FDCWD, "w/a", NULL, 0);
	events("utimensat");
	link("w/a", "w/b");
	events("link");
	symlink("a", "w/s");
	events("symlink");
	mkdir("w/d", 0755);
	events("mkdir");
	mkfifo("w/f", 0600);
	events("mkfifo");
	rename("w/b", "w/c");
	events("rename");
	rename("w/c", "out");
	events("rename out");
	unlink("w/f");
	events("unlink");
	rmdir("w/d");
	events("rmdir");
	open("w/missing", O_RDONLY);
	mkdir("w/a", 0700);
	unlink("w/missing");
	events("failures");
	IS(inotify_rm_watch(in, 1), 0);
	events("end");
	return done();
}
