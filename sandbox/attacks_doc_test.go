package sandbox

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var updateAttacks = flag.Bool("attacks-update", false, "write docs/attacks.md")

// themes are what hostile programs try, and which tricks do it: FILE/TRICK with wildcards, the first that matches.
var themes = []struct {
	name, what string
	tricks     []string
}{
	{"Numbers", "the same call by another ABI, with garbage in the upper halves, by numbers that mean something else elsewhere",
		[]string{"*/x32", "*/*garbage*", "*/int80_*", "*/sysenter_*", "*/far_jump_*", "*/socketcall_*", "*/*zero_extended*",
			"paths/truncate64_*", "paths/chown16_*", "paths/lchown16_*", "paths/utimensat64_*"}},
	{"Races", "what was judged is something else by the time that the kernel looks: the bytes, the tree, the frame",
		[]string{"races*/*"}},
	{"Rights", "the box has rights that the task has not, or not any more", []string{"rights/*"}},
	{"Memory", "arguments that the kernel can read and a tracer cannot", []string{"*/*secret_memory*"}},
	{"Names", "the same file by another spelling, through links, by magic links, from directories without a name",
		[]string{"paths/*", "links/*"}},
	{"Descriptors", "files changed, reopened and linked through descriptors for reading or for nothing",
		[]string{"descriptors/*", "kernel/stdin_*"}},
	{"Processes", "children that nobody was told of, late writers, threads that share, stops and kills",
		[]string{"processes/*", "reads/*untraced", "reads/*thread", "reads/*vfork"}},
	{"Forgeries", "what the tracer hears is made up, or means another task by the time that it is heard", []string{"forgeries/*"}},
	{"Filters", "a filter of one's own that answers first, or forges what the tracer's says", []string{"kernel/own_*"}},
	{"Mounts and roots", "other names for the victim: mounts, namespaces, chroot",
		[]string{"kernel/*mount*", "kernel/overlay", "kernel/open_tree*", "kernel/*namespace*", "kernel/pivot*", "kernel/setns*",
			"kernel/chroot*"}},
	{"Ways around calls", "files reached without a call that names them",
		[]string{"kernel/io_uring*", "*/*by_handle*", "kernel/process_accounting", "kernel/*device_node", "kernel/proc_*"}},
	{"Sockets", "sockets that are files, and families that reach past the rules", []string{"kernel/unix_*", "reach/socket*"}},
	{"Reading", "the secret by every way of opening a file, and after moving it", []string{"reads/*"}},
	{"Denied calls", "a call that the policy takes away, under other names, from other ABIs, through calls that stand for many",
		[]string{"calls/*"}},
	{"Programs", "the denied program by every name and as every copy", []string{"execs/*"}},
	{"Outsiders", "processes outside held up by what they have in common with the tree", []string{"leases/*"}},
	{"Connections", "somebody who may not be reached is called by every kind of stream, to every kind of address", []string{"net-tcp/*"}},
	{"Datagrams", "a packet to somebody who may not be reached, by every call that sends one", []string{"net-udp/*"}},
	{"Unix names", "sockets of outsiders by every path and name that leads to them", []string{"net-unix/*"}},
	{"Bound ports", "an outsider's socket is made to look like the tree's own", []string{"net-bound/*"}},
	{"From outside", "somebody outside is let in", []string{"net-inward/*"}},
	{"Ways around addresses", "routes, packets made by hand, the machine's own tables, sockets that were given away",
		[]string{"net-odd/*"}},
	{"Races on addresses", "the address, the socket or the message is another by the time that the kernel looks",
		[]string{"net-races/*"}},
	{"The machine", "calls that no rule on files could speak of", []string{"reach/*"}},
}

// TestAttacksDoc holds docs/attacks.md against the tricks there are. Write it with -attacks-update.
func TestAttacksDoc(t *testing.T) {
	t.Parallel()
	if len(buildable("m32")) == 0 {
		t.Skip("the document names i386 tricks, which cannot be built for this machine")
	}
	w := newHeadquarters(t)
	var b strings.Builder
	b.WriteString("# Attacks\n\nWhat the programs of `testdata/attacks` try, by theme. `TestAttacks` runs each without the box, where it must\n" +
		"win, and in it, where it must not; `TestAblation` takes away the protection that is named behind a trick, and it must\n" +
		"win again. What is done to processes outside is in `testdata/attacks/outsiders`; the programs of `testdata/attacks/net` are\n" +
		"run by `TestNetAttacks` and `TestNetAblation`, between two machines that are made for it. `name.*` is one call made in as\n" +
		"many ways as the number says. This page is written by `go test ./sandbox -run AttacksDoc -attacks-update`.\n")
	all, total := listTricks(t, w), 0
	for _, theme := range themes {
		var lines []string
		counted := map[string]int{}
		for _, trick := range all {
			if trick.theme != theme.name {
				continue
			}
			total++
			name := path.Base(trick.path)
			if call, _, crossed := strings.Cut(name, "."); crossed {
				name = call + ".*"
			}
			line := "`" + name + "`"
			if needs := trick.values("needs"); len(needs) != 0 {
				line += " (" + strings.Join(needs, ", ") + ")"
			}
			if counted[line]++; counted[line] == 1 {
				lines = append(lines, line)
			}
		}
		if len(lines) == 0 {
			t.Errorf("no trick is about %q", theme.name)
		}
		for i, line := range lines {
			if n := counted[line]; n > 1 {
				lines[i] = fmt.Sprintf("%s ×%d", line, n)
			}
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n%s\n", theme.name, strings.ToUpper(theme.what[:1])+theme.what[1:], wrap(lines))
	}
	fmt.Fprintf(&b, "\n%d tricks, those built for i386 and `int $0x80` counted once.\n", total)
	const file = "../docs/attacks.md"
	if *updateAttacks {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != b.String() {
		t.Errorf("%s is not what the programs say (%v): write it with -attacks-update", file, err)
	}
}

// themed is a trick with the theme it belongs to. path is FILE/TRICK.
type themed struct {
	trick
	path, theme string
}

func listTricks(t *testing.T, w *headquarters) (all []themed) {
	t.Helper()
	known := map[string]bool{}
	for _, source := range append(attackSources(t), netSources(t)...) {
		for _, v := range buildable(variantsOf(t, source, "static m32 int80")...) {
			v.name += "-list"
			binary, err := w.compile(source, v)
			if err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(binary, "list").Output()
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(out)) {
				words := strings.Fields(line)
				name := strings.TrimSuffix(filepath.Base(source), ".c") + "/" + words[0]
				if filepath.Base(filepath.Dir(source)) == "net" {
					name = "net-" + name
				}
				if known[name] {
					continue
				}
				known[name] = true
				theme := themeOf(name)
				if theme == "" {
					t.Errorf("%s belongs to no theme: add it to one in attacks_doc_test.go", name)
				}
				all = append(all, themed{trick{words[0], words[1:]}, name, theme})
			}
		}
	}
	return all
}

func themeOf(name string) string {
	for _, theme := range themes {
		if slices.ContainsFunc(theme.tricks, func(pattern string) bool {
			ok, err := path.Match(pattern, name)
			return ok && err == nil
		}) {
			return theme.name
		}
	}
	return ""
}

// wrap joins words by commas in lines of up to 120 columns.
func wrap(words []string) string {
	var b strings.Builder
	column := 0
	for i, word := range words {
		if i < len(words)-1 {
			word += ","
		}
		if column+1+len(word) > 120 {
			b.WriteByte('\n')
			column = 0
		} else if column > 0 {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
