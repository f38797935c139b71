package sandbox

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/event"
)

// escape gets something that a primitive of hardening takes away: the file "won". All primitives that go together are on,
// and nothing else denies it.
type escape struct {
	name string
	// needs are the primitives, by their names in the log, without all of which it wins.
	needs []string
	// who can make it: "root", "user", or anybody.
	who    string
	script string
	// set replaces lines of the policy by their keys; more is added to it.
	set  map[string]string
	more string
	// cannot says why this machine does not show it; "" if it does.
	cannot func(*testing.T) string
	// won judges by what came out, instead of the file.
	won func(outcome) bool
}

var escapes = []escape{
	{name: "somebody else's program", needs: []string{"no_new_privs", "capabilities"}, who: "root",
		set:    map[string]string{"user_namespace": `"off"`},
		script: "cp $ESCAPE suid; chown 4711 suid && chmod 4755 suid; [ $(./suid euid) = 4711 ] && : > won",
		cannot: mountedNosuid},
	{name: "giving away", needs: []string{"capabilities"}, who: "root",
		set: map[string]string{"user_namespace": `"off"`}, script: ": > f; chown 4711 f && : > won"},
	{name: "others may read", needs: []string{"umask"}, script: ": > f; case $(stat -c %a f) in *00) ;; *) : > won;; esac"},
	{name: "an open file", needs: []string{"descriptors"}, script: "cat <&3 > f && [ -s f ] && : > won"},
	{name: "a token", needs: []string{"env"}, script: "case $A_TOKEN in hunter2) : > won;; esac"},
	{name: "a large file", needs: []string{"limit_fsize"}, set: map[string]string{"limit_fsize": `"64K"`},
		script: "(ulimit -H -f 1000000; ulimit -S -f 1000000); dd if=/dev/zero of=f bs=1K count=100; " +
			"[ $(stat -c %s f) -gt 65536 ] && : > won"},
	{name: "many files", needs: []string{"limit_nofile"}, set: map[string]string{"limit_nofile": "9"},
		script: "ulimit -n 100; tee a b c d e f g h i j < /dev/null && : > won"},
	{name: "much memory", needs: []string{"limit_as"}, set: map[string]string{"limit_as": `"100M"`},
		script: "ulimit -v unlimited; dd if=/dev/zero of=/dev/null bs=200M count=1 && : > won"},
	{name: "much time", needs: []string{"limit_cpu"}, set: map[string]string{"limit_cpu": `"1s"`},
		script: "ulimit -H -t 1000; $ESCAPE burn 4000 && : > won"},
	{name: "many processes", needs: []string{"limit_nproc"}, who: "user", set: map[string]string{"limit_nproc": "40"},
		script: "$ESCAPE crowd 60 && : > won"},
	{name: "a core file", needs: []string{"limit_core"}, more: "[syscalls]\nallow = [\"core\"]\n", // which keeps it away, too
		script: "ulimit -c 1000 && : > won", cannot: noCoreFiles},
	{name: "a server of this machine", needs: []string{"network_namespace"}, script: "$ESCAPE call $PORT && : > won"},
	{name: "rights of root", needs: []string{"user_namespace"}, who: "root", // others need it for the others
		script: "grep -q 4294967295 /proc/self/uid_map && : > won"},
	{name: "whether a number is taken", needs: []string{"pid_namespace"},
		script: "kill -0 $OUTSIDER 2>&1 | grep -q 'No such process' || : > won"},
	{name: "a process of this machine", needs: []string{"private_proc"}, script: seesOutsider},
	{name: "the machine's own proc", needs: []string{"mount_namespace"}, script: seesOutsider},
	{name: "what is read-only", needs: []string{"read_only"}, script: ": > fixed/won; cp fixed/won . && : > won"},
	{name: "what is elsewhere", needs: []string{"root"}, script: "[ -d /var/lib ] && : > won"},
	{name: "what is hidden", needs: []string{"hide"}, script: "[ \"$(cat secret/file)\" = secret ] && : > won"},
	{name: "a shared memory", needs: []string{"ipc_namespace"},
		script: "grep -q -E \"^ *-?[0-9]+ +$SEGMENT \" /proc/sysvipc/shm && : > won"},
	{name: "the host's name", needs: []string{"uts_namespace"},
		script: "[ $(readlink /proc/self/ns/uts) = $NAMES ] && : > won"},
	{name: "somebody's memory", needs: []string{"ipc_namespace", "deny_list"}, script: "$ESCAPE segment $SEGMENT && : > won"},
	{name: "a mount", needs: []string{"mount_namespace", "capabilities", "user_namespace"}, who: "root",
		more: "[syscalls]\nallow = [\"mount\"]\n", script: "mkdir d; mount -t tmpfs none d && : > d/won"},
	{name: "a long life", needs: []string{"timeout"}, set: map[string]string{"timeout": `"1s"`, "grace": `"100ms"`},
		script: "trap '' TERM HUP; sleep 12; sleep 1; : > won"},
	{name: "much to say", needs: []string{"output"}, set: map[string]string{"output": "1000"},
		script: "head -c 3000 /dev/zero; head -c 3000 /dev/zero >&2",
		won:    func(r outcome) bool { return strings.Count(r.stdout+r.stderr, "\x00") > 1000 }},
	{name: "a file elsewhere", needs: []string{"seccomp", "landlock"}, script: ": > $PWD-out/won"},
}

// seesOutsider looks for the process that tests.
const seesOutsider = "[ -e /proc/$OUTSIDER/stat ] && : > won"

// every has a line for each primitive that can be asked for, so that all are on: the key, and a value that is in nobody's
// way.
var every = map[string]string{
	"no_new_privs": `"required"`, "landlock": `"required"`, "network_namespace": `"required"`,
	"user_namespace": `"required"`, "pid_namespace": `"required"`, "mount_namespace": `"required"`,
	"read_only": `["$PWD/fixed"]`, "hide": `["$PWD/secret"]`,
	"ipc_namespace": `"required"`, "uts_namespace": `"required"`,
	"capabilities": `"required"`, "descriptors": `"required"`, "umask": `"077"`, "deny_calls": `["@sysv-ipc"]`,
	"pinning": `"preferred"`, "limit_cpu": `"10m"`, "limit_as": `"1T"`, "limit_nofile": "1000", "limit_fsize": `"1G"`,
	"limit_core": "0", "limit_nproc": "5000",
	"timeout": `"1h"`, "grace": `"1s"`, "output": `"1M"`, // of [run]
}

func mountedNosuid(t *testing.T) string {
	var st unix.Statfs_t
	if err := unix.Statfs(os.TempDir(), &st); err == nil && st.Flags&unix.ST_NOSUID != 0 {
		return "programs in " + os.TempDir() + " do not change their user"
	}
	return ""
}

func noCoreFiles(t *testing.T) string {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		t.Fatal(err)
	}
	const blocks, size = 1000, 512 // of what the escape asks ulimit for
	if limit.Max < blocks*size {
		return "core files have a limit already"
	}
	return ""
}

// TestPrimitiveAblation: each escape wins without a box and in one without the primitives that it needs off; with all on,
// or with any of those, it does not, and the log says that the primitive was applied. Which primitives there are says the
// log, in which every run tells of each of them. One that no escape, and no attack of TestAblation, needs fails the test.
func TestPrimitiveAblation(t *testing.T) {
	t.Parallel()
	p := newPrison(t)
	shown := map[string]bool{}
	var told []event.Primitive
	for _, uid := range users() {
		told = p.full(t, uid)
	}
	t.Run("escapes", func(t *testing.T) {
		for i := range escapes {
			e := &escapes[i]
			for _, name := range e.needs {
				shown[name] = true
			}
			for _, uid := range users() {
				if e.who == "root" && uid != 0 || e.who == "user" && uid == 0 {
					continue
				}
				t.Run(strings.ReplaceAll(e.name, " ", "_")+"/"+userName(uid), func(t *testing.T) {
					t.Parallel()
					if e.cannot != nil && e.cannot(t) != "" {
						t.Skip(e.cannot(t))
					}
					p.ablate(t, e, uid)
				})
			}
		}
	})
	rows := (&matrix{}).rows()
	for _, primitive := range told {
		if name := primitive.Name; !shown[name] && !slices.Contains(rows, name) {
			t.Errorf("no escape needs %q: is it good for anything?", name)
		}
	}
	for name := range shown {
		if !slices.ContainsFunc(told, func(p event.Primitive) bool { return p.Name == name }) {
			t.Errorf("no run tells of %q", name)
		}
	}
	if got := primitives(); len(got) != len(told) {
		t.Errorf("%d primitives, and %d are told of: %v", len(got), len(told), told)
	}
}

// prison is what all runs share.
type prison struct {
	*workshop
	ablatedBox, helper string
	port               int
	segment            int    // of System V shared memory
	names              string // the UTS namespace
	runs               atomic.Int64
}

func newPrison(t *testing.T) *prison {
	t.Helper()
	p := &prison{workshop: newWorkshop(t)}
	p.ablatedBox = p.ablated(t)
	var err error
	if p.helper, err = p.compile("../testdata/harden/escape.c", variants["static"]); err != nil {
		t.Fatal(err)
	}
	if p.names, err = os.Readlink("/proc/self/ns/uts"); err != nil {
		t.Fatal(err)
	}
	const size = 4096
	if p.segment, err = unix.SysvShmGet(unix.IPC_PRIVATE, size, 0o666); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.SysvShmCtl(p.segment, unix.IPC_RMID, nil) })
	server, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	p.port = server.Addr().(*net.TCPAddr).Port
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("hello")) // whoever hangs up has not won
			c.Close()
		}
	}()
	return p
}

// boxed is how a run went.
type boxed struct {
	outcome
	won        bool
	primitives []event.Primitive
}

// run runs an escape in a directory of its own: without a box where off is nil, else with these primitives off. Each run
// of somebody else than root has a user of its own, whose processes are counted.
func (p *prison) run(t *testing.T, e *escape, uid int, off []string) boxed {
	t.Helper()
	n := int(p.runs.Add(1))
	if os.Getuid() == 0 && uid != 0 {
		const first = 62000 // others than those of ordeal.alone
		uid = first + n
	}
	here := filepath.Join(p.dir, fmt.Sprint("run", n))
	freshDir(t, here, uid)
	freshDir(t, here+"-out", uid)
	freshDir(t, here+"/fixed", uid)
	freshDir(t, here+"/secret", uid)
	if err := os.WriteFile(here+"/secret/file", []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	secret := here + "-secret"
	if err := os.WriteFile(secret, []byte("secret\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(secret)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	j := job{argv: []string{"sh", "-c", e.script}, dir: here, uid: uid, files: []*os.File{file},
		env: []string{"A_TOKEN=hunter2", "ESCAPE=" + p.helper, fmt.Sprint("PORT=", p.port),
			fmt.Sprint("OUTSIDER=", os.Getpid()), fmt.Sprint("SEGMENT=", p.segment), "NAMES=" + p.names,
			"SYDBOX_ABLATE=" + strings.Join(off, " ")}}
	defer func() { _ = unix.Unmount(here+"/d", unix.MNT_DETACH) }() // most mount nothing there
	log := here + "-log"
	if off != nil {
		if err := os.WriteFile(log, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		own(t, log, uid)
		j.argv = append([]string{p.ablatedBox, "run", "--log", log, "-p", p.policy(t, e, here, uid), "--"}, j.argv...)
	}
	r := boxed{outcome: j.run(t)}
	if r.hung {
		t.Errorf("it hangs\n%s", r.stderr)
	}
	if off != nil {
		r.primitives = toldOf(t, log)
	}
	for _, name := range []string{here + "/won", here + "/d/won", here + "-out/won"} {
		_, err := os.Stat(name)
		r.won = r.won || err == nil
	}
	if e.won != nil {
		r.won = e.won(r.outcome)
	}
	return r
}

// policy writes the policy with everything on.
func (p *prison) policy(t *testing.T, e *escape, here string, uid int) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "version = 1\nextends = []\n[write]\nallow = [%q, \"/dev/null\"]\n[connect]\nallow = [\"loopback\"]\n", here)
	b.WriteString("[env]\ndeny = [\"*_TOKEN\"]\n" + e.more + "[harden]\n")
	run := "[run]\n"
	for key, value := range every {
		if set, ok := e.set[key]; ok {
			value = set
		}
		switch {
		case key == "limit_nproc" && uid == 0: // nobody can limit those of root
		case slices.Contains([]string{"timeout", "grace", "output"}, key):
			run += key + " = " + value + "\n"
		default:
			b.WriteString(key + " = " + value + "\n")
		}
	}
	b.WriteString("root = " + somewhere(p.dir) + "\n")
	file := here + ".toml"
	if err := os.WriteFile(file, []byte(b.String()+run), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// somewhere is a list of paths that programs need, as far as there are such, and more.
func somewhere(more ...string) string {
	var list []string
	for _, path := range append([]string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc"}, more...) {
		if _, err := os.Stat(path); err == nil || path == "$PWD" {
			list = append(list, path)
		}
	}
	return fmt.Sprintf("[\"%s\"]", strings.Join(list, `", "`))
}

// toldOf is what the first line of a log says.
func toldOf(t *testing.T, log string) []event.Primitive {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	e, err := event.Parse([]byte(first))
	h, ok := e.(*event.Hardening)
	if !ok {
		t.Fatalf("%q: %v", first, err)
	}
	return h.Primitives
}

// full shows that all primitives are on, and that a program works with them; it returns what was told.
func (p *prison) full(t *testing.T, uid int) []event.Primitive {
	t.Helper()
	r := p.run(t, &escape{script: ": > f && mkdir d && mv f d && cat d/f && (sh -c 'exit 0') && : > won"}, uid, []string{})
	if !r.won || r.status != 0 {
		t.Errorf("a program that means well does not work with everything on: status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	for _, o := range r.primitives {
		if o.Status != "applied" && (o.Name != "limit_nproc" || uid != 0) {
			t.Errorf("not everything is on, as user %d: %+v", uid, o)
		}
	}
	return r.primitives
}

// ablate shows what the primitives are good for that an escape needs off.
func (p *prison) ablate(t *testing.T, e *escape, uid int) {
	t.Helper()
	if r := p.run(t, e, uid, nil); !r.won {
		t.Errorf("without a box it does not win: status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	r := p.run(t, e, uid, []string{})
	if r.won {
		t.Errorf("it ESCAPED: status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	for _, name := range e.needs {
		if !slices.ContainsFunc(r.primitives, func(o event.Primitive) bool { return o.Name == name && o.Status == "applied" }) {
			t.Errorf("%s is what stops it, and is not said to be applied: %+v", name, r.primitives)
		}
	}
	r = p.run(t, e, uid, e.needs)
	if !r.won {
		t.Errorf("it does not win without %v: it is contained by something else, status %d\n%s%s", e.needs, r.status,
			r.stdout, r.stderr)
	}
	for _, name := range e.needs {
		rest := slices.DeleteFunc(slices.Clone(e.needs), func(other string) bool { return other == name })
		if len(rest) == 0 {
			continue // the full box
		}
		if r := p.run(t, e, uid, rest); r.won {
			t.Errorf("it wins although %s is on: status %d\n%s%s", name, r.status, r.stdout, r.stderr)
		}
	}
}
