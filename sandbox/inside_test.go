package sandbox

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// apart are all namespaces but that of the network. An ordinary user's take one of users as well.
const apart = "pid_namespace = 'required'\nmount_namespace = 'required'\n" +
	"ipc_namespace = 'required'\nuts_namespace = 'required'"

// needApart skips a test where the kernel, or a sandbox around the test, gives this user no namespaces.
func needApart(t *testing.T, w *workshop, uid int) {
	t.Helper()
	r := w.runApart(t, uid, "apart", apart, nil, "true")
	if r.status == 125 && strings.Contains(r.stderr, "cannot m") {
		argv := []string{"unshare", "-m", "-p", "-f", "--mount-proc", "true"}
		if uid != 0 {
			argv = append([]string{"unshare", "-U", "-r"}, argv[1:]...)
		}
		if (&job{argv: argv, dir: w.dir, uid: uid}).run(t).status != 0 {
			t.Skip(r.stderr) // nor does unshare(1)
		}
	}
	if r.status != 0 {
		t.Fatalf("user %d: status %d\n%s", uid, r.status, r.stderr)
	}
}

// runApart runs a command under a policy with these keys of [harden], in a directory of that name.
func (w *workshop) runApart(t *testing.T, uid int, dir, harden string, flags []string, argv ...string) outcome {
	t.Helper()
	here := filepath.Join(w.dir, dir+"-"+userName(uid))
	freshDir(t, here, uid)
	policy := filepath.Join(w.dir, dir+"-"+userName(uid)+".toml")
	if err := os.WriteFile(policy, []byte("version = 1\n"+flagsOf(flags)+"[harden]\n"+harden+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	j := job{argv: append([]string{w.sydbox, "run", "-p", policy, "--"}, argv...), dir: here, uid: uid,
		env: []string{"A_SECRET=SECRET"}}
	return j.run(t)
}

// flagsOf are the lines of a policy before [harden].
func flagsOf(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// TestBenignApart: programs that do everyday things do not notice that their processes and mounts are their own.
func TestBenignApart(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		needApart(t, w, uid)
	}
	for _, name := range []string{
		"signals", "metadata", "links", "names", "threads", "exec_thread", "tmpfile", "umask", "members", "landlock",
		"net_unix", "net_waits", "orphans", "waits", "subreaper", "daemon", "kill_race", "stops", "leader_exit", "reopen",
		"posix_ipc", "sysv", "exits", "forks", "cwd_gone", "zombies",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			binary, err := w.compile("../testdata/benign/"+name+".c", variants["dynamic"])
			if err != nil {
				t.Fatal(err)
			}
			for _, uid := range users() {
				t.Run(userName(uid), func(t *testing.T) { w.compareUnder(t, binary, uid, "[harden]\n"+apart+"\n") })
			}
		})
	}
}

// TestAttacksApart: what the rules stop they stop in namespaces too, where paths are found in other mounts than the
// tracer's and processes have other numbers.
func TestAttacksApart(t *testing.T) {
	t.Parallel()
	h := newHeadquarters(t)
	for _, uid := range users() {
		needApart(t, h.workshop, uid)
		h.sample(t, uid, strings.Split(apart, "\n"),
			"paths", "links", "descriptors", "reads", "execs", "processes", "reach", "kernel")
	}
}

// innerTrick is a script that gets at something outside by what a namespace takes away. It writes the file "won" where
// it does: with the key it must not, without it it must. The file "done" says that the rest worked.
type innerTrick struct{ name, harden, lift, script string }

var innerTricks = []innerTrick{
	{
		name: "signal", harden: "pid_namespace = 'required'", lift: "outsiders",
		script: "kill -0 $VICTIM && : > won; sleep 9 & kill $!; wait $!; [ $? = 143 ] && : > done",
	},
	{
		name: "list", harden: "pid_namespace = 'required'\nmount_namespace = 'required'",
		script: "[ -e /proc/$VICTIM/stat ] && : > won; [ -e /proc/$$/stat ] && [ -r /proc/self/maps ] && : > done",
	},
	{
		name: "shared memory", harden: "ipc_namespace = 'required'",
		script: "ipcs -m | grep -q $SHM && : > won; id=$(ipcmk -M 4096) && ipcs -m | grep -q ${id##* } && ipcrm -m ${id##* } && " +
			": > done",
	},
	{
		name: "id", harden: "user_namespace = 'required'",
		script: "cut -c 1-33 /proc/self/uid_map | tr -s ' ' | grep -q 4294967295 && : > won; :; " +
			"grep -q 4294967295 /proc/self/uid_map && : > won; [ $(id -u) = $UID_OUTSIDE ] && : > done",
	},
	{
		name: "mount", harden: "mount_namespace = 'required'",
		script: "[ $(readlink /proc/self/ns/mnt) = $MOUNTS ] && : > won; : > done",
	},
	{
		name: "host name", harden: "uts_namespace = 'required'",
		script: "[ $(readlink /proc/self/ns/uts) = $NAMES ] && : > won; [ -n \"$(uname -n)\" ] && : > done",
	},
}

// TestInside plays each trick with and without its key.
func TestInside(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		needApart(t, w, uid)
		victim := (&exec.Cmd{Path: "/bin/sleep", Args: []string{"sleep", "600"}})
		victim.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: unix.SIGKILL, Credential: &syscall.Credential{
			Uid: uint32(uid), Gid: uint32(uid), NoSetGroups: os.Getuid() != 0}}
		runtime.LockOSThread() // the death signal is for the thread
		defer runtime.UnlockOSThread()
		if err := victim.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = victim.Process.Kill()
			_ = victim.Wait()
		}()
		const size = 4096
		shm, err := unix.SysvShmGet(unix.IPC_PRIVATE, size, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _, _ = unix.SysvShmCtl(shm, unix.IPC_RMID, nil) }()
		link := func(name string) string {
			text, err := os.Readlink("/proc/thread-self/ns/" + name)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		env := []string{fmt.Sprintf("VICTIM=%d", victim.Process.Pid), fmt.Sprintf("SHM=-e [[:space:]]%d[[:space:]]", shm),
			fmt.Sprintf("UID_OUTSIDE=%d", uid), "MOUNTS=" + link("mnt"), "NAMES=" + link("uts")}
		for _, trick := range innerTricks {
			t.Run(userName(uid)+"/"+trick.name, func(t *testing.T) {
				lift := "[harden]\nlandlock = 'off'\n[syscalls]\nallow = ['" + trick.lift + "']\n"
				if trick.lift == "" {
					lift = "[harden]\nlandlock = 'off'\n"
				}
				for _, key := range []string{"", trick.harden + "\n"} {
					here := filepath.Join(w.dir, "inside-"+userName(uid), trick.name, fmt.Sprint(len(key)))
					if err := os.MkdirAll(filepath.Dir(here), 0o755); err != nil {
						t.Fatal(err)
					}
					freshDir(t, here, uid)
					file := here + ".toml"
					text := "version = 1\n" + strings.Replace(lift, "'off'\n", "'off'\n"+key, 1)
					if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
					log := filepath.Join(here, "log")
					r := (&job{argv: []string{w.sydbox, "run", "-p", file, "--log", log, "--", "sh", "-c", trick.script}, dir: here,
						uid: uid, env: env}).run(t)
					_, won := os.Stat(filepath.Join(here, "won"))
					_, finished := os.Stat(filepath.Join(here, "done"))
					if (won == nil) != (key == "") || finished != nil || r.hung {
						t.Errorf("%q: won %v, done %v\n%s%s", key, won == nil, finished == nil, r.stdout, r.stderr)
					}
					for line := range strings.Lines(key) {
						name, _, _ := strings.Cut(line, " =")
						if p := primitiveOf(t, log, name); p.Status != "applied" {
							t.Errorf("%+v", p)
						}
					}
				}
			})
		}
	}
}

// TestInit: nobody inside gets at process 1, which reaps and ends with the last of them; what the command ends with is
// what is told.
func TestInit(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		needApart(t, w, uid)
		for i, c := range []struct {
			landlock, script string
			status           int
		}{
			{"preferred", "exit 7", 7},
			{"preferred", "kill -TERM $$", 143},
			{"preferred", "kill -KILL $$", 137},
			{"off", "for s in KILL STOP TERM INT HUP USR1 CHLD; do kill -$s 1 && exit 1; done; sleep 0.1; exit 7", 7},
			{"preferred", "for s in KILL STOP TERM INT HUP USR1; do kill -$s 1 && exit 1; done; sleep 0.1; exit 7", 7},
			{"off", "prlimit --pid 1 --cpu=0:0 && exit 1; renice 19 1 && exit 2; taskset -p 1 1 && exit 3; exit 7", 7},
			{"preferred", "for f in mem fd/0 fdinfo/0 root/etc; do head -c 1 /proc/1/$f && exit 1; done; " +
				"echo 1000 > /proc/1/oom_score_adj && exit 2; exit 7", 7},
			{"off", "echo 1000 > /proc/1/oom_score_adj && exit 2; grep -z SECRET /proc/1/environ && exit 1; " +
				"true > /proc/1/mem && exit 3; true > /proc/1/clear_refs && exit 4; exit 7", 7},
			{"preferred", "sleep 60 & kill -TERM -1; wait $!; [ $? = 143 ] && exit 7", 7},
			{"off", "sleep 60 & kill -TERM -1; wait $!; [ $? = 143 ] && exit 7", 7},
			{"off", "sleep 60 & trap ': > got' TERM; kill -TERM 0; wait; [ -e got ] && exit 7", 7},
			// Orphans go to process 1 and are reaped.
			{"preferred", "(sleep 0.05 & sleep 0.05 & :); sleep 0.3; " +
				"i=0; while grep -l '^State:.Z' /proc/[0-9]*/status; do i=$((i+1)); [ $i -lt 600 ] || exit 1; sleep 0.1; done; exit 7", 7},
			{"preferred", "(setsid sh -c 'sleep 0.1; grep -h ^PPid /proc/self/status > ppid; echo $PPID') & wait; exit 7", 7},
			// The run lasts until the last of them has ended.
			{"preferred", "(sleep 0.2; : > late) & exit 7", 7},
			{"preferred", "[ $$ != 1 ] && [ $PPID = 1 ] && exit 7", 7},
		} {
			flags := []string{"[syscalls]", "allow = []"}
			r := w.runApart(t, uid, fmt.Sprintf("init%d", i), apart+"\nlandlock = '"+c.landlock+"'", flags, "sh", "-c", c.script)
			if r.status != c.status || r.hung {
				t.Errorf("user %d, %s: status %d, hung: %v\n%s%s", uid, c.script, r.status, r.hung, r.stdout, r.stderr)
			}
			if _, err := os.Stat(filepath.Join(w.dir, fmt.Sprintf("init%d-%s", i, userName(uid)), "late")); err != nil &&
				strings.Contains(c.script, "late") {
				t.Errorf("user %d: the run was over too early: %v", uid, err)
			}
		}
	}
}

// TestInitDies: with sydbox dies all, whoever is nobody's child any more as well; what a terminal or a shell sends to
// the group of the command reaches it.
func TestInitDies(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		needApart(t, w, uid)
		for _, sig := range []syscall.Signal{unix.SIGKILL, unix.SIGINT, unix.SIGTERM} {
			here := filepath.Join(w.dir, fmt.Sprintf("dies-%d-%d", uid, sig))
			freshDir(t, here, uid)
			policy := here + ".toml"
			if err := os.WriteFile(policy, []byte("version = 1\n[harden]\n"+apart+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			const script = "(trap '' INT TERM; setsid sleep 601) & echo started; sleep 601"
			cmd := exec.Command(w.sydbox, "run", "-p", policy, "--", "sh", "-c", script)
			cmd.Dir = here
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: &syscall.Credential{
				Uid: uint32(uid), Gid: uint32(uid), NoSetGroups: os.Getuid() != 0}}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(out, make([]byte, len("started\n"))); err != nil {
				t.Fatal(err)
			}
			inside := descendants(cmd.Process.Pid)
			if len(inside) < 3 { // init, the shell, one that sleeps
				t.Errorf("only %v", inside)
			}
			target := -cmd.Process.Pid
			if sig == unix.SIGKILL {
				target = cmd.Process.Pid
			}
			if err := unix.Kill(target, sig); err != nil {
				t.Fatal(err)
			}
			if sig != unix.SIGKILL {
				time.Sleep(300 * time.Millisecond)
				_ = unix.Kill(cmd.Process.Pid, unix.SIGKILL) // one of its own session goes on
			}
			_ = cmd.Wait()
			for _, pid := range inside {
				for i := 0; alive(pid); i++ {
					if i == 6000 {
						t.Errorf("user %d, %v: process %d lives on", uid, sig, pid)
						_ = unix.Kill(pid, unix.SIGKILL)
						break
					}
					time.Sleep(10 * time.Millisecond)
				}
			}
		}
	}
}

// descendants are the living ones of a process.
func descendants(pid int) (list []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range tasks {
		text, _ := os.ReadFile(file)
		for _, word := range strings.Fields(string(text)) {
			if n, err := strconv.Atoi(word); err == nil {
				list = append(append(list, n), descendants(n)...)
			}
		}
	}
	return list
}

func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

// TestInsideLevels: where a namespace, or its procfs, cannot be had, required does not start, and says why in a line;
// preferred goes on, and /proc and a process's own number agree.
func TestInsideLevels(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can make these restrictions")
	}
	w := newWorkshop(t)
	needApart(t, w, 0)
	for i, c := range []struct{ restrict, key, want, says string }{
		{"mount -t tmpfs none /proc/fs", "pid_namespace", "private_proc", "cannot mount a procfs"},
		{"echo 0 > /proc/sys/user/max_pid_namespaces", "pid_namespace", "pid_namespace", "max_pid_namespaces is 0"},
		{"echo 0 > /proc/sys/user/max_mnt_namespaces", "mount_namespace", "mount_namespace", "max_mnt_namespaces is 0"},
		{"echo 0 > /proc/sys/user/max_ipc_namespaces", "ipc_namespace", "ipc_namespace", "max_ipc_namespaces is 0"},
		{"echo 0 > /proc/sys/user/max_uts_namespaces", "uts_namespace", "uts_namespace", "max_uts_namespaces is 0"},
		{"echo 0 > /proc/sys/user/max_user_namespaces", "user_namespace", "user_namespace", "max_user_namespaces is 0"},
	} {
		for _, level := range []string{"required", "preferred"} {
			here := filepath.Join(w.dir, fmt.Sprintf("levels%d-%s", i, level))
			freshDir(t, here, 0)
			text := "version = 1\n[harden]\n"
			for _, key := range []string{"pid_namespace", "mount_namespace", "ipc_namespace", "uts_namespace", "user_namespace"} {
				text += key + " = '" + level + "'\n"
			}
			if err := os.WriteFile(here+".toml", []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			// The kernel asks of a new procfs only where the mounts are another user namespace's.
			script := c.restrict + " && exec " + w.sydbox + " run --log log -p " + here +
				".toml -- sh -c '[ -e /proc/$$/stat ] && [ -r /proc/self/stat ] && echo fine'"
			argv := []string{"unshare", "-U", "-r", "-m", "-p", "-f", "--mount-proc", "sh", "-c", script}
			r := (&job{argv: argv, dir: here}).run(t)
			if level == "required" {
				if r.status != 125 || !strings.Contains(r.stderr, c.says) || r.stdout != "" {
					t.Errorf("%s: status %d\n%s%s", c.restrict, r.status, r.stdout, r.stderr)
				}
				continue
			}
			if r.status != 0 || r.stdout != "fine\n" {
				t.Errorf("%s: status %d\n%s%s", c.restrict, r.status, r.stdout, r.stderr)
				continue
			}
			for _, name := range []string{c.key, c.want} {
				if p := primitiveOf(t, filepath.Join(here, "log"), name); p.Status != "failed" || p.Reason == "" || p.Errno == "" {
					t.Errorf("%s: %+v", c.restrict, p)
				}
			}
		}
	}
}
