#!/bin/sh
# fetch.sh: the multi-call binaries that the tests of exec rules run, into a cache, as busybox and busybox-static
# exclude each other as packages: Debian's busybox, busybox-static, toybox and rust-coreutils unpacked, not installed;
# GNU coreutils as a single binary in both layouts and a toybox with dd and sh, built from Debian's source; and the
# archive of GNU hello. Nothing of the system is touched, its package lists neither. It prints the cache's directory.
#
# fetch.sh TRIPLET: what is built of them, with clang for another machine (aarch64-linux-gnu), into a cache beside it.
#
# What is there in the version that apt-get would fetch now stays. With NODEPS set nothing is fetched: the script says
# what is missing and fails. Nothing but the first run takes time: a minute and a half on two processors.
set -eu
umask 022
here=$(dirname "$(realpath "$0")")
triplet=${1:-}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sydbox-tests/multicall${triplet:+-$triplet}
# Counts the changes of what is built below, and with which options.
recipe=1
packages="busybox busybox-static toybox rust-coreutils"
sources="coreutils-symlinks coreutils-shebangs toybox-sh hello"
cc=gcc target=
if test -n "$triplet"; then
	packages= sources="coreutils-symlinks coreutils-shebangs toybox-sh"
	cc=clang target=--target=$triplet
fi

# The package that a thing is made from, and the version of it that apt-get would take; nothing where it knows none.
package() { case $1 in coreutils-*) echo coreutils ;; toybox-sh) echo toybox ;; *) echo "$1" ;; esac; }
candidates=
test -n "${NODEPS:-}" || ! command -v apt-cache >/dev/null ||
	candidates=$(LC_ALL=C apt-cache policy $packages ${triplet:+toybox} coreutils hello 2>/dev/null)
candidate() {
	printf '%s\n' "$candidates" | sed -n "/^$(package "$1"):/,/Version table/{/(none)/d; s/^ *Candidate: //p}"
}
current() {
	version=$(candidate "$1")
	test -f "$cache/$1/VERSION" && { test -z "$version" || test "$(cat "$cache/$1/VERSION")" = "$recipe $version"; }
}
# keep THING: what was made in $work/THING takes its place.
keep() {
	echo "$recipe $(candidate "$1")" >"$work/$1/VERSION"
	rm -rf "${cache:?}/$1"
	mv "$work/$1" "$cache/$1"
}

missing=
for thing in $packages $sources; do
	current "$thing" || missing="$missing $thing"
done
if test -z "$missing"; then
	echo "$cache"
	exit 0
fi
if test -n "${NODEPS:-}" || ! command -v apt-get >/dev/null; then
	echo "the tests need what testdata/multicall/fetch.sh makes with apt-get, and it is missing:$missing" >&2
	exit 1
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/work.XXXXXX")
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
log=$work/log
needs() { case " $missing " in *" $1 "*) ;; *) return 1 ;; esac; }
quietly() {
	"$@" >>"$log" 2>&1 </dev/null || {
		tail -n 20 "$log"
		echo "failed: $*"
		exit 1
	} >&2
}

for name in $packages; do
	needs "$name" || continue
	mkdir "$work/$name"
	(cd "$work" && quietly apt-get -o APT::Sandbox::User="$(id -un)" download "$name")
	quietly dpkg -x "$work/${name}"_*.deb "$work/$name"
	keep "$name"
done

archives=
for name in $sources; do
	! needs "$name" || archives="$archives $(package "$name")"
done
if test -n "$archives"; then
	mkdir "$work/sources"
	# Debian's changes are not needed, and may have left the mirrors before the version that they belong to.
	quietly sh "$here/../realworld/fetch.sh" "$work/sources" --tar-only $(printf '%s\n' $archives | sort -u)
fi
# unpack PACKAGE: into $work/src-PACKAGE.
unpack() {
	mkdir "$work/src-$1"
	quietly tar -xf "$work/sources/$1"_*.orig.tar.?z -C "$work/src-$1" --strip-components 1
	cd "$work/src-$1"
}

if needs coreutils-symlinks || needs coreutils-shebangs; then
	(
		unpack coreutils
		# Without these two the first program cannot be compiled; the whole of "all" is far more.
		printf 'include Makefile\nbuilt: $(BUILT_SOURCES)\n' >built.mk
		for layout in symlinks shebangs; do
			quietly env FORCE_UNSAFE_CONFIGURE=1 ./configure -C -q --enable-single-binary=$layout --disable-nls \
				--disable-acl --disable-xattr --disable-libcap --without-selinux --without-libgmp \
				--without-openssl --disable-dependency-tracking --prefix=/usr \
				${triplet:+--host="$triplet"} CC="$cc $target" CFLAGS=-O0
			quietly make -f built.mk built
			quietly make -j2 src/coreutils
			out=coreutils-$layout
			mkdir -p "$work/$out/bin"
			cp src/coreutils "$work/$out/bin"
			# The scripts name the binary by its final place.
			quietly make install-exec-hook DESTDIR="$work/$out" bindir=/bin
			if test $layout = shebangs; then
				chmod u+w "$work/$out/bin"/*
				sed -i "1s|^#!/bin/|#!$cache/$out/bin/|" $(grep -lI '^#!' "$work/$out/bin"/*)
			fi
			keep $out
		done
	)
fi

if needs toybox-sh; then
	(
		unpack toybox
		quietly make allnoconfig
		for applet in TOYBOX BASENAME CAT CP DD ECHO ENV FIND HEAD LS MKDIR NICE NOHUP PWD RM SEQ SETSID SH SORT TEST \
			TIMEOUT TOUCH TRUE UNAME WC XARGS; do
			sed -i "s/^# CONFIG_$applet is not set/CONFIG_$applet=y/" .config
		done
		quietly make -j2 CC=$cc HOSTCC=gcc CFLAGS="-O0 $target" LDFLAGS="$target"
		mkdir -p "$work/toybox-sh/bin"
		cp toybox "$work/toybox-sh/bin"
		keep toybox-sh
	)
fi

if needs hello; then
	mkdir "$work/hello"
	cp "$work/sources"/hello_*.orig.tar.?z "$work/hello"
	keep hello
fi
echo "$cache"
