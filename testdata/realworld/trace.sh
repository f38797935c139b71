#!/bin/sh
# trace.sh SYDTRACE SYDBOX: records builds of real packages and holds the recordings against native builds, strace and
# the sandbox (traced.sh says how). As root it does so as root and as an ordinary user. TRACED says which: any of hello,
# tinyxml2, gzip, go and npm.
set -eu
umask 022
here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
traced=${TRACED-hello tinyxml2 gzip go npm}
# Not below /tmp, where every policy would let a build write.
work=$(mktemp -d /opt/syd-trace-realworld.XXXXXX 2>/dev/null || mktemp -d "$HOME/syd-trace-realworld.XXXXXX")
work=$(realpath "$work")
chmod 755 "$work"
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
cp "$1" "$work/syd-trace"
cp "$2" "$work/sydbox"
(cd "$top" && CGO_ENABLED=0 go build -o "$work/oracle" ./testdata/realworld/oracle)
SYDTRACE=$work/syd-trace SYDBOX=$work/sydbox ORACLE=$work/oracle
export SYDTRACE SYDBOX ORACLE
failed=0

users=$(id -u)
test "$users" != 0 || users="0 1000"

# as UID COMMAND...
as() {
	uid=$1
	shift
	if test "$uid" = "$(id -u)"; then
		env HOME="$home" TMPDIR="$home/tmp" "$@" </dev/null
	else
		setpriv --reuid "$uid" --regid "$uid" --clear-groups env HOME="$home" TMPDIR="$home/tmp" "$@" </dev/null
	fi
}

packages=
for name in $traced; do
	case $name in
	go | npm) ;;
	*) packages="$packages $name" ;;
	esac
done
sh "$here/../deps.sh" gcc libc6-dev g++ make cmake strace python3 >/dev/null
mkdir "$work/sources"
if test -n "$packages" && ! sh "$here/fetch.sh" "$work/sources" $packages >"$work/fetch.log" 2>&1; then
	cat "$work/fetch.log"
	exit 1
fi
rm -f "$work/sources"/*.asc
mkdir "$work/module"
case " $traced " in
*" go "*)
	(cd "$top" && tar -cf - --exclude ./.git --exclude ./bin .) | tar -xf - -C "$work/module"
	(cd "$work/module" && go mod vendor)
	;;
esac

for uid in $users; do
	home=$work/home-$uid
	mkdir -p "$home/tmp"
	chown -R "$uid" "$home"
	for name in $traced; do
		case $name in
		go) source=$work/module ;;
		npm) source=none ;;
		*) source=$(echo "$work/sources/$name"_*.orig.tar.?z*) ;;
		esac
		as "$uid" sh "$here/traced.sh" "$name" "$source" "$home/$name" || failed=1
	done
done
echo
{
	echo 'uid build processes lines bytes native/s recorded/s ratio'
	cat "$work"/home-*/table
} | awk '{ printf "%5s %-10s %9s %9s %9s %9s %10s  %s\n", $1, $2, $3, $4, $5, $6, $7, $8 }'
exit $failed
