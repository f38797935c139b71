package main

// wrapper is a program that starts another one: how it reads its arguments up to that command. An option that is not
// here makes the command one that cannot be told.
type wrapper struct {
	flags    string // letters without a value
	values   string // letters with one, attached or in the next word
	optional string // letters with one only if it is attached
	// long has the long options: a final = for those with a value, and behind a colon the letter that is the same.
	long     string
	ends     map[string]bool // options after which nothing is started
	operands int             // words before the command
	assigns  bool            // NAME=VALUE words stand before the command
	digits   bool            // -5 is an option
	plus     bool            // +N too
	lone     bool            // - alone is an option
	chdir    bool            // -C changes the directory
	roots    bool            // -R changes the root
	script   bool            // it is a script
	text     bool            // -c has a text for a shell
	joins    bool            // the words together are a text for a shell
	adds     string          // what it adds to the command
	foreign  string          // why no name can be followed from here
}

// help are the options of most.
const help = " --help --version"

var ends = set("help version")

// wrappers are known by the name of what runs. The tables are those of util-linux 2.41, GNU coreutils 9 and findutils
// 4.10; what BusyBox and toybox know is among it.
var wrappers = map[string]*wrapper{
	"env": {flags: "i0v", values: "uCSa", lone: true, assigns: true, chdir: true, ends: ends,
		long: `--ignore-environment:i --null --unset= --chdir=:C --split-string= --argv0= --debug --block-signal
			--default-signal --ignore-signal --list-signal-handling` + help},
	"nice":  {values: "n", digits: true, long: "--adjustment=" + help, ends: ends},
	"nohup": {long: help, ends: ends},
	"timeout": {flags: "fpv", values: "ks", operands: 1, ends: ends,
		long: "--foreground --kill-after= --preserve-status --signal= --verbose" + help},
	"stdbuf": {values: "ioe", long: "--input= --output= --error=" + help, ends: ends},
	"chroot": {operands: 1, long: "--groups= --userspec= --skip-chdir" + help, ends: ends,
		foreign: "it starts in another root"},
	"time": {flags: "apqvV", values: "fo", ends: ends,
		long: "--append --format= --output= --portability --quiet --verbose" + help},
	"xargs": {flags: "0rtpxo", values: "adEILnPs", optional: "eil", adds: "…", ends: ends,
		long: `--null --arg-file= --delimiter= --eof --replace:I --max-lines --max-args= --max-procs= --max-chars=
			--interactive --no-run-if-empty --verbose --exit --open-tty --process-slot-var= --show-limits` + help},
	"find":   {},
	"setsid": {flags: "cfwhV", long: "--ctty --fork --wait" + help, ends: set("help version h V")},
	"flock": {flags: "sxeunoFhV", values: "wEc", operands: 1, text: true, ends: set("help version h V"),
		long: `--shared --exclusive --unlock --nonblock --nb --timeout= --wait= --conflict-exit-code= --close --no-fork
			--command=:c --verbose --fcntl --start= --length=` + help},
	"ionice": {flags: "thV", values: "cnpPu", ends: set("help version h V p P u"),
		long: "--class= --classdata= --pid=:p --pgid=:P --uid=:u --ignore" + help},
	"chrt": {flags: "abdfiormRvhV", values: "TPDp", operands: 1, ends: set("help version h V p m"),
		long: `--all-tasks --batch --deadline --fifo --idle --other --rr --reset-on-fork --sched-runtime= --sched-period=
			--sched-deadline= --max:m --pid:p --verbose` + help},
	"taskset": {flags: "achV", values: "p", operands: 1, ends: set("help version h V p"),
		long: "--all-tasks --cpu-list --pid:p" + help},
	"prlimit": {flags: "hV", values: "po", optional: "cdefilmnqrstuvxy", ends: set("help version h V p pid"),
		long: `--pid= --output= --noheadings --raw --verbose --core --data --nice --fsize --sigpending --memlock --rss
			--nofile --msgqueue --rtprio --stack --cpu --nproc --as --locks --rttime` + help},
	"setarch": {flags: "BFILRSTXZv3hV", operands: 0, ends: set("help version h V list"),
		long: `--32bit --fdpic-funcptrs --short-inode --addr-compat-layout --addr-no-randomize --whole-seconds
			--sticky-timeouts --read-implies-exec --mmap-page-zero --3gb --4gb --uname-2.6 --verbose --list` + help},
	"setpriv": {flags: "dhV", ends: set("help version h V d dump list-caps"),
		long: `--nnp --no-new-privs --ambient-caps= --inh-caps= --bounding-set= --ruid= --euid= --rgid= --egid= --reuid=
			--regid= --clear-groups --keep-groups --init-groups --groups= --securebits= --pdeathsig= --selinux-label=
			--apparmor-profile= --reset-env --dump --list-caps` + help},
	"unshare": {roots: true, flags: "fchrV", optional: "mnpuiUCT", values: "SGRw", ends: set("help version h V"),
		long: `--mount --uts --ipc --net --pid --user --cgroup --time --fork --map-user= --map-group= --map-root-user
			--map-current-user --map-auto --map-users= --map-groups= --propagation= --setgroups= --keep-caps
			--mount-proc --kill-child --root=:R --wd= --setuid= --setgid= --monotonic= --boottime=` + help},
	"nsenter": {flags: "aFZhVe", optional: "mnpuiUCTrw", values: "tSG", ends: set("help version h V"),
		long:    "--all --target=" + help,
		foreign: "it starts in the namespaces of another process"},
	"sudo": {roots: true, flags: "AbBEHnPSNkKlvVeis", values: "CDghpRrtTuU", assigns: true,
		ends: set("help version K l v V e list edit"),
		long: `--askpass --background --bell --preserve-env --set-home --non-interactive --preserve-groups --stdin
			--close-from= --chdir=:D --group= --host= --prompt= --chroot=:R --user= --command-timeout= --list --edit
			--login --shell` + help},
	"doas": {flags: "Lns", values: "aCu", ends: set("L C")},
	"strace": {flags: "cCdfFhiknNqrtTvVwxyYzZ", values: "abeEIopPsSuUX", ends: set("h V help version p"),
		long: "--output= --follow-forks --seccomp-bpf" + help},
	"ltrace": {flags: "bcCfhiLrStTV", values: "aAeDFlnopsuwxX", ends: set("h V help version p"),
		long: "--output=" + help},
	"watch": {flags: "bcdegptxwChrv", values: "nqs", joins: true, ends: set("h v help version"),
		long: `--beep --color --no-color --differences --errexit --chgexit --interval= --no-title --exec:x --precise
			--no-wrap` + help},
	"fakeroot": {script: true, flags: "uhv", values: "lsib", ends: set("h v help version"),
		long: "--lib= --faked= --unknown-is-real" + help},
	"eatmydata":        {script: true},
	"dbus-run-session": {values: "", long: "--config-file= --dbus-daemon=" + help, ends: ends},
	"choom":            {values: "np", long: "--adjust= --pid=:p" + help, ends: set("help version p")},
	"linux32":          {flags: "BFILRSTXZv3", long: help, ends: ends},
	"linux64":          {flags: "BFILRSTXZv3", long: help, ends: ends},
}
