package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// raceTries is how often each of the six races is run: 2,100 times in all. RACES sets another number.
func raceTries(t *testing.T) int {
	t.Helper()
	text := os.Getenv("RACES")
	if text == "" {
		return 350
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("RACES=%s is no number of tries", text)
	}
	return n
}

// maxRounds is how often a race that has to be won at all is run: a busy machine may never let both sides run at once.
const maxRounds = 10

// race is one way to change under the kernel's eyes what is executed.
type race struct{ who, what string }

func races() []race {
	var list []race
	for _, what := range []string{"path", "argv"} {
		for _, who := range []string{"thread", "clone", "process"} {
			list = append(list, race{who, what})
		}
	}
	return list
}

// raceTrack is a directory to race in, as testdata/multicall/race.c says.
func (b *bundles) raceTrack(t *testing.T, name string, uid int) string {
	t.Helper()
	racer, err := b.compileFor("../testdata/multicall/race.c", variants["static"], uid)
	if err != nil {
		t.Fatal(err)
	}
	bad, err := b.compileFor("../testdata/multicall/race.c", variant{"bad", []string{"-static", "-DBAD"}}, uid)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(b.dir, name)
	freshDir(t, dir, uid)
	copyFile(t, bad, filepath.Join(dir, "bad"), 0o755)
	copyFile(t, "/bin/true", filepath.Join(dir, "good"), 0o755)
	copyFile(t, b.vars["CU"], filepath.Join(dir, "coreutils"), 0o755)
	if err := os.WriteFile(filepath.Join(dir, "byte"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	b.vars["RACER"] = racer
	return dir
}

// wins is how often the denied program has run there since the last call.
func wins(t *testing.T, dir string) int64 {
	t.Helper()
	mark := filepath.Join(dir, "MARK")
	info, err := os.Stat(mark)
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(mark); err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestExecRaces: nobody wins a race against both looks at an exec, and every race is run: some tries succeed, and the
// second look, which kills, is needed.
func TestExecRaces(t *testing.T) {
	b := newBundles(t)
	tries := raceTries(t)
	for i, race := range races() {
		uid := users()[i%len(users())]
		t.Run(race.who+"/"+race.what+"/"+userName(uid), func(t *testing.T) {
			dir := b.raceTrack(t, "race-"+strconv.Itoa(i), uid)
			policy := b.policy(t, "race-"+strconv.Itoa(i), "dd", dir+"/bad")
			racer := []string{b.vars["RACER"], race.who, race.what, strconv.Itoa(tries)}
			j := job{argv: racer, dir: dir, uid: uid}
			var won int64
			for round := 0; round < maxRounds && won == 0; round++ {
				if native := j.run(t); native.status != 0 {
					t.Fatalf("status %d without the box, %s", native.status, native.stdout)
				}
				won = wins(t, dir)
			}
			if won == 0 {
				t.Fatal("no wins without the box")
			}
			j.argv = append([]string{b.sydbox, "run", "-q", "-p", policy, "--"}, racer...)
			var succeeded, refused, killed, otherwise int
			for round := 0; round < maxRounds && (succeeded == 0 || refused+killed == 0); round++ {
				boxed := j.run(t)
				if n := wins(t, dir); n != 0 {
					t.Errorf("%d wins of %d", n, tries)
				}
				if _, err := fmt.Sscanf(boxed.stdout, "%d succeeded, %d refused, %d killed, %d otherwise", &succeeded, &refused,
					&killed, &otherwise); err != nil || boxed.status != 0 {
					t.Fatalf("status %d, %s: %v\n%s", boxed.status, boxed.stdout, err, boxed.stderr)
				}
				t.Logf("%d tries: %s", tries, boxed.stdout)
			}
			if succeeded == 0 || refused+killed == 0 {
				t.Error("no race was run")
			}
		})
	}
}

// TestExecRacesWithoutSecondLook shows what the first look alone is worth.
func TestExecRacesWithoutSecondLook(t *testing.T) {
	b := newBundles(t)
	tries := raceTries(t)
	dir := b.raceTrack(t, "race", os.Getuid())
	sydbox, policy := b.ablated(t), b.policy(t, "race", "dd", dir+"/bad")
	for _, race := range races() {
		t.Run(race.who+"/"+race.what, func(t *testing.T) {
			j := job{dir: dir, uid: os.Getuid(), env: []string{"SYDBOX_ABLATE=" + protectSecondLook.String()}}
			j.argv = []string{sydbox, "run", "-q", "-p", policy, "--", b.vars["RACER"], race.who, race.what, strconv.Itoa(tries)}
			var n int64
			round := 0
			for ; n == 0 && round < maxRounds; round++ {
				if r := j.run(t); r.status != 0 {
					t.Fatalf("status %d\n%s", r.status, r.stderr)
				}
				n = wins(t, dir)
			}
			if n == 0 {
				t.Errorf("no wins of %d", round*tries)
			}
			t.Logf("%d wins of %d", n, round*tries)
		})
	}
}
