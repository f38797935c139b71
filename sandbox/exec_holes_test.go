package sandbox

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// holes are the programs of testdata/multicall/holes.c: the one that may run, the one that may not, and what tries.
type holes struct {
	*workshop
	good, evil, attacker string
}

func newHoles(t *testing.T) *holes {
	t.Helper()
	h := &holes{workshop: newWorkshop(t)}
	build := func(name string, flags ...string) string {
		binary, err := h.compile("../testdata/multicall/holes.c", variant{name, append(flags, "-static")})
		if err != nil {
			t.Fatal(err)
		}
		return binary
	}
	h.attacker, h.good, h.evil = build("static"), build("good", "-DGOOD"), build("evil", "-DEVIL")
	var size int64
	for _, path := range []string{h.good, h.evil} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		size = max(size, info.Size())
	}
	for _, path := range []string{h.good, h.evil} {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// site makes a directory with the two programs in it. mode is evil's.
func (h *holes) site(t *testing.T, dir string, uid int, mode os.FileMode) {
	t.Helper()
	freshDir(t, dir, uid)
	for name, from := range map[string]string{"x": h.good, "evil": h.evil} {
		path := filepath.Join(dir, name)
		copyFile(t, from, path, 0o755)
		own(t, path, uid)
	}
	if err := os.Chmod(filepath.Join(dir, "evil"), mode); err != nil {
		t.Fatal(err)
	}
}

// boxed is the same job in the box, where evil is denied.
func (h *holes) boxed(t *testing.T, j job) job {
	t.Helper()
	policy := filepath.Join(h.dir, "policy.toml")
	text := fmt.Sprintf("version = 1\nextends = []\n[write]\ndefault = \"allow\"\n[exec]\ndeny = [%q]\n", h.evil)
	if err := os.WriteFile(policy, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	j.argv = append([]string{h.sydbox, "run", "-q", "-p", policy, "--"}, j.argv...)
	return j
}

// plainUser is somebody who is not root.
func plainUser() int { return users()[len(users())-1] }

// sharedMemory is where most machines have a tmpfs, and whether programs can be run there.
func sharedMemory() (string, bool) {
	const dir = "/dev/shm"
	var st unix.Statfs_t
	err := unix.Statfs(dir, &st)
	return dir, err == nil && st.Type == unix.TMPFS_MAGIC && st.Flags&unix.ST_NOEXEC == 0
}

// TestExecHolesMapping: a program is not what it was when it was looked at, and nothing about the file but its content
// tells.
func TestExecHolesMapping(t *testing.T) {
	h := newHoles(t)
	places := map[string]string{"temporary": h.dir}
	if dir, ok := sharedMemory(); ok {
		shm, err := os.MkdirTemp(dir, "sydbox-suite-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { removeAll(t, shm) })
		if err := os.Chmod(shm, 0o755); err != nil {
			t.Fatal(err)
		}
		places["tmpfs"] = shm
	}
	uid := plainUser()
	for name, place := range places {
		for _, way := range []string{"busy", "dirty"} {
			t.Run(name+"/"+way, func(t *testing.T) {
				j := job{argv: []string{h.attacker, way}, dir: filepath.Join(place, way), uid: uid}
				h.site(t, j.dir, uid, 0o755)
				native := j.run(t)
				if n := wins(t, j.dir); native.status != 0 || n != 1 {
					t.Fatalf("no win without the box: %d, status %d, %s", n, native.status, native.stderr)
				}
				j.dir += "-boxed"
				h.site(t, j.dir, uid, 0o755)
				j = h.boxed(t, j)
				boxed := j.run(t)
				if n := wins(t, j.dir); n != 0 {
					t.Errorf("the denied program ran")
				}
				// All steps before the last one worked, and that was refused.
				if boxed.status != 200+int(syscall.EACCES) {
					t.Errorf("status %d\n%s", boxed.status, boxed.stderr)
				}
			})
		}
	}
}

// swapTries is how often a program is run that is being swapped.
const swapTries = "400"

// swap runs an attack that swaps programs, in a place made anew for each round.
func (h *holes) swap(t *testing.T, way string, uid int, mode os.FileMode) {
	t.Helper()
	j := job{argv: []string{h.attacker, way, swapTries}, uid: uid}
	secondLook(t, j, h.boxed(t, j), func(round string) string {
		dir := filepath.Join(h.dir, round)
		h.site(t, dir, uid, mode)
		return dir
	})
}

// secondLook runs an attack that swaps programs, without the box and in it, until the first look has let through what
// the second one stopped. place makes the directory of a round. On a busy machine the swapper may not have its turn in
// time: then there is another round.
func secondLook(t *testing.T, j, boxed job, place func(round string) string) {
	t.Helper()
	var won int64
	for round := 0; round < maxRounds && won == 0; round++ {
		j.dir = place(fmt.Sprint("native-", round))
		native := j.run(t)
		if native.status != 0 {
			t.Fatalf("status %d without the box, %s%s", native.status, native.stdout, native.stderr)
		}
		won = wins(t, j.dir)
	}
	if won == 0 {
		t.Fatal("no wins without the box")
	}
	var succeeded, refused, killed, otherwise int
	for round := 0; round < maxRounds && (succeeded == 0 || killed == 0); round++ {
		boxed.dir = place(fmt.Sprint("boxed-", round))
		r := boxed.run(t)
		if n := wins(t, boxed.dir); n != 0 {
			t.Fatalf("the denied program ran %d times: %s", n, r.stdout)
		}
		if _, err := fmt.Sscanf(r.stdout, "%d succeeded, %d refused, %d killed, %d otherwise", &succeeded, &refused,
			&killed, &otherwise); err != nil || r.status != 0 {
			t.Fatalf("status %d, %s: %v\n%s", r.status, r.stdout, err, r.stderr)
		}
		t.Log(strings.TrimSpace(r.stdout))
	}
	if succeeded == 0 || killed == 0 {
		t.Error("the second look was never needed: no race was run")
	}
}

// TestExecHolesUnreadable: what the kernel has loaded cannot be looked at if its user may not read it, as if the process
// were gone.
func TestExecHolesUnreadable(t *testing.T) {
	newHoles(t).swap(t, "swap", plainUser(), 0o111)
}

// TestExecHolesPlanted: in a root of its own a program can put anything in the place of /proc/self/exe.
func TestExecHolesPlanted(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("chroot needs root")
	}
	newHoles(t).swap(t, "plant", 0, 0o755)
}

// TestExecHolesMemory: the memory of an outsider is not read.
func TestExecHolesMemory(t *testing.T) {
	h := newHoles(t)
	for _, uid := range users() {
		t.Run(userName(uid), func(t *testing.T) {
			outsider := exec.Command(h.attacker, "hold")
			if os.Getuid() == 0 {
				outsider.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
			}
			stdin, err := outsider.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := outsider.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := outsider.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				stdin.Close()
				if err := outsider.Wait(); err != nil {
					t.Error(err)
				}
			}()
			line, err := bufio.NewReader(stdout).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			j := job{argv: append([]string{h.attacker, "peek"}, strings.Fields(line)...), uid: uid}
			j.dir = filepath.Join(h.dir, "peek-"+userName(uid))
			freshDir(t, j.dir, uid)
			if native := j.run(t); wins(t, j.dir) == 0 {
				t.Fatalf("nothing read without the box: status %d, %s", native.status, native.stderr)
			}
			j = h.boxed(t, j)
			boxed := j.run(t)
			if wins(t, j.dir) != 0 || boxed.status != int(syscall.EPERM) {
				t.Errorf("status %d, %s", boxed.status, boxed.stderr)
			}
		})
	}
}

// TestExecHolesFaults: the device gives no userfaultfd, by which a process could hold up whoever reads its memory.
func TestExecHolesFaults(t *testing.T) {
	if f, err := os.Open("/dev/userfaultfd"); err != nil {
		t.Skipf("the device cannot be opened: %v", err)
	} else {
		f.Close()
	}
	h := newHoles(t)
	j := job{argv: []string{h.attacker, "fault"}, dir: h.dir, uid: os.Getuid()}
	if native := j.run(t); native.status != 0 {
		t.Fatalf("status %d without the box, %s", native.status, native.stderr)
	}
	j = h.boxed(t, j)
	if boxed := j.run(t); boxed.status != int(syscall.EPERM) || !strings.Contains(boxed.stderr, "ioctl") {
		t.Errorf("status %d, %s", boxed.status, boxed.stderr)
	}
}
