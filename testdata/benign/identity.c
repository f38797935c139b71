/* Giving up root for good and for a while: what is made then belongs to the new user, and what is not theirs is refused. */
#include "check.h"
#include <grp.h>
#include <sys/fsuid.h>
#include <linux/capability.h>

static void owner(const char *path, uid_t uid, gid_t gid)
{
	struct stat st;
	MUST(lstat(path, &st) == 0);
	IS(st.st_uid, uid);
	IS(st.st_gid, gid);
}

static int dropped(void)
{
	gid_t groups[] = {3000};
	IS(setgroups(1, groups), 0);
	IS(setresgid(2000, 2000, 2000), 0);
	IS(setresuid(2000, 2000, 2000), 0);
	FAILS(setuid(0), EPERM);
	put("open/dropped", "x");
	owner("open/dropped", 2000, 2000);
	IS(mkdir("open/dir", 0755), 0);
	owner("open/dir", 2000, 2000);
	IS(symlink("x", "open/link"), 0);
	owner("open/link", 2000, 2000);
	FAILS(open("roots", O_RDWR), EACCES);
	FAILS(open("new", O_RDWR | O_CREAT, 0600), EACCES);
	FAILS(unlink("roots"), EACCES);
	FAILS(chmod("roots", 0777), EPERM);
	FAILS(chown("open/dropped", 0, 0), EPERM);
	IS(chown("open/dropped", -1, 3000), 0);
	IS(access("roots", R_OK), -1);
	IS(access("group", R_OK), 0);
	FAILS(mkdir("sticky/../locked/x", 0700), EACCES);
	FAILS(unlink("sticky/roots"), EPERM);
	FAILS(rename("sticky/roots", "sticky/x"), EPERM);
	put("sticky/mine", "x");
	IS(unlink("sticky/mine"), 0);
	return failures;
}

int main(void)
{
	if (getuid() != 0)
		not_applicable("needs root");
	umask(022);
	chmod(".", 0755);
	put("roots", "x");
	chmod("roots", 0600);
	put("group", "x");
	chown("group", 0, 3000);
	chmod("group", 0640);
	mkdir("open", 0777);
	chmod("open", 0777);
	mkdir("locked", 0700);
	mkdir("sticky", 0777);
	chmod("sticky", 01777);
	put("sticky/roots", "x");
	pid_t child = fork();
	if (child == 0)
		_exit(dropped());
	IS(exited(child), 0);
	/* The file system identity alone. */
	IS(setfsgid(2100), 0);
	IS(setfsuid(2100), 0);
	put("open/fs", "x");
	owner("open/fs", 2100, 2100);
	FAILS(open("roots", O_RDWR), EACCES);
	FAILS(mkdir("locked/x", 0700), EACCES);
	IS(setfsuid(0), 2100);
	IS(setfsgid(0), 2100);
	/* The effective identity, back and forth; access(2) asks for the real one. */
	IS(setresuid(-1, 2200, 0), 0);
	put("open/effective", "x");
	owner("open/effective", 2200, 0);
	FAILS(open("roots", O_RDWR), EACCES);
	IS(access("roots", W_OK), 0);
	if (!lacks(439)) /* without faccessat2 (Linux 5.8) the C library asks with the real one */
		FAILS(faccessat(AT_FDCWD, "roots", W_OK, AT_EACCESS), EACCES);
	IS(setresuid(0, 0, 0), 0);
	/* Root without its capabilities is an owner like any other. */
	child = fork();
	if (child == 0) {
		struct __user_cap_header_struct hdr = {_LINUX_CAPABILITY_VERSION_3, 0};
		struct __user_cap_data_struct none[2] = {{0}};
		put("open/other", "x");
		chown("open/other", 2300, 2300);
		chmod("open/other", 0600);
		IS(syscall(SYS_capset, &hdr, none), 0);
		FAILS(open("open/other", O_RDWR), EACCES);
		FAILS(chmod("open/other", 0777), EPERM);
		FAILS(chown("roots", 1, 1), EPERM);
		IS(chmod("roots", 0640), 0);
		_exit(failures);
	}
	IS(exited(child), 0);
	/* One thread alone, by the raw call. */
	child = fork();
	if (child == 0) {
		IS(syscall(SYS_setresuid, 2400, 2400, 2400), 0);
		put("open/raw", "x");
		owner("open/raw", 2400, 0);
		_exit(failures);
	}
	IS(exited(child), 0);
	return done();
}
