package record

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sydbox/event"
	"sydbox/record/trail"
)

// straceScript does a little of everything that has to do with names.
const straceScript = `
set -u
mkdir -p a/b/c; cd a/b; echo one > one; cat one >/dev/null; cat two three 2>/dev/null
ln -s one link; ln one hard; cat link >/dev/null; ln -s nowhere dangling; cat dangling 2>/dev/null; echo made > dangling
mv one moved; cat link 2>/dev/null; mv c ../d; cd ../d; cat ../b/moved > copy; cat ../c/x 2>/dev/null
chmod 600 copy; touch -d 2001-01-01 copy; test -x copy; test -d ../b; readlink ../b/link; rmdir ../e 2>/dev/null
cd ../..; find a -name 'c*' > found; ls -l a/b >/dev/null; (cd a && tar cf ../a.tar .) ; rm -r a
cat a/b/hard 2>/dev/null
mkdir a; tar xf a.tar -C a; ln -sfn a again; cat again/b/moved >/dev/null; rm again
mkdir again; cat again/b/moved 2>/dev/null
nosuchprogram 2>/dev/null; ./found 2>/dev/null; printf '#!/bin/sh\nexit 3\n' > script; chmod +x script; ./script
cc -x c -o program - <<C
int main() { return 7; }
C
./program; sh -c 'kill -TERM $$'; exec true
`

// TestStrace has strace(1) say the same about a script: each call on a name with its result, and how each process ends.
func TestStrace(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script.sh")
	if err := os.WriteFile(script, []byte(straceScript), 0o644); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "LC_ALL=C", "TMPDIR=/tmp")
	c := Command("/bin/sh", script)
	c.Dir, c.Env = t.TempDir(), env
	var out bytes.Buffer
	c.Out = &out
	if _, err := c.Run(); err != nil {
		t.Fatal(err)
	}
	tr, err := trail.Read(&out)
	if err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	oracle := exec.Command("strace", "-f", "-q", "-s", "4096", "-e", "trace=%file,%process,fchdir",
		"-o", trace, "/bin/sh", script)
	oracle.Dir, oracle.Env = t.TempDir(), env
	if text, err := oracle.CombinedOutput(); err != nil {
		t.Fatalf("strace: %v (make test installs it)\n%s", err, text)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	theirs, ends := straced(string(text), oracle.Dir)
	if d := cmp.Diff(theirs, tally(tr, c.Dir)); d != "" {
		t.Errorf("calls and how often they came (- strace, + recorded):\n%s", d)
	}
	if d := cmp.Diff(ends, endsOf(tr)); d != "" {
		t.Errorf("ends of processes (- strace, + recorded):\n%s", d)
	}
}

var (
	callLine = regexp.MustCompile(`^\d+ +(\w+)\((.*)\) += (-?\d+)(?: (E[A-Z0-9]+))?`)
	endLine  = regexp.MustCompile(`^\d+ +\+\+\+ (exited with \d+|killed by SIG[A-Z0-9]+)`)
	pathWord = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	chance   = regexp.MustCompile(`/tmp/cc\w{6}|/proc/\d+`) // names that differ from run to run
)

// straced reads what strace wrote: calls with the name as typed and the errno, each with how often it came.
func straced(text, dir string) (calls map[string]int, ends []string) {
	calls = map[string]int{}
	unfinished := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		pid, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		if begun, ok := strings.CutSuffix(rest, " <unfinished ...>"); ok {
			unfinished[pid] = begun
			continue
		}
		if _, resumed, ok := strings.Cut(rest, " resumed>"); ok && strings.HasPrefix(rest, "<... ") {
			line = pid + " " + unfinished[pid] + resumed
		}
		if m := endLine.FindStringSubmatch(line); m != nil {
			ends = append(ends, m[1])
			continue
		}
		m := callLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		words := pathWord.FindAllStringSubmatch(m[2], -1)
		if len(words) == 0 || unnamed(m[1], m[2]) {
			continue
		}
		typed := words[0][1]
		if strings.HasPrefix(m[1], "symlink") {
			typed = words[1][1]
		}
		if m[1] == "execve" && m[4] == "" {
			continue // an exec is told of as what the kernel loaded
		}
		m[4] = strings.Replace(m[4], "EOPNOTSUPP", "ENOTSUP", 1) // two names of one number
		if m[4] == "ENOSYS" {
			continue // where an outer filter says so the call never stops
		}
		calls[call(m[1], typed, m[4], dir)]++
	}
	slices.Sort(ends)
	return calls, ends
}

// byDescriptor are calls that are recorded and that strace's %file does not have.
var byDescriptor = map[string]bool{"fchmod": true, "fchown": true, "fchown32": true,
	"fsetxattr": true, "fremovexattr": true}

// unnamed says whether a call names no file: strace has those too.
func unnamed(name, args string) bool {
	_, first, _ := strings.Cut(args, `"`)
	return strings.HasPrefix(first, `", `) || name == "getcwd"
}

func call(name, typed, errno, dir string) string {
	typed = strings.ReplaceAll(typed, dir, "DIR")
	return fmt.Sprintf("%s %s %s", name, chance.ReplaceAllString(typed, "TMP"), errno)
}

// tally counts a recording's lines in the same way.
func tally(tr *trail.Trail, dir string) map[string]int {
	calls := map[string]int{}
	for i := range tr.Uses {
		u := &tr.Uses[i]
		typed := u.Typed
		if typed == "" {
			typed = u.Path
		}
		if u.Op == event.OpEnter && u.Call == "fchdir" || byDescriptor[u.Call] || u.Call == "utimensat" && u.Typed == "" {
			continue // they name no path
		}
		n := 1
		if u.Count > 0 {
			n = u.Count - 1 // the first has a line of its own
		}
		if u.Errno != "ENOSYS" {
			calls[call(u.Call, typed, u.Errno, dir)] += n
		}
	}
	return calls
}

func endsOf(tr *trail.Trail) (ends []string) {
	for _, p := range tr.Procs {
		switch {
		case p.End == nil:
			ends = append(ends, fmt.Sprintf("#%d has none", p.ID))
		case p.End.Signal != "":
			ends = append(ends, "killed by "+p.End.Signal)
		default:
			ends = append(ends, fmt.Sprint("exited with ", p.End.Exit))
		}
	}
	slices.Sort(ends)
	return ends
}
