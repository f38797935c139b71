package access

import (
	"slices"
	"strings"
	"testing"

	"sydbox/arch"
)

func TestOpText(t *testing.T) {
	for op, want := range map[Op]string{
		0: "none", Read: "read", Write: "write", Create | Write: "create|write", Read | Write: "write|read",
		AllOps:         "create|delete|attr|exec|write|read|stat|connect|bind",
		Stat | 1<<15:   "stat|0x8000",
		Delete | Attr:  "delete|attr",
		Bind | Connect: "connect|bind", Exec: "exec",
	} {
		if got := op.String(); got != want {
			t.Errorf("%#x is %q, want %q", uint16(op), got, want)
		}
		if op&^AllOps != 0 || op == 0 {
			continue
		}
		if got, err := ParseOp(want); err != nil || got != op {
			t.Errorf("%q is %v, %v", want, got, err)
		}
	}
	if _, err := ParseOp("wrote"); err == nil || !strings.Contains(err.Error(), `"wrote"`) ||
		!strings.Contains(err.Error(), "create, delete") {
		t.Errorf("the error for a wrong operation is %v", err)
	}
	if _, err := ParseOp(""); err == nil {
		t.Error("an empty operation is taken")
	}
}

func TestOps(t *testing.T) {
	if got := slices.Collect((Read | Write | Create).Ops()); !slices.Equal(got, []Op{Create, Write, Read}) {
		t.Errorf("narrowest first is %v", got)
	}
	var sum Op
	if n := testing.AllocsPerRun(100, func() {
		for op := range AllOps.Ops() {
			sum |= op
		}
	}); n != 0 {
		t.Errorf("Ops allocates %v times", n)
	}
	if sum != AllOps {
		t.Errorf("Ops leaves out %v", AllOps&^sum)
	}
}

func TestFormatFlags(t *testing.T) {
	for _, c := range []struct {
		abi  *arch.ABI
		call string
		args []any
		want string
	}{
		{arch.X86_64, "openat", []any{cwd, "f", 0}, "O_RDONLY"},
		{arch.X86_64, "openat", []any{cwd, "f", 0x80241}, "O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC"},
		{arch.X86_64, "openat", []any{cwd, "f", 0x410002}, "O_RDWR|O_TMPFILE"},
		{arch.X86_64, "open", []any{"f", 0x101002}, "O_RDWR|O_SYNC"},
		{arch.X86_64, "open", []any{"f", 0x220000}, "O_NOFOLLOW|O_PATH"},
		{arch.I386, "open", []any{"f", 0x8003}, "O_ACCMODE"},
		{arch.MIPS, "open", []any{"f", 0x0101}, "O_WRONLY|O_CREAT"},
		{arch.X86_64, "creat", []any{"f", 0}, ""},
		{arch.X86_64, "renameat2", []any{3, "f", 4, "g", 2}, "RENAME_EXCHANGE"},
		{arch.X86_64, "rename", []any{"f", "g"}, ""},
		{arch.X86_64, "unlinkat", []any{3, "f", 0x200}, "AT_REMOVEDIR"},
		{arch.X86_64, "faccessat2", []any{3, "f", 0, 0x200}, "AT_EACCESS"},
		{arch.X86_64, "fchownat", []any{3, "f", 0, 0, 0x1100}, "AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH"},
		{arch.X86_64, "fchownat", []any{3, "f", 0, 0, 0x1}, "0x1"},
		{arch.X86_64, "linkat", []any{3, "f", 4, "g", 0x400}, "AT_SYMLINK_FOLLOW"},
		{arch.X86_64, "mknod", []any{"f", 0o20600, 0}, "S_IFCHR"},
		{arch.X86_64, "mkdir", []any{"f", 0o755}, ""},
		{arch.X86_64, "chmod", []any{"f", 0o755}, ""},
		{arch.X86_64, "ioctl", []any{3, 0x40086602, 0}, "FS_IOC_SETFLAGS"},
		{arch.X86_64, "ioctl", []any{3, 0x5401, 0}, "0x5401"},
		{arch.X86_64, "fcntl", []any{3, 1024, 0}, "F_SETLEASE"},
		{arch.X86_64, "fcntl", []any{3, 4, 0}, ""},
		{arch.X86_64, "umount2", []any{"f", 2}, "MNT_DETACH"},
		{arch.X86_64, "inotify_add_watch", []any{3, "f", 0xfff}, ""},
		{arch.I386, "socketcall", []any{2, 0}, "SYS_BIND"},
		{arch.I386, "socketcall", []any{20, 0}, "SYS_SENDMMSG"},
		{arch.I386, "socketcall", []any{1, 0}, ""},
		{arch.X86_64, "connect", []any{3, 0, 16}, ""},
		{arch.X86_64, "sendto", []any{3, 0, 0, 0, 0, 0}, ""},
		{arch.X86_64, "sendto", []any{3, 0, 0, junk | 0x20004040, 0, 0}, "MSG_DONTWAIT|MSG_NOSIGNAL|MSG_FASTOPEN"},
		{arch.X86_64, "sendmsg", []any{3, 0, 0x4080001}, "MSG_OOB|MSG_ZEROCOPY|0x80000"},
		{arch.X86_64, "sendmmsg", []any{3, 0, 1, 0x20000000}, "MSG_FASTOPEN"},
		{arch.X86_64, "read", []any{3, 0, 0}, ""},
	} {
		inv, _ := call(t, c.abi, c.call, c.args...)
		if got := FormatFlags(inv); got != c.want {
			t.Errorf("%s %s is %q, want %q", c.abi, short(c.call, c.args), got, c.want)
		}
	}
}
