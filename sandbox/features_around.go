package sandbox

import (
	"bytes"
	"io/fs"
	"path"
	"strings"
)

// Surroundings is what this process is in, as far as it shows. Nothing of it is inferred: each word comes with the
// file that says so, and what contradicts it is said too.
type Surroundings struct {
	// Kind is the container's: "docker", "podman", "lxc", "kubernetes", "wsl" …; empty if nothing says that this is one.
	Kind string `json:"kind,omitempty"`
	// Signs say how that was told, the first of them Kind.
	Signs []string `json:"signs,omitempty"`
	// Against has what this process shares with the machine, where it is said to be in a container.
	Against []string `json:"against,omitempty"`
	// Filters are the seccomp filters around this process; -1 where the kernel does not count them (before 5.9).
	Filters int `json:"seccomp_filters"`
	// Tracer is the process that traces this one; 0 is nobody.
	Tracer int `json:"tracer,omitempty"`
	// Windows has the interpreters of binfmt_misc that run Windows programs, outside of any sandbox.
	Windows []string `json:"windows,omitempty"`
}

// marks are files whose presence says which container this is.
var marks = []struct{ file, kind string }{
	{".dockerenv", "docker"},
	{"run/.containerenv", "podman"},
	{"run/WSL", "wsl"},
	{"var/run/secrets/kubernetes.io", "kubernetes"},
}

// words are parts of the paths of control groups and of the root's mount, and whose they are.
var containerWords = []struct{ text, kind string }{
	{"kubepods", "kubernetes"}, {"libpod", "podman"}, {"containers/storage", "podman"}, {"docker", "docker"},
	{"/lxc", "lxc"}, {"containerd", "containerd"}, {"machine.slice/machine-", "systemd-nspawn"},
}

// The first namespaces of a machine have these numbers (include/linux/proc_ns.h).
const (
	firstPIDs  = "pid:[4026531836]"
	firstUsers = "user:[4026531837]"
)

// surroundings reads what tells, from the root of a file system.
func surroundings(root fs.FS) Surroundings {
	s := Surroundings{Filters: -1}
	for _, m := range marks {
		if _, err := fs.Stat(root, m.file); err == nil {
			s.sign(m.kind, "/"+m.file+" is there")
		}
	}
	if text := content(root, "run/systemd/container"); text != "" {
		s.sign(text, "/run/systemd/container says "+text)
	}
	if text := content(root, "proc/sys/kernel/osrelease"); strings.Contains(strings.ToLower(text), "microsoft") {
		s.sign("wsl", "the kernel is called "+text)
	}
	for variable := range bytes.SplitSeq([]byte(content(root, "proc/1/environ")), []byte{0}) {
		if kind, ok := bytes.CutPrefix(variable, []byte("container=")); ok {
			s.sign(string(kind), "process 1 has container="+string(kind)+" in its environment")
		}
	}
	s.groups(root)
	s.mounted(root)
	s.namespaces(root)
	s.status(root)
	s.windows(root)
	return s
}

// sign takes in what says that this is a container. The first word stands: the surest are looked at first.
func (s *Surroundings) sign(kind, how string) {
	if s.Kind == "" {
		s.Kind = kind
	}
	s.Signs = append(s.Signs, how)
}

// groups looks at the paths of the control groups of this process and the first.
func (s *Surroundings) groups(root fs.FS) {
	for _, file := range []string{"proc/self/cgroup", "proc/1/cgroup"} {
		for line := range strings.Lines(content(root, file)) {
			if kind := kindOf(line); kind != "" {
				s.sign(kind, "/"+file+" has "+strings.TrimSpace(line))
				break
			}
		}
	}
}

// mounted looks at what is mounted as the root.
func (s *Surroundings) mounted(root fs.FS) {
	for line := range strings.Lines(content(root, "proc/self/mountinfo")) {
		const rootAt, pointAt = 3, 4
		if fields := strings.Fields(line); len(fields) > pointAt && fields[pointAt] == "/" {
			_, source, _ := strings.Cut(line, " - ")
			if kind := kindOf(fields[rootAt] + " " + source); kind != "" {
				s.sign(kind, "the root is mounted from "+kind+"'s directories")
			}
		}
	}
}

func kindOf(text string) string {
	for _, w := range containerWords {
		if strings.Contains(text, w.text) {
			return w.kind
		}
	}
	return ""
}

// namespaces says whether processes and users are numbered apart from the machine's.
func (s *Surroundings) namespaces(root fs.FS) {
	for _, n := range []struct{ file, first, what string }{
		{"proc/self/ns/pid", firstPIDs, "process"}, {"proc/self/ns/user", firstUsers, "user"},
	} {
		switch at, err := fs.ReadLink(root, n.file); {
		case err != nil:
		case at != n.first:
			s.sign("namespace", n.what+" numbers are not the machine's (/"+n.file+" is "+at+")")
		default:
			s.Against = append(s.Against, n.what+" numbers are the machine's own")
		}
	}
	if s.Kind == "" {
		s.Against = nil
	}
}

// status reads the lines of /proc/self/status that say who holds this process.
func (s *Surroundings) status(root fs.FS) {
	lines := statusOf(root)
	if n, ok := lines.number("Seccomp_filters"); ok { // 5.9
		s.Filters = n
	} else if mode, ok := lines.number("Seccomp"); ok && mode == 0 {
		s.Filters = 0
	}
	s.Tracer, _ = lines.number("TracerPid")
}

// windows finds interpreters for programs of Windows: they begin with "MZ", and WSL registers its own for them.
func (s *Surroundings) windows(root fs.FS) {
	const dir = "proc/sys/fs/binfmt_misc"
	entries, _ := fs.ReadDir(root, dir) // not mounted: there are none
	for _, e := range entries {
		text := content(root, path.Join(dir, e.Name()))
		var program string
		enabled, magic := false, false
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			enabled = enabled || line == "enabled"
			if name, ok := strings.CutPrefix(line, "interpreter "); ok {
				program = name
			}
			magic = magic || line == "magic 4d5a"
		}
		if enabled && magic && (strings.HasPrefix(e.Name(), "WSLInterop") || program == "/init") {
			s.Windows = append(s.Windows, "/"+dir+"/"+e.Name()+" gives them to "+program)
		}
	}
}

// content is that of a small file, without the space around it; empty if it cannot be read.
func content(root fs.FS, file string) string {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(text))
}
