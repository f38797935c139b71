/* Links: dangling ones that O_CREAT creates through, chains, links made in ALLOW, and moves that would launder. */
#include "attack.h"

TRICK(dangling_creat, "write")
{
	DO(symlink(V("new"), "dangling"));
	say(S(open, A("dangling"), O_WRONLY | O_CREAT, 0644));
}
TRICK(dangling_creat_relative, "write")
{
	DO(symlink(str("../%s/new", strrchr(victim, '/') + 1), "dangling"));
	say(S(openat, AT_FDCWD, str("dangling"), O_WRONLY | O_CREAT, 0644));
}
TRICK(dangling_chain, "write")
{
	DO(symlink(V("new"), "owndir/a"));
	DO(symlink("owndir/a", "b"));
	DO(symlink("b", "c"));
	say(S(creat, A("c"), 0644));
}
TRICK(dangling_bind_is_not_followed_but_dir_is, "write")
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	DO(symlink(victim, "d"));
	strcpy(sun.sun_path, "d/new");
	DO(bind(DO(socket(AF_UNIX, SOCK_DGRAM, 0)), (struct sockaddr *)&sun, sizeof sun));
}
TRICK(last_link_write, "write")
{
	DO(symlink(V("file"), "l"));
	say(S(open, A("l"), O_WRONLY));
}
TRICK(last_link_truncate, "write")
{
	DO(symlink(V("file"), "l"));
	DO(S(truncate, A("l"), 1));
}
TRICK(last_link_chmod, "write")
{
	DO(symlink(V("file"), "l"));
	DO(S(chmod, A("l"), 0600));
}
TRICK(last_link_setxattr, "write")
{
	DO(symlink(V("file"), "l"));
	DO(S(setxattr, A("l"), str("user.attack"), str("x"), 1, 0));
}
TRICK(last_link_utime, "write")
{
	DO(symlink(V("file"), "l"));
	DO(S(utimensat, AT_FDCWD, A("l"), NULL, 0));
}
TRICK(link_in_victim_itself, "write") { DO(S(lchown, V("link"), getuid(), getgid())); }
TRICK(link_in_victim_times, "write") { DO(S(utimensat, AT_FDCWD, V("link"), NULL, AT_SYMLINK_NOFOLLOW)); }
TRICK(trailing_slash_rmdir, "write") { DO(S(rmdir, V("empty/"))); }
TRICK(trailing_slash_rename, "write") { DO(S(rename, V("empty/"), A("stolen/"))); }
TRICK(trailing_slash_mkdir, "write") { DO(S(mkdir, V("new/"), 0755)); }
TRICK(chain_of_35, "write")
{
	DO(symlink(V("file"), "c0"));
	for (int i = 1; i < 35; i++)
		DO(symlink(str("c%d", i - 1), str("c%d", i)));
	say(S(open, A("c34"), O_WRONLY));
}
TRICK(hard_link_then_write, "write")
{
	DO(S(link, V("file"), A("hard")));
	say(S(open, A("hard"), O_WRONLY));
}
TRICK(hard_link_of_link, "write") { DO(S(linkat, AT_FDCWD, V("link"), AT_FDCWD, A("hard"), 0)); }
TRICK(move_dir_then_write, "write")
{
	DO(S(rename, V("dir"), A("moved")));
	say(S(open, A("moved/inner"), O_WRONLY));
}
TRICK(move_dir_by_empty_exchange, "write")
{
	DO(S(renameat2, AT_FDCWD, A("owndir"), AT_FDCWD, V("dir"), RENAME_EXCHANGE));
	say(S(open, A("owndir/inner"), O_WRONLY));
}
TRICK(move_own_parent_away, "write")
{
	/* After the move `..` is somewhere else. */
	DO(mkdir("owndir/deep", 0755));
	DO(chdir("owndir/deep"));
	DO(S(rename, str("../../owndir/deep"), A("up")));
	say(S(open, str("../../%s/file", strrchr(victim, '/') + 1), O_WRONLY));
}
TRICK(whiteout, "write root")
{
	if (syscall(SYS_renameat2, AT_FDCWD, "own", AT_FDCWD, "own2", RENAME_WHITEOUT) != 0)
		impossible("this file system makes no whiteouts");
	DO(S(renameat2, AT_FDCWD, V("file"), AT_FDCWD, A("stolen"), RENAME_WHITEOUT));
}
TRICK(replace_dir, "write") { DO(S(rename, A("owndir"), V("empty"))); }
TRICK(dotdot_in_victim, "write")
{
	DO(chdir(V("dir")));
	say(S(open, str("../file"), O_WRONLY));
}
TRICK(root_dotdot, "write") { say(S(open, str("/../..%s", V("file")), O_WRONLY)); }
TRICK(proc_self_environ_style_name, "write")
{
	/* A name that looks like the end of a magic link's text. */
	DO(S(open, V("file (deleted)"), O_WRONLY | O_CREAT, 0644));
}
TRICK(control_characters, "write") { DO(S(mkdir, V("\n\033[2J\xff"), 0755)); }
