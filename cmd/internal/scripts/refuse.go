package scripts

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"sydbox/arch"
	"sydbox/syscalls"
	"sydbox/tracer/seccomp"
)

// refusal is a call that the filter refuses: always, or if the bits of mask in its first argument are value.
type refusal struct {
	call        string
	errno       syscall.Errno
	value, mask uint64
}

// refuse puts a filter on the thread that answers calls with an errno and lets all others run.
func refuse(list []refusal) error {
	if len(list) == 0 {
		return nil
	}
	filter := &syscalls.Filter{}
	for _, abi := range arch.Native() {
		rows := map[uint32]*syscalls.Row{}
		for _, r := range list {
			nr, ok := syscalls.Number(abi, r.call)
			if !ok {
				if syscalls.ByName(r.call) == nil {
					return fmt.Errorf("there is no call %s", r.call)
				}
				continue // this ABI has not got it
			}
			row := rows[nr]
			if row == nil {
				row = &syscalls.Row{Nr: nr, Name: r.call}
				rows[nr] = row
			}
			verdict := syscalls.Verdict{Kind: syscalls.Fail, Errno: uint16(r.errno)}
			if r.mask == 0 {
				row.Else = verdict
				continue
			}
			row.Clauses = append(row.Clauses, syscalls.Clause{Verdict: verdict,
				Tests: []syscalls.Test{{Mask: r.mask, Value: r.value}}})
		}
		table := syscalls.ABIFilter{ABI: abi}
		for _, row := range rows {
			table.Rows = append(table.Rows, *row)
		}
		slices.SortFunc(table.Rows, func(a, b syscalls.Row) int { return cmp.Compare(a.Nr, b.Nr) })
		filter.ABIs = append(filter.ABIs, table)
	}
	prog, err := seccomp.Compile(filter)
	if err != nil {
		return err
	}
	if err := seccomp.Install(prog, 0); err != nil {
		return impossible("restrict", err)
	}
	return nil
}

// capabilitiesByName are those that scripts name, and their numbers in linux/capability.h.
var capabilitiesByName = map[string]int{
	"chown": unix.CAP_CHOWN, "dac_override": unix.CAP_DAC_OVERRIDE, "fowner": unix.CAP_FOWNER, "fsetid": unix.CAP_FSETID,
	"kill": unix.CAP_KILL, "setgid": unix.CAP_SETGID, "setuid": unix.CAP_SETUID, "setpcap": unix.CAP_SETPCAP,
	"net_bind_service": unix.CAP_NET_BIND_SERVICE, "net_raw": unix.CAP_NET_RAW, "sys_chroot": unix.CAP_SYS_CHROOT,
	"mknod": unix.CAP_MKNOD, "audit_write": unix.CAP_AUDIT_WRITE, "setfcap": unix.CAP_SETFCAP,
	"sys_ptrace": unix.CAP_SYS_PTRACE, "sys_admin": unix.CAP_SYS_ADMIN, "net_admin": unix.CAP_NET_ADMIN,
}

// capabilitiesNamed reads the value of caps=: a bit for each that is kept.
func capabilitiesNamed(list string) (uint64, error) {
	names, but := strings.CutPrefix(list, "-")
	var set uint64
	for name := range strings.SplitSeq(names, ",") {
		if name == "" {
			continue
		}
		n, ok := capabilitiesByName[name]
		if !ok {
			return 0, fmt.Errorf("%s: scripts name no such capability", name)
		}
		set |= 1 << n
	}
	if but {
		return ^set, nil
	}
	return set, nil
}

// keep takes all capabilities but those of a set from the thread and from what it executes. What an unprivileged user
// got in a namespace is gone with the exec.
func keep(set uint64) error {
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	if set == ^uint64(0) {
		return nil
	}
	for n := range uintptr(64) {
		has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, n, 0, 0, 0)
		if err != nil || has == 0 || set&(1<<n) != 0 {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, n, 0, 0, 0); err != nil && os.Geteuid() == 0 {
			return impossible("drop capabilities", err)
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err
	}
	for i := range data {
		kept := uint32(set >> (32 * i))
		data[i].Effective &= kept
		data[i].Permitted &= kept
		data[i].Inheritable &= kept
	}
	return unix.Capset(&header, &data[0])
}

// noUserNamespaces switches them off for the user namespace that this is in.
func noUserNamespaces() error {
	const file = "/proc/sys/user/max_user_namespaces"
	if err := os.WriteFile(file, []byte("0\n"), 0); err != nil {
		return impossible("switch off user namespaces", err)
	}
	return nil
}

// lay puts a file where there may be none, on a file system of its own that hides the rest of the directory. Where the
// directory is not there either, it takes the one above.
func lay(file, text string) error {
	if err := private(); err != nil {
		return err
	}
	dir := filepath.Dir(file)
	for {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"); err != nil {
		return impossible("mount "+dir, err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

// private keeps what is mounted here from showing elsewhere.
func private() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return impossible("make mounts private", err)
	}
	return nil
}

// registerInterpreter gives this user namespace a binfmt_misc of its own (Linux 6.7) with one interpreter.
func registerInterpreter(line string) error {
	if err := private(); err != nil {
		return err
	}
	const dir = "/proc/sys/fs/binfmt_misc"
	err := unix.Mount("binfmt_misc", dir, "binfmt_misc", 0, "")
	if err == nil {
		err = os.WriteFile(dir+"/register", []byte(line), 0)
	}
	if err != nil {
		return impossible("register an interpreter", err)
	}
	return nil
}
