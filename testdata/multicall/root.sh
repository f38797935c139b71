#!/bin/sh
# root.sh KIND DIR CACHE: a system made of multi-call binaries, below DIR, out of what fetch.sh has left in CACHE and
# this machine's compiler.
#
#   busybox   a root directory whose /bin is links to busybox-static, and whose /usr/bin has a compiler and make;
#             its /usr/lib and the like are mounted from this system. It wants root and a mount namespace to throw away.
#   nix       DIR/store/HASH-NAME/bin and DIR/profile/bin, links to links: coreutils is GNU's single binary, the shell
#             and what else a configure script asks for are this machine's.
#
# Into DIR/bin/enter it writes what runs a command there: enter [BOX...] -- COMMAND [ARG...], where BOX is put in front.
set -eu
umask 022
kind=$1 dir=$2 cache=$3
tools="gcc cc cpp as ld ar ranlib nm strip objcopy objdump size make"
mkdir -p "$dir/bin"

# links FILE DIR NAME...
links() {
	file=$1 to=$2
	shift 2
	for name in "$@"; do
		ln -s "$file" "$to/$name"
	done
}

case $kind in
busybox)
	root=$dir/root
	mkdir -p "$root/bin" "$root/usr/bin" "$root/proc" "$root/dev" "$root/tmp" "$root/work" "$root/etc"
	chmod 1777 "$root/tmp" "$root/work"
	cp "$cache/busybox-static/bin/busybox" "$root/bin"
	links busybox "$root/bin" $("$root/bin/busybox" --list | grep -vx busybox)
	for tool in $tools; do
		cp -L "/usr/bin/$tool" "$root/usr/bin"
	done
	mounts="proc dev"
	for name in lib lib32 lib64 libx32 usr/lib usr/lib32 usr/lib64 usr/libx32 usr/libexec usr/include; do
		if test -L "/$name"; then
			cp -P "/$name" "$root/$name"
		elif test -d "/$name"; then
			mkdir -p "$root/$name"
			mounts="$mounts $name"
		fi
	done
	cat >"$dir/bin/enter" <<-END
		#!/bin/sh
		set -eu
		mount --make-rprivate /
		for name in $mounts; do
			mount --rbind "/\$name" "$root/\$name"
		done
		export PATH=/usr/bin:/bin HOME=/work PWD=/work CONFIG_SHELL=/bin/sh
		test "\$1" != -- || shift
		exec /usr/sbin/chroot "$root" "\$@"
	END
	;;
nix)
	# Of the usual length; what it says is of no interest.
	hash=$(printf %s "$dir" | sha256sum | cut -c1-32)
	mkdir -p "$dir/profile/bin"
	store() {
		out=$dir/store/$hash-$1/bin
		mkdir -p "$out"
	}
	store coreutils-9.1
	cp -P "$cache"/coreutils-symlinks/bin/* "$out"
	store gcc-12
	for tool in $tools sh bash sed grep egrep fgrep awk find xargs tar gzip diff cmp git; do
		! real=$(command -v "$tool") || ln -s "$real" "$out/$tool"
	done
	for file in "$dir"/store/*/bin/*; do
		ln -s "$file" "$dir/profile/bin/"
	done
	cat >"$dir/bin/enter" <<-END
		#!/bin/sh
		set -eu
		export PATH="$dir/profile/bin" CONFIG_SHELL="$dir/profile/bin/bash" SHELL="$dir/profile/bin/bash"
		test "\$1" != -- || shift
		exec "\$@"
	END
	;;
*)
	echo "no such kind of root: $kind" >&2
	exit 2
	;;
esac
chmod 755 "$dir/bin/enter"
