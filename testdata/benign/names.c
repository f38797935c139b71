/* Names are bytes: control characters, newlines, invalid UTF-8, spaces, quotes, escapes and leading dashes. */
#include "check.h"

static const char *const names[] = {
	"plain", "with space", "new\nline", "tab\there", "\x01\x02\x03", "\x1b[31mred\x1b[0m", "\xff\xfe\xfd",
	"\xc3\x28", "\xe2\x82\xac", "\xf0\x9f\x92\xa9", "-rf", "\"quoted\"", "'single'", "back\\slash", "$HOME", "`id`",
	"*", "?", "[a-z]", "**", "...", ".hidden", "trailing.", "~", "#", "%s%n", ":", ",", "=", "a (deleted)",
	"\x7f", "\xc2\x85", "\xe2\x80\xae" "rtl", "\xed\xa0\x80",
};

int main(void)
{
	size_t n = sizeof names / sizeof *names;
	char buf[PATH_MAX], other[PATH_MAX];
	struct stat st;
	for (size_t i = 0; i < n; i++) {
		int fd = open(names[i], O_WRONLY | O_CREAT | O_EXCL, 0644);
		CHECK(fd >= 0);
		IS(write(fd, names[i], strlen(names[i])), strlen(names[i]));
		close(fd);
		CHECK(strcmp(get(names[i]), names[i]) == 0);
		FAILS(mkdir(names[i], 0755), EEXIST);
		snprintf(other, sizeof other, "dir of %s", names[i]);
		IS(mkdir(other, 0755), 0);
		snprintf(buf, sizeof buf, "%s/%s", other, names[i]);
		IS(rename(names[i], buf), 0);
		IS(symlink(names[i], "link"), 0);
		IS(rename("link", names[i]), 0);
		ssize_t len = readlink(names[i], buf, sizeof buf);
		CHECK(len == (ssize_t)strlen(names[i]) && memcmp(buf, names[i], len) == 0);
		FAILS(stat(names[i], &st), ELOOP);
		IS(unlink(names[i]), 0);
	}
	int found = 0;
	DIR *d = opendir(".");
	for (struct dirent *e; (e = readdir(d));)
		for (size_t i = 0; i < n; i++) {
			snprintf(other, sizeof other, "dir of %s", names[i]);
			if (strcmp(e->d_name, other) == 0) {
				found++;
				snprintf(buf, sizeof buf, "%s/%s", other, names[i]);
				IS(unlink(buf), 0);
				IS(unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR), 0);
			}
		}
	closedir(d);
	IS(found, n);
	return done();
}
