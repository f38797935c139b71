#!/bin/sh
# run.sh SYDBOX: builds the sample package in the sandbox, then installs it, which is denied where it should be.
set -eu
sydbox=$(realpath "$1")
unset MAKELEVEL MAKEFLAGS MFLAGS
source=$(dirname "$(realpath "$0")")/greeting
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$source" "$work/greeting"
cd "$work/greeting"

show() {
	printf '\n$ %s\n' "$*"
	shift
	"$sydbox" "$@"
}

show sydbox run -- make all check

if show sydbox run -- make install DESTDIR="$PWD/stage"; then
	echo "the package wrote to /etc, and nothing stopped it" >&2
	exit 1
fi
if test -e /etc/greeting.conf; then
	echo "/etc/greeting.conf is there: the sandbox leaks" >&2
	exit 1
fi
printf '\nThe package was built and staged; its write to /etc was denied and explained, and nothing is there.\n'
