package program

import (
	"strings"
	"sync"
)

// wordSet is a set of words. It is made when it is first asked for: most runs need none of the tables here, and each
// run starts this program twice. Any goroutine may use it.
type wordSet struct {
	valued, text string
	options      bool
	once         sync.Once
	set          map[string]bool
}

// words makes a set of the words of a text.
func words(text string) *wordSet { return &wordSet{text: text} }

// all is the set: true for a word of the text, but of long options those that take the next word as their value.
func (w *wordSet) all() map[string]bool {
	if w == nil {
		return nil
	}
	w.once.Do(w.fill)
	return w.set
}

func (w *wordSet) fill() {
	valued, others := strings.Fields(w.valued), strings.Fields(w.text)
	w.set = make(map[string]bool, len(valued)+len(others))
	for _, word := range valued {
		w.set[word] = true
	}
	for _, word := range others {
		w.set[word] = !w.options
	}
}

// busyboxNoFork are the applets that BusyBox calls like a function: from xargs, find and some shells without any
// system call that tells (docs/nofork_noexec.txt in its source).
var busyboxNoFork = words(`[ [[ adjtimex arch basename clear dirname echo false free fsync hostid kill killall link
	logname mesg mkdir nproc pivot_root printenv printf pwd pwdx readlink realpath rmdir sync test touch true
	truncate tty ttysize uname unlink usleep which whoami`)

// coreutils are the programs of GNU coreutils and of uutils, as both dispatch on them.
var coreutils = words(`[ arch b2sum base32 base64 basename basenc cat chcon chgrp chmod chown chroot cksum comm cp
	csplit cut date dd df dir dircolors dirname du echo env expand expr factor false fmt fold ginstall groups
	hashsum head hostid hostname id install join kill link ln logname ls md5sum mkdir mkfifo mknod mktemp more mv
	nice nl nohup nproc numfmt od paste pathchk pinky pr printenv printf ptx pwd readlink realpath rm rmdir runcon
	seq sha1sum sha224sum sha256sum sha384sum sha512sum sha3-224sum sha3-256sum sha3-384sum sha3-512sum sha3sum
	shake128sum shake256sum b3sum shred shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout
	touch tr true truncate tsort tty uname unexpand uniq unlink uptime users vdir wc who whoami yes`)

// maxToybox is the length of the longest name in toyboxCommands.
const maxToybox = 16

// toyboxShells are the names of toybox's shell; with a leading dash it is a login shell.
var toyboxShells = words("sh bash toysh -sh -bash -toysh")

// toyboxCommands are the commands that a toybox may have.
var toyboxCommands = words(`toysh -sh -bash -toysh [ acpi arch ascii awk base32 base64 basename bash bc blkdiscard blkid blockdev
	bootchartd brctl bunzip2 bzcat bzip2 cal cat catv cd chattr chcon chgrp chmod chown chroot chrt chsh chvt cksum
	clear cmp comm count cp cpio crc32 crond crontab csplit cut date dd deallocvt declare devmem df dhcp dhcp6 dhcpd
	diff dirname dmesg dnsdomainname dos2unix du dumpleases echo egrep eject env eval exec exit expand export expr
	factor fallocate false fdisk fgrep file find flock fmt fold free freeramdisk fsck fsfreeze fstype fsync ftpget
	ftpput getconf getenforce getfattr getopt getty git gitcheckout gitclone gitfetch gitinit gitremote gpiodetect
	gpiofind gpioget gpioinfo gpioset grep groupadd groupdel groups gunzip gzip halt hd head hello help hexdump
	hexedit host hostid hostname httpd hwclock i2cdetect i2cdump i2cget i2cset i2ctransfer iconv id ifconfig init
	inotifyd insmod install ionice iorenice iotop ip ipcrm ipcs jobs kill killall killall5 klogd last link linux32
	linux64 linuxrc ln load_policy local log logger login logname logpath logwrapper losetup ls lsattr lsfd lsmod
	lsns lsof lspci lsusb makedevs man mcookie md5sum mdev memeater microcom mix mkdir mke2fs mkfifo mknod mkpasswd
	mkswap mktemp modinfo modprobe more mount mountpoint mv nbd-client nbd-server nc netcat netstat nice nl nohup
	nproc nsenter od oneit openvt partprobe passwd paste patch pgrep pidof ping ping6 pivot_root pkill pmap poweroff
	printenv printf prlimit ps pwd pwdx pwgen readahead readelf readlink readonly realpath reboot renice reset
	restorecon return rev rfkill rm rmdir rmmod route rtcwake runcon runlevel sed sendevent seq set setenforce
	setfattr setsid sh sha1sum sha224sum sha256sum sha384sum sha3sum sha512sum shift shred shuf sleep sntp sort
	source split ssh-add stat strace strings stty su sulogin swapoff swapon switch_root sync sysctl syslogd tac tail
	tar taskset tcpsvd tee telnet telnetd test tftp tftpd time timeout top touch toybox tr traceroute traceroute6
	trap true truncate ts tsort tty tunctl uclampset udpsvd ulimit umount unalias uname unicode uniq unix2dos unlink
	unset unshare unzip uptime useradd userdel usleep uudecode uuencode uuidgen vconfig vi vmstat w wait watch
	watchdog wc wget which who whoami xargs xxd xzcat yes zcat`)

// toyboxWrappers are the commands that run another one in the same process if toybox has it.
var toyboxWrappers = words(`nice nohup timeout setsid chroot unshare ionice taskset chrt`)
