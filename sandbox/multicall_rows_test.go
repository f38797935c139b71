package sandbox

// expectation is what a box that denies dd, or git push, must make of a command line.
type expectation byte

const (
	denied  expectation = iota // no mark is left, and a denial that names the rule is told
	allowed                    // everything is as without the box
	either                     // the program fails by itself; no mark is left
)

// multiCallRow is a command line. $CU, $SH: the single binary of GNU coreutils, of the layout with links and of that
// with scripts; $CUDD and $SHDD are such a link and such a script. $BB, $BBS: BusyBox, dynamic and static (standalone).
// $TB: a toybox with dd and a shell. $UU: uutils. $LD: glibc's loader. $W is a scratch directory and $D makes dd leave
// a mark there. "X ARG0 FILE" executes FILE with that argv[0], "as" is testdata/multicall/as.c.
type multiCallRow struct {
	name    string // its number in the collection of measured command lines, and what is special
	line    string
	want    expectation
	prepare string // by sh, in $W
	dir     string // to run in, below $W
	keeps   string // what is still printed although something is denied
	// markless: without the box it is executed as well, but cannot do anything.
	markless bool
}

var ddRows = []multiCallRow{
	{name: "1", line: "dd $D", want: denied},
	{name: "1 slash", line: "/bin/dd $D", want: denied},
	{name: "2", line: "env dd $D", want: denied},
	{name: "3", line: "$W/my-dd $D", want: either, prepare: "ln -s $CU $W/my-dd"},
	{name: "4", line: "$W/x/dd $D", want: denied, prepare: "mkdir x; ln -s $CU $W/x/dd"},
	{name: "4 installed", line: "$CUDD $D", want: denied},
	{name: "4 hop", line: "$W/frob $D", want: either, prepare: "ln -s $CUDD $W/frob"},
	{name: "5", line: "$W/q $D", want: denied, prepare: "cp /bin/dd $W/q"},
	{name: "6", line: "$CU --coreutils-prog=dd $D", want: denied},
	{name: "6 scripts", line: "$SH --coreutils-prog=dd $D", want: denied},
	{name: "7", line: "X python3 $CU --coreutils-prog=dd $D", want: denied},
	{name: "8", line: "X ls $CU --coreutils-prog=dd $D", want: either},
	{name: "9", line: "X dd $CU --coreutils-prog=ls", want: denied, markless: true},
	{name: "9 scripts", line: "X dd $SH $D", want: denied},
	{name: "10", line: "X dd/ $CU $D", want: either},
	{name: "11", line: "$CU --coreutils-prog-shebang=dd /x/ls $D", want: denied},
	{name: "12", line: "$W/frob $D", want: denied, prepare: "cp $SHDD $W/frob"},
	{name: "12 installed", line: "$SHDD $D", want: denied},
	{name: "13", line: "$CU --coreutils-prog=ls /", want: allowed},
	{name: "14", line: "X ls $CU /", want: allowed},
	{name: "15", line: "$W/z --coreutils-prog=dd $D", want: denied, prepare: "cp $CU $W/z"},

	{name: "16", line: "$BB dd $D", want: denied},
	{name: "16 static", line: "$BBS dd $D", want: denied},
	{name: "17", line: "$BB busybox dd $D", want: denied},
	{name: "18", line: "X -dd $BB $D", want: denied},
	{name: "19", line: "X busybox-any $BB dd $D", want: denied},
	{name: "19 renamed", line: "$W/busyboxFOO dd $D", want: denied, prepare: "cp $BBS $W/busyboxFOO"},
	{name: "20", line: "$BB ls /", want: allowed},
	{name: "21", line: "$BB d $D", want: either},
	{name: "22", line: "$BB --list", want: allowed},
	{name: "23", line: "$BBS sh -c 'dd $D'", want: denied},
	{name: "23 exec", line: "$BBS sh -c 'exec dd $D'", want: denied},
	{name: "23 pipe", line: "$BBS sh -c 'echo x | dd of=$W/MARK; true'", want: denied},
	{name: "23 nested", line: "$BBS sh -c 'busybox dd $D; true'", want: denied},
	{name: "24", line: "$BBS sh -c 'dd $D; echo rc=$?; ls -d /etc'", want: denied, keeps: "rc=126\n/etc\n"},
	{name: "25", line: "$BBS sh -c 'exec -a ls dd $D'", want: denied},
	{name: "26", line: "$BBS find /etc/hostname -exec dd if={} of=$W/MARK ;", want: denied},
	{name: "26 xargs", line: "$BBS sh -c 'echo $D | xargs dd'", want: denied},
	{name: "26 xargs alone", line: "$BBS xargs -a $W/words dd", want: denied, prepare: "echo $D >words"},
	{name: "27", line: "$BBS sh -c 'ls /; cat /etc/hostname'", want: allowed},
	{name: "27 find", line: "$BBS find /etc/hostname -exec cat {} ;", want: allowed},
	{name: "28", line: "$BB sh -c 'dd $D'", want: denied},
	{name: "28 find", line: "$BB find /etc/hostname -exec dd if={} of=$W/MARK ;", want: denied},

	{name: "29", line: "$TB dd $D", want: denied},
	{name: "29 link", line: "X todd $TB $D", want: denied, prepare: "ln -s dd todd"},
	{name: "30", line: "$TB nice dd $D", want: denied},
	{name: "30 nested", line: "$TB nohup nice timeout 9 dd $D", want: denied},
	{name: "30 find", line: "$TB find /etc/hostname -exec dd $D ;", want: denied},
	{name: "31", line: "$TB sh -c 'dd $D'", want: denied},
	{name: "31 toysh", line: "$TB toysh -c 'dd $D'", want: denied},
	{name: "31 login", line: "X -bash $TB -c 'dd $D'", want: denied},
	{name: "31 login toysh", line: "X -toysh $TB -c 'd\"\"d $D'", want: denied},
	{name: "31 unseen", line: "$TB toysh -c 'd\"\"d $D'", want: denied},
	{name: "31 link", line: "$W/bash -c 'dd $D'", want: denied, prepare: "ln -s $TB bash"},
	{name: "31 script", line: "$W/script", want: denied,
		prepare: "ln -s $TB sh; echo \"#!$W/sh\ndd $D\" >script; chmod 755 script"},
	{name: "32", line: "$TB cat /etc/hostname", want: allowed},
	{name: "32 nice", line: "$TB nice cat /etc/hostname", want: allowed},
	{name: "32 name", line: "$TB find /etc/hostname -name dd", want: allowed},
	{name: "33", line: "X toybox-z $TB dd $D", want: denied},

	{name: "34", line: "$UU dd $D", want: denied},
	{name: "35", line: "X python3 $UU dd $D", want: denied},
	{name: "36", line: "X dd.ls $UU $D", want: denied},
	{name: "37", line: "$UU ls /", want: allowed},

	{name: "38", line: "$LD /bin/dd $D", want: denied},
	{name: "38 copies", line: "$W/ld $W/data $D", want: denied, prepare: "cp $LD ld; cp /bin/dd data; chmod 644 data"},
	{name: "39", line: "$LD --argv0 ls /bin/dd $D", want: denied},
	{name: "39 bundle", line: "$LD --argv0 dd $CU $D", want: denied},
	{name: "40", line: "$LD --list /bin/dd", want: allowed},
	{name: "41", line: "$LD /bin/ls /", want: allowed},

	{name: "42", line: "as memfd $CU dd $D", want: denied},
	{name: "42 option", line: "as memfd $CU ls-not --coreutils-prog=dd $D", want: denied},
	{name: "42 dd", line: "as memfd /bin/dd ls $D", want: denied},
	{name: "42 descriptor", line: "as opath /bin/dd ls $D", want: denied},
	{name: "43", line: "as unlinked /bin/dd ls $D", want: denied},
	{name: "44", line: "/proc/self/root/bin/dd $D", want: denied},

	{name: "45", line: "as run if=s if=s", want: denied,
		prepare: "echo >s; echo '#!/bin/dd of=MARK' >if=s; chmod 755 if=s"},
	{name: "45 chain", line: "as run if=5 if=5", want: denied, prepare: chainOfScripts},
	{name: "45 longer", line: "as run if=6 if=6", want: either, prepare: chainOfScripts},
	{name: "46", line: "as run if=s if=s", want: denied,
		prepare: "echo >s; echo '#!/usr/bin/env -S dd of=MARK' >if=s; chmod 755 if=s"},
	{name: "47", line: "perl -e 'exec {\"/bin/dd\"} qw(ls $D)'", want: denied},
	{name: "48 CU", line: "as none $CU", want: either},
	{name: "48 BB", line: "as none $BB", want: either},
	{name: "48 UU", line: "as none $UU", want: either},
	{name: "48 TB", line: "as none $TB", want: either},
}

// The words of the chain are names of its scripts, so that the last of them is what dd reads: a file called 5.
const chainOfScripts = `echo >5; echo >6; echo "#!/bin/dd of=MARK" >if=1
	for i in 2 3 4 5 6; do echo "#!if=$((i - 1))" >if=$i; done; chmod 755 if=*`

// repositories makes a repository r and o.git, where it pushes to. A push leaves a branch there.
const repositories = `
	git init -q --bare --template= o.git; git init -q --template= -b main r; cd r
	git config user.name a; git config user.email a@b.example; git config push.default current
	git remote add o ../o.git; git config branch.main.remote o; echo text >file; git add file
	GIT_AUTHOR_DATE="1000000000 +0000" GIT_COMMITTER_DATE="1000000000 +0000" git commit -q -m first`

var gitRows = []multiCallRow{
	{name: "49", line: "git push o", want: denied, prepare: repositories, dir: "r"},
	{name: "50", line: "git -C r push", want: denied, prepare: repositories},
	{name: "51", line: "git -c a.b=c -p --git-dir r/.git push $W/o.git", want: denied, prepare: repositories},
	{name: "52", line: "git --exec-path /x push", want: allowed, prepare: repositories, dir: "r"},
	{name: "53", line: "$CORE/git-push o", want: denied, prepare: repositories, dir: "r"},
	{name: "54", line: "git -c alias.p=push p", want: denied, prepare: repositories, dir: "r"},
	{name: "54 config", line: "git p", want: denied, prepare: repositories + "; git config alias.p push", dir: "r"},
	{name: "55", line: "git -c 'alias.q=!git push' q", want: denied, prepare: repositories, dir: "r"},
	{name: "56", line: "git -c help.autocorrect=immediate pushh o", want: denied, prepare: repositories, dir: "r"},
	{name: "57 status", line: "git status", want: allowed, prepare: repositories, dir: "r"},
	{name: "57 stash", line: "git stash push", want: allowed, prepare: repositories + "; echo more >file", dir: "r"},
	{name: "57 commit", line: "git commit -q --allow-empty -m 'git push'", want: allowed, prepare: repositories, dir: "r"},
	{name: "57 help", line: "git --help push", want: allowed, prepare: repositories, dir: "r"},
	{name: "57 log", line: "git log push", want: allowed, prepare: repositories, dir: "r"},
	{name: "57 push as a value", line: "git -C push status", want: allowed, prepare: repositories + "; mv $W/r $W/push"},
	{name: "58", line: "$W/g push", want: denied, prepare: repositories + "; cp /usr/bin/git $W/g", dir: "r"},
	{name: "58 link", line: "$W/g push", want: denied, prepare: repositories + "; ln -s /usr/bin/git $W/g", dir: "r"},
}
