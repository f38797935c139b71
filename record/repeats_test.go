package record

import (
	"strings"
	"testing"
)

// filtered is a program with a filter of its own, so that nothing is foretold for it, which looks at a file again and
// again.
const filtered = `#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &all };
	if (argc > 1 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)))
		return 1;
	for (int i = 0; i < 1000; i++)
		if (access("/nonexistent", F_OK) == 0 || access("/", F_OK) != 0)
			return 2;
	return 0;
}`

// TestRepeats: what comes again and again takes two lines, whoever said what came of it.
func TestRepeats(t *testing.T) {
	program := compiled(t, filtered)
	for _, command := range []string{program, program + " filter"} {
		tr := recordOf(t, command)
		counts := map[string][]int{}
		for i := range tr.Uses {
			if u := &tr.Uses[i]; u.Path == "/nonexistent" || u.Path == "/" && strings.Contains(u.Call, "access") {
				counts[u.Path] = append(counts[u.Path], u.Count)
			}
		}
		for _, path := range []string{"/nonexistent", "/"} {
			if c := counts[path]; len(c) != 2 || c[0] != 0 || c[1] != 1000 {
				t.Errorf("%s: %s was told of by counts %v", command, path, c)
			}
		}
		if tr.Root().Failed() {
			t.Errorf("%s: %+v", command, tr.Root().End)
		}
	}
}
