package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"sydbox/tracer/launch"
)

// readsOwn allows reading the system and the tree's own entries in /proc, and nothing else there.
func readsOwn(dir string) string {
	return "[read]\ndefault = \"deny\"\nallow = [\"/usr\", \"/bin\", \"/lib*\", \"/etc\", \"/dev\", \"$TREE\", " +
		strconv.Quote(dir) + "]\n"
}

// TestZombies: who has ended is shown to the tree until it is waited for, where its entries alone may be read, whether
// processes have the tracer's numbers or their own.
func TestZombies(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	binary, err := w.compile("../testdata/benign/zombies.c", variants["static"])
	if err != nil {
		t.Fatal(err)
	}
	for _, uid := range users() {
		t.Run(userName(uid), func(t *testing.T) { w.compareUnder(t, binary, uid, readsOwn(w.dir)) })
		t.Run("apart/"+userName(uid), func(t *testing.T) {
			needApart(t, w, uid)
			w.compareUnder(t, binary, uid, readsOwn(w.dir)+"[harden]\n"+apart+"\n")
		})
	}
}

// TestZombiesOutside: an outsider that has ended, and waits for its parent, is an outsider still.
func TestZombiesOutside(t *testing.T) {
	t.Parallel()
	w := newWorkshop(t)
	zombie := exec.Command("/bin/true")
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = zombie.Wait() }()
	if err := unix.Waitid(unix.P_PID, zombie.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(w.dir, "policy.toml")
	if err := os.WriteFile(policy, []byte("version = 1\nextends = [\"build\"]\n"+readsOwn(w.dir)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, entry := range []string{"stat", "status", "comm", "io", "task/" + strconv.Itoa(zombie.Process.Pid) + "/stat"} {
		path := fmt.Sprintf("/proc/%d/%s", zombie.Process.Pid, entry)
		read := job{argv: []string{"cat", path}, dir: "/tmp"}
		if got := read.run(t); got.status != 0 || got.stdout == "" {
			t.Fatalf("broken: %s cannot be read natively: %+v", path, got)
		}
		read.argv = append([]string{w.sydbox, "run", "-p", policy, "--"}, read.argv...)
		if got := read.run(t); got.stdout != "" || !strings.Contains(got.stderr, "sydbox: denied read "+path) {
			t.Errorf("ESCAPED: %s says %+v", path, got)
		}
	}
}

// TestZombiesNumber: the number of a process that the tree waits for while another of its threads reads its entry goes
// to an outsider at once. What is read is never the outsider's, though it is, natively.
func TestZombiesNumber(t *testing.T) {
	if unix.Access(lastNumber, unix.W_OK) != nil {
		t.Skip("numbers of processes cannot be chosen (CONFIG_CHECKPOINT_RESTORE and root, " + lastNumber + ")")
	}
	if !found().Has(featureGive) {
		t.Skip("opens are looked at when they have happened (level detects, before Linux 5.9): it wins, and is killed")
	}
	if os.Getenv(ownNumbers) == "" {
		againWithOwnNumbers(t)
		return
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		t.Fatal(err)
	}
	w := newWorkshop(t)
	binary, err := w.compile("../testdata/attacks/outsiders/zombie.c", variants["static"])
	if err != nil {
		t.Fatal(err)
	}
	policy := filepath.Join(w.dir, "policy.toml")
	if err := os.WriteFile(policy, []byte("version = 1\nextends = [\"build\"]\n"+readsOwn(w.dir)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, box := range [][]string{nil, {w.sydbox, "run", "-q", "-p", policy, "--"}} {
		r := raceForNumber(t, append(box, binary))
		switch {
		case r.taken == 0 || r.read == 0:
			t.Fatalf("broken: %v: %+v", box, r)
		case box == nil && r.outsider == 0:
			t.Fatalf("broken: natively the outsider is never seen: %+v", r)
		case box != nil && r.outsider != 0:
			t.Errorf("ESCAPED: the outsider was read: %+v", r)
		}
		t.Logf("%v: %+v", box, r)
	}
}

// ownNumbers is in the environment of a test that runs again in a PID namespace.
const ownNumbers = "SYDBOX_TEST_OWN_NUMBERS"

// againWithOwnNumbers runs the test in a PID namespace, whose init it is: elsewhere the numbers that it chooses would be
// those of processes that other tests have just seen the end of.
func againWithOwnNumbers(t *testing.T) {
	t.Helper()
	if err := launch.CanMake(launch.StepPIDs); err != nil {
		t.Skip(err)
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=30m")
	cmd.Env = append(os.Environ(), ownNumbers+"=1", "TRICK=") // which names none of this test
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("in a PID namespace: %v", err)
	}
	t.Logf("%s", out)
}

// lastNumber is the number that the kernel gave last: the next process gets the next that is free.
const lastNumber = "/proc/sys/kernel/ns_last_pid"

// numberRace is what came of such a race: how often the outsider got the number, how often the entry was read, and how
// often it was the outsider's.
type numberRace struct{ taken, read, outsider int }

// raceForNumber plays the outsider: it takes each number that the program is about to let go.
func raceForNumber(t *testing.T, argv []string) (r numberRace) {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = "/tmp"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for {
		var word string
		var number int
		if _, err := fmt.Fscan(stdout, &word, &number); err != nil {
			break
		}
		switch word {
		case "free":
			if takeNumber(number) {
				r.taken++
			}
			fmt.Fprintln(stdin)
		case "read":
			r.read = number
		case "outsider":
			r.outsider = number
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %v", argv, err)
	}
	return r
}

// takeNumber starts a process that has a number, if the kernel gives it that one.
func takeNumber(number int) bool {
	if err := os.WriteFile(lastNumber, []byte(strconv.Itoa(number-1)), 0); err != nil {
		return false
	}
	outsider := exec.Command("/bin/sleep", "0.01")
	if err := outsider.Start(); err != nil {
		return false
	}
	_ = outsider.Wait()
	return outsider.Process.Pid == number
}
