package program

import (
	"bytes"
	"strings"
	"sync"
)

// dispatcher is a program that acts by the name it is called by, and is no multi-call family.
type dispatcher struct {
	files string // base names of its file
	names string // what it can be called
	// part: a name counts wherever it stands in argv[0].
	part bool
}

// dispatchers were measured or are known from the links that distributions ship.
var dispatchers = []dispatcher{
	{files: "bash", names: "bash rbash sh"},
	{files: "dash", names: "dash sh"},
	{files: "zsh zsh5", names: "zsh rzsh zsh5 sh ksh"},
	{files: "ksh ksh93 mksh", names: "ksh rksh ksh93 mksh sh"},
	{files: "xz", names: "xz unxz xzcat lzma unlzma lzcat", part: true},
	{files: "bzip2 bunzip2 bzcat", names: "bzip2 bunzip2 bzcat", part: true},
	{files: "zstd zstdmt", names: "zstd zstdmt unzstd zstdcat pzstd"},
	{files: "lz4", names: "lz4 lz4c lz4cat unlz4"},
	{files: "systemctl", names: `systemctl halt poweroff reboot shutdown telinit runlevel init`},
	{files: "kmod", names: "kmod insmod rmmod modprobe lsmod modinfo depmod"},
	{files: "mke2fs", names: "mke2fs mkfs.ext2 mkfs.ext3 mkfs.ext4"},
	{files: "tune2fs e2label", names: "tune2fs e2label findfs"},
	{files: "e2fsck", names: "e2fsck fsck.ext2 fsck.ext3 fsck.ext4"},
	{files: "dumpe2fs e2mmpstatus", names: "dumpe2fs e2mmpstatus"},
	{files: "rustup rustup-init", names: `rustup rustup-init cargo cargo-clippy cargo-fmt cargo-miri clippy-driver
		rls rust-analyzer rust-gdb rust-gdbgui rust-lldb rustc rustdoc rustfmt`},
	{files: "llvm-objcopy", names: `llvm-objcopy llvm-strip llvm-bitcode-strip llvm-install-name-tool objcopy
		strip`},
	{files: "llvm-ar", names: `llvm-ar llvm-ranlib llvm-lib llvm-dlltool ar ranlib lib dlltool`, part: true},
	{files: "llvm llvm-driver", names: `clang lld ld.lld llvm-ar llvm-nm llvm-objcopy llvm-strip llvm-readelf
		llvm-ranlib`, part: true},
	{files: "hexdump hd", names: "hexdump hd"},
	{files: "unzip zipinfo", names: "unzip zipinfo"},
	{files: "setarch", names: `setarch i386 linux32 linux64 x86_64 i486 i586 i686 uname26`},
	{files: "newgrp sg", names: "newgrp sg"},
	{files: "vim vim.basic vim.tiny vim.nox vim.gtk3 nvim", names: `vim vi view ex rvim rview vimdiff evim eview
		gvim gview gvimdiff`},
	{files: "hostname", names: `hostname domainname ypdomainname nisdomainname dnsdomainname nodename`},
	{files: "pgrep pkill", names: "pgrep pkill pidwait"},
	{files: "skill snice", names: "skill snice"},
	{files: "ssh", names: "ssh slogin"},
	{files: "last", names: "last lastb"},
	{files: "killall5", names: "killall5 pidof"},
	{files: "agetty", names: "agetty getty"},
	{files: "vipw vigr", names: "vipw vigr"},
	{files: "dmsetup", names: "dmsetup dmstats blkdeactivate"},
	{files: "sudo", names: "sudo sudoedit"},
	{files: "xtables-nft-multi xtables-legacy-multi", names: `iptables ip6tables iptables-save iptables-restore
		ip6tables-save ip6tables-restore iptables-nft iptables-legacy ebtables arptables xtables-monitor`},
	{files: "lvm", names: `lvm lvcreate lvremove lvchange lvdisplay lvextend lvreduce lvresize lvs vgcreate vgremove
		vgchange vgs vgextend vgreduce pvcreate pvremove pvs pvmove pvresize`},
	{files: "mtools", names: `mtools mattrib mcopy mdel mdeltree mdir mformat mlabel mmd mmove mrd mren mtype`},
	{files: "dropbearmulti", names: "dropbear dbclient ssh scp dropbearkey dropbearconvert"},
	{files: "sbase-box ubase-box", names: `cat chmod chown cp dd ln ls mkdir mv rm sh tar tee touch mount umount`},
	{files: "snap", names: "snap snapctl"},
	{files: "ccache distcc sccache", names: "cc c++ gcc g++ clang clang++ ccache distcc sccache"},
	{files: "pg_wrapper", names: `psql pg_dump pg_dumpall pg_restore createdb dropdb createuser dropuser vacuumdb
		reindexdb clusterdb pg_basebackup pg_isready pgbench pg_amcheck pg_config pg_receivewal pg_recvlogical
		pg_verifybackup`},
}

// byFile finds the dispatcher by its file's name.
var byFile = sync.OnceValue(func() map[string]*dispatcher {
	index := make(map[string]*dispatcher)
	for i := range dispatchers {
		for file := range strings.FieldsSeq(dispatchers[i].files) {
			index[file] = &dispatchers[i]
		}
	}
	return index
})

// dispatcherOf looks a file's name up; a version behind the name does not count (llvm-ar-14).
func dispatcherOf(name []byte) *dispatcher {
	if d := byFile()[string(name)]; d != nil {
		return d
	}
	return byFile()[string(bytes.TrimRight(name, "-.0123456789"))]
}

// calledAs is the name in argv[0] that a dispatcher listens to: without the dash of a login shell and libtool's prefix.
func calledAs(argv0 []byte) []byte {
	return bytes.TrimPrefix(bytes.TrimPrefix(base(argv0), []byte("-")), []byte("lt-"))
}

// actsAs says that argv[0] makes the file another program than its own name says.
func (w *walk) actsAs(f File, argv [][]byte) bool {
	d := dispatcherOf(base(f.Path()))
	if d == nil {
		return false
	}
	name := calledAs(first(argv))
	return !bytes.Equal(name, base(f.Path())) && d.mentions(name)
}

// mentions says that the name, or a part of it if that counts, is one of the dispatcher's.
func (d *dispatcher) mentions(name []byte) bool {
	for known := range strings.FieldsSeq(d.names) {
		if string(name) == known || d.part && bytes.Contains(name, []byte(known)) {
			return true
		}
	}
	return false
}

// dispatcher names what argv[0] says to a program that listens to it: one of the list, one that has visibly more
// than one name, and one without a name.
func (w *walk) dispatcher(f File, e *entry, argv [][]byte) {
	if e.family != 0 {
		return
	}
	args, name := after(argv, 1), calledAs(first(argv))
	own := base(f.Path())
	d := dispatcherOf(own)
	called := calledAs(w.typed)
	for _, text := range [][]byte{name, called} {
		if d == nil || len(text) == 0 {
			continue
		}
		for known := range strings.FieldsSeq(d.names) {
			switch {
			case string(text) == known:
				runs := bytes.Equal(text, name)
				w.add(Name{Text: []byte(known), Args: args, How: Argv0, Runs: runs, Unsure: !runs})
			case d.part && bytes.Contains(text, []byte(known)):
				w.add(Name{Text: []byte(known), Args: args, How: Argv0, Unsure: true})
			}
		}
	}
	if d == nil && len(name) > 0 && !bytes.Equal(name, own) && (len(own) == 0 || !bytes.Equal(called, own)) {
		w.add(Name{Text: name, Args: args, How: Argv0, Unsure: true})
	}
}
