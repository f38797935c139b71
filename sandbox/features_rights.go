package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"sydbox/deputy"
	"sydbox/policy"
	"sydbox/tracer/launch"
)

// Privileges are what this process may do.
type Privileges struct {
	UID int `json:"uid"` // the effective one
	GID int `json:"gid"`
	// Capabilities are the effective ones, by name; "all" if none is missing of those that the kernel has.
	Capabilities []string `json:"capabilities"`
	// NoNewPrivs: set already, by whoever started this.
	NoNewPrivs bool `json:"no_new_privs"`
	// Yama is kernel.yama.ptrace_scope, -1 without Yama.
	Yama int `json:"yama_ptrace_scope"`
	// UserNamespaces says that one can be made; UserNamespacesBy how that was told, or what forbids it.
	UserNamespaces   bool   `json:"user_namespaces"`
	UserNamespacesBy string `json:"user_namespaces_by"`
}

// procStatus is a file like /proc/PID/status: values by name.
type procStatus map[string]string

func statusOf(root fs.FS) procStatus {
	lines := procStatus{}
	for line := range strings.Lines(content(root, "proc/self/status")) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			lines[name] = strings.TrimSpace(value)
		}
	}
	return lines
}

// number is a decimal value.
func (p procStatus) number(name string) (int, bool) {
	n, err := strconv.Atoi(p[name])
	return n, err == nil
}

// set is a hexadecimal value.
func (p procStatus) set(name string) uint64 {
	n, _ := strconv.ParseUint(p[name], 16, 64)
	return n
}

// privileges reads what this process may do. User namespaces are tried.
func privileges(root fs.FS) Privileges {
	status := statusOf(root)
	p := Privileges{UID: unix.Geteuid(), GID: unix.Getegid(), Yama: -1}
	p.Capabilities = capabilityNames(status.set("CapEff"), content(root, "proc/sys/kernel/cap_last_cap"))
	set, _ := status.number("NoNewPrivs")
	p.NoNewPrivs = set != 0
	if n, err := strconv.Atoi(content(root, "proc/sys/kernel/yama/ptrace_scope")); err == nil {
		p.Yama = n
	}
	err := launch.CanUser()
	p.UserNamespaces, p.UserNamespacesBy = err == nil, "one was made for a child"
	if err != nil {
		p.UserNamespacesBy = err.Error()
	}
	return p
}

// capabilityWords are the names of linux/capability.h in the order of their numbers, without "CAP_".
var capabilityWords = strings.Fields(`chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap
	linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot
	sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write
	audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf
	checkpoint_restore`)

// capabilityName is that of a number; one that is newer than this program has only that.
func capabilityName(n int) string {
	if n < len(capabilityWords) {
		return "CAP_" + strings.ToUpper(capabilityWords[n])
	}
	return "CAP_" + strconv.Itoa(n)
}

// capabilityNames puts a set into words; last is the highest capability of the kernel.
func capabilityNames(set uint64, last string) []string {
	if n, err := strconv.Atoi(last); err == nil && n < 63 && set == 1<<(n+1)-1 {
		return []string{allCapabilities}
	}
	names := []string{}
	for n := range 64 {
		if set&(1<<n) != 0 {
			names = append(names, capabilityName(n))
		}
	}
	return names
}

// allCapabilities stands for each that there is.
const allCapabilities = "all"

// CapabilityText is Capabilities in few words: what is missing, if that is less.
func (p *Privileges) CapabilityText() string {
	if len(p.Capabilities) == 0 {
		return "none"
	}
	var missing []string
	for n := range capabilityWords {
		if name := capabilityName(n); !p.has(name) {
			missing = append(missing, name)
		}
	}
	if n := len(missing); n > 0 && n < len(p.Capabilities) {
		return "all but " + strings.Join(missing, " ")
	}
	return strings.Join(p.Capabilities, " ")
}

// has says whether the process has a capability, by name.
func (p *Privileges) has(name string) bool {
	return slices.Contains(p.Capabilities, allCapabilities) || slices.Contains(p.Capabilities, name)
}

// YamaMeans says what a scope of Yama's lets this process do (Documentation/admin-guide/LSM/Yama.rst).
func (p *Privileges) YamaMeans() string {
	switch {
	case p.Yama < 0:
		return "no Yama: processes of one user may trace each other"
	case p.Yama == 0:
		return "0: processes of one user may trace each other"
	case p.Yama == 1:
		return "1: a process may trace what it started, which is all that sydbox does"
	case p.Yama == 2 && p.has("CAP_SYS_PTRACE"):
		return "2: only with CAP_SYS_PTRACE, which is there"
	case p.Yama == 2:
		return "2: only with CAP_SYS_PTRACE, which is not there"
	}
	return fmt.Sprintf("%d: nobody may trace", p.Yama)
}

// aroundFeatures are what the surroundings give or take.
func aroundFeatures() []Feature {
	return []Feature{
		{Name: featureLook, Since: "any",
			Probe: "this user is not root, so that its tasks have no other user; or CAP_SYS_PTRACE is among the capabilities",
			Use:   "tasks of root's tree that change their user are looked into as all others",
			Without: "what needs a look into /proc of such a task is denied, and the report says so; their memory is " +
				"read by PTRACE_PEEKDATA",
			Promise: PromiseStricter, Remedy: "docker run --cap-add SYS_PTRACE",
			wanted: always(Preferred),
			try: func(t *tries) (bool, string) {
				switch p := &t.privileges; {
				case p.UID != 0:
					return true, "not needed: this user is not root"
				case p.has("CAP_SYS_PTRACE"):
					return true, ""
				}
				return false, "root without CAP_SYS_PTRACE"
			}},
		{Name: featureRights, Since: "2.6.24",
			Probe: "a thread takes the groups, the file system IDs and the capabilities of somebody else by setgroups(2), " +
				"setfsgid(2), setfsuid(2) and capset(2), and gives them back; not needed without capabilities",
			Use: "calls of root's tree are looked up and done with the rights of the task that makes them",
			Without: "what rules judge of tasks that change their user, groups or capabilities is denied, and the report " +
				"says so",
			Promise: PromiseStricter, Remedy: "let setgroups(2), setfsgid(2), setfsuid(2) and capset(2) through in the " +
				"container's seccomp profile, with CAP_SETUID and CAP_SETGID; or start sydbox without capabilities",
			wanted: always(Preferred),
			try: func(*tries) (bool, string) {
				err := deputy.CanAct()
				var unneeded deputy.ErrUnneeded
				if errors.As(err, &unneeded) {
					return true, err.Error()
				}
				return succeeded(err)
			}},
		{Name: featureDrop, Since: "2.6.25",
			Probe:   "a thread drops all of its capabilities by capget(2), capset(2) and, as root, PR_CAPBSET_DROP",
			Use:     "[harden] capabilities; root loses those by which addresses and limits that were judged could be changed",
			Without: "where that is to happen sydbox does not start; where all are only preferred to be dropped it goes on",
			Promise: PromiseNone, Remedy: "let capget(2), capset(2) and prctl(2) through in the container's seccomp profile",
			wanted: func(p *policy.Policy) Level {
				if dropped(&Cmd{Policy: p}) != 0 {
					return Required
				}
				return levelNamed(p.Hardening().Capabilities)
			},
			try: func(*tries) (bool, string) { return succeeded(launch.CanDrop()) }},
		{Name: featureLimits, Since: "2.6.36", Probe: "prlimit64(2) reads the limit of core files, and sets it to what it is",
			Use:     "no core files; the limits of [harden]",
			Without: "sydbox does not start, unless \"core\" is lifted and no limit is required", Promise: PromiseNone,
			Remedy: "let prlimit64(2) through in the container's seccomp profile",
			wanted: func(p *policy.Policy) Level {
				switch h := p.Hardening(); {
				case !p.Lifted("core"):
					return Required
				case len(h.Limits) > 0:
					return levelNamed(h.LimitLevel)
				}
				return Off
			},
			try: func(*tries) (bool, string) { return succeeded(launch.CanLimit()) }},
		{Name: featureUsers, Since: "3.8", Probe: "a child that executes nothing is made in one, with its IDs mapped",
			Use:     "other namespaces for a user without CAP_SYS_ADMIN",
			Without: "such a user has none of them; where [harden] user_namespace is required sydbox does not start",
			Promise: PromiseSame,
			Remedy: "sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone (Debian), " +
				"kernel.apparmor_restrict_unprivileged_userns (Ubuntu); the container's seccomp profile",
			wanted: func(p *policy.Policy) Level { return levelNamed(p.Hardening().Namespaces[policy.NamespaceUser]) },
			try: func(t *tries) (bool, string) {
				if t.privileges.UserNamespaces {
					return true, ""
				}
				return false, t.privileges.UserNamespacesBy
			}},
		{Name: featureWindows, Since: "any",
			Probe: "binfmt_misc has no enabled interpreter for programs that begin with \"MZ\" (WSL)",
			Use:   "no program of the tree runs anywhere else",
			Without: "a program of Windows is run by Windows, outside of the sandbox, with the user's rights there; " +
				"rules of [connect] keep the tree from the socket in /run/WSL by which that is asked for",
			Promise: PromiseFewer,
			Remedy: "use a profile with rules of [connect], as build has them, or set [interop] enabled=false in " +
				"/etc/wsl.conf",
			wanted: func(p *policy.Policy) Level { return preferredIf(!p.PolicesNetwork()) },
			try: func(t *tries) (bool, string) {
				if len(t.around.Windows) > 0 {
					return false, strings.Join(t.around.Windows, "; ")
				}
				return true, ""
			}},
	}
}
