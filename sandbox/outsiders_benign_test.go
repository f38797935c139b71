package sandbox

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
	"sydbox/tracer"
)

// Where no Landlock keeps signals inside, all of them stop, and some are sent by the tracer. Programs must not notice:
// neither with System V IPC nor under a policy that lets tasks have namespaces of their own.
func TestMembersWithoutLandlock(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, program := range []string{"members", "signals", "stops", "terminal", "waits", "timers", "kill_race", "subreaper"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			binary, err := w.compile("../testdata/benign/"+program+".c", variants["dynamic"])
			if err != nil {
				t.Fatal(err)
			}
			for _, uid := range users() {
				t.Run(userName(uid), func(t *testing.T) { w.compareUnder(t, binary, uid, tracerAlone) })
				t.Run("namespaces/"+userName(uid), func(t *testing.T) {
					w.compareUnder(t, binary, uid, tracerAlone+"[syscalls]\nallow = [\"userns\"]\n")
				})
			}
		})
	}
}

// Nor where they were born into a PID namespace of their own: the kernel replaces by 0 whom the tracer's signals are from.
func TestMembersApartWithoutLandlock(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	for _, uid := range users() {
		needApart(t, w, uid)
	}
	for _, program := range []string{"members", "signals", "stops", "waits", "kill_race", "subreaper"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			binary, err := w.compile("../testdata/benign/"+program+".c", variants["dynamic"])
			if err != nil {
				t.Fatal(err)
			}
			for _, uid := range users() {
				t.Run(userName(uid), func(t *testing.T) { w.compareUnder(t, binary, uid, tracerAlone+apart+"\n") })
			}
		})
	}
}

// What is allowed costs nothing on the heap: a member, oneself, a whole group.
func TestMembersAllocateNothing(t *testing.T) {
	me := unix.Getpid()
	b := &box{guarded: true}
	task := &tracer.Task{TID: me, Process: &tracer.Process{TGID: me, Tasks: 1}}
	b.members = newMembers(&b.proc)
	b.members.add(task)
	pidfd, err := unix.PidfdOpen(me, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pidfd)
	group, err := unix.Getpgid(0)
	if err != nil {
		t.Fatal(err)
	}
	id := func(n int) uint64 { return uint64(uint32(n)) }
	for _, c := range []struct {
		call string
		args [6]uint64
		want tracer.ActionKind
	}{
		{"kill", [6]uint64{id(me), 0}, tracer.Continue},
		{"kill", [6]uint64{0, 0}, tracer.Return},
		{"kill", [6]uint64{id(-group), 0}, tracer.Return},
		{"kill", [6]uint64{id(-1), 0}, tracer.Return},
		{"kill", [6]uint64{id(-1), 999}, tracer.Continue},
		{"tgkill", [6]uint64{id(me), id(me), 0}, tracer.Continue},
		{"pidfd_send_signal", [6]uint64{id(pidfd), 0}, tracer.Return},
		{"setpriority", [6]uint64{0, id(me), 0}, tracer.Continue},
		{"sched_setaffinity", [6]uint64{id(me)}, tracer.Continue},
		{"prlimit64", [6]uint64{id(me), 7, 1}, tracer.Continue},
		{"fcntl", [6]uint64{0, 8, id(me)}, tracer.Continue},
	} {
		inv := syscalls.Invocation{ABI: arch.Native()[0], Call: syscalls.ByName(c.call), Args: c.args}
		judge := taskCalls[inv.Call]
		var got tracer.Action
		if n := testing.AllocsPerRun(20, func() { got = judge(b, task, &inv) }); n != 0 {
			t.Errorf("%s%v: %v allocations", c.call, c.args, n)
		}
		if got.Kind != c.want || got.Value != 0 {
			t.Errorf("%s%v: %+v, want kind %d", c.call, c.args, got, c.want)
		}
	}
}

func TestTaskStatus(t *testing.T) {
	var s taskStatus
	s.parse([]byte("Name:\ta\\n: b\nUmask:\t0022\nState:\tZ (zombie)\nTgid:\t12\nNgid:\t0\nPid:\t13\nPPid:\t1\n" +
		"TracerPid:\t77\nUid:\t1\t2\t3\t4\nGid:\t5\t5\t5\t5\nNSpid:\t13\t7\t1\nThreads:\t1\nCapEff:\t00000000000000a0\nCut:\t9"))
	want := taskStatus{state: 'Z', tgid: 12, parent: 1, tracer: 77, threads: 1, innermost: 1, uid: 1, euid: 2, suid: 3, caps: 0xa0}
	if s != want || !s.dead() {
		t.Errorf("%+v, want %+v", s, want)
	}
	s.parse([]byte("State:\tS (sleeping)\nTgid:\t12\nCapEff:\t00000000000000"))
	if want := (taskStatus{state: 'S', tgid: 12, uid: unknownID, euid: unknownID, suid: unknownID}); s != want {
		t.Errorf("cut off: %+v, want %+v", s, want)
	}
	var p procfs
	if errno := p.status(os.Getpid(), &s); errno != 0 || s.tgid != os.Getpid() || s.euid != uint32(os.Geteuid()) || s.dead() {
		t.Errorf("one's own: %v, %+v", errno, s)
	}
	if errno := p.status(1<<30, &s); errno != unix.ENOENT {
		t.Errorf("nobody's: %v", errno)
	}
}

// The first line of a status is the task's own choice, and says nothing about the rest.
func FuzzTaskStatus(f *testing.F) {
	const rest = "State:\tS (sleeping)\nTgid:\t12\nTracerPid:\t0\nUid:\t1\t2\t3\t4\nThreads:\t1\nCapEff:\t00000000000000a0\n"
	var want taskStatus
	want.parse([]byte(rest))
	f.Add("sh")
	f.Add("Uid:\t0\t0\t0\t0")
	f.Add("TracerPid:\t77")
	f.Fuzz(func(t *testing.T, name string) {
		var s taskStatus
		s.parse([]byte(name)) // whatever it is
		s.parse([]byte("Name:\t" + strings.ReplaceAll(name, "\n", "\\n") + "\n" + rest))
		if s != want {
			t.Errorf("%q: %+v, want %+v", name, s, want)
		}
	})
}

// Who may signal whom is what kill(2) says.
func TestSenderMay(t *testing.T) {
	from := func(uid, euid uint32, caps uint64) *sender {
		return &sender{tgid: 5, status: taskStatus{tgid: 5, uid: uid, euid: euid, caps: caps}}
	}
	to := func(uid, suid uint32) *taskStatus { return &taskStatus{tgid: 9, uid: uid, suid: suid} }
	for _, c := range []struct {
		from *sender
		to   *taskStatus
		want bool
	}{
		{from(1, 1, 0), to(1, 1), true},
		{from(1, 1, 0), to(2, 2), false},
		{from(1, 2, 0), to(2, 3), true}, // effective against real
		{from(1, 2, 0), to(3, 2), true},
		{from(1, 2, 0), to(1, 3), true},
		{from(1, 2, 0), to(3, 1), true},
		{from(0, 0, 0), to(1, 1), false}, // root without its capabilities
		{from(0, 0, capKill), to(1, 1), true},
		{from(1, 1, ^uint64(capKill)), to(2, 2), false},
		{from(1, 1, 0), &taskStatus{tgid: 5, uid: 2, suid: 2}, true}, // its own process
	} {
		if got := c.from.may(unix.SIGTERM, -1, c.to); got != c.want {
			t.Errorf("%+v to %+v: %t", c.from.status, c.to, got)
		}
	}
}

// Of an outsider's entries those are kept from readers that the kernel keeps from them too.
func TestPrivateEntries(t *testing.T) {
	for path, want := range map[string]bool{
		"/proc/7": false, "/proc/7/": false, "/proc/7/stat": false, "/proc/7/cmdline": false, "/proc/7/task": false,
		"/proc/7/environ": true, "/proc/7/mem": true, "/proc/7/fd": true, "/proc/7/fd/3": true, "/proc/7/task/8": false,
		"/proc/7/task/8/environ": true, "/proc/7/task/8/fd/3": true, "/proc/7/task/8/stat": false, "/proc/7/map_files/1-2": true,
		"/proc/7/net/maps": false,
	} {
		if got := private([]byte(path)); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
	path := []byte("/proc/7/task/8/environ")
	if n := testing.AllocsPerRun(20, func() { private(path) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Where tasks may have PID namespaces of their own, the numbers they give are those of theirs.
func TestMembersInNamespaces(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	const script = `
sleep 60 & kill $!; wait $!; echo job $?
kill -9 7777 2>/dev/null; echo nobody $?
setsid -w sh -c 'sleep 60 & kill -TERM -$$'; echo session $?
setsid -w sh -c "trap 'echo heard' USR1; kill -USR1 0; echo group \$?"
kill -0 1; echo init $?
sleep 60 & kill -KILL -1; wait $!; echo everybody $?`
	policy := w.dir + "/namespaces.toml"
	text := freePolicy + "[syscalls]\nallow = [\"userns\"]\n" + tracerAlone
	if err := os.WriteFile(policy, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, uid := range users() {
		nested := []string{"unshare", "--user", "--map-root-user", "--pid", "--fork", "sh", "-c", script}
		native := job{argv: nested, dir: "/", uid: uid}
		want := native.run(t)
		if want.status != 0 && strings.Contains(want.stderr, "unshare: ") {
			t.Logf("not applicable: %s", want.stderr)
			continue
		}
		boxed := job{argv: append([]string{w.sydbox, "run", "-p", policy, "--"}, nested...), dir: "/", uid: uid}
		if got := boxed.run(t); got.stdout != want.stdout || got.status != want.status || strings.Contains(got.stderr, "sydbox") {
			t.Errorf("%s: it ends with %d, natively with %d:\n%s\n%s", userName(uid), got.status, want.status,
				diff(want.stdout, got.stdout), got.stderr)
		}
	}
}
