#!/bin/sh
# run.sh SYDBOX: builds real packages twice, natively and in the sandbox, in the same directory one after the other, and
# compares exit statuses, test results and installed files; then installs them to a prefix outside, which has to fail.
# As root it does so as root and as an ordinary user. PACKAGES says which Debian source packages.
set -eu
umask 022
here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
packages=${PACKAGES-hello sed}
work=$(realpath "$(mktemp -d)")
chmod 755 "$work"
cp "$1" "$work/sydbox"
SYDBOX=$work/sydbox
export SYDBOX
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
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

# What HTTP::Daemon and its tests use.
sh "$here/../deps.sh" perl libhttp-message-perl libwww-perl libtest-needs-perl libmodule-build-tiny-perl >/dev/null
mkdir "$work/sources"
if test -n "$packages" && ! sh "$here/fetch.sh" "$work/sources" $packages libhttp-daemon-perl >"$work/fetch.log" 2>&1; then
	cat "$work/fetch.log"
	exit 1
fi

rm -f "$work/sources"/*.asc
mkdir "$work/module"
(cd "$top" && tar -cf - --exclude ./.git --exclude ./bin .) | tar -xf - -C "$work/module"
(cd "$work/module" && go mod vendor)

for uid in $users; do
	home=$work/home-$uid
	outside=$(mktemp -d /opt/sydbox-realworld.XXXXXX 2>/dev/null || mktemp -d "$HOME/sydbox-realworld.XXXXXX")
	mkdir -p "$home/tmp"
	chown -R "$uid" "$home" "$outside"
	for package in $packages; do
		as "$uid" sh "$here/package.sh" "$work/sources/$package"_*.orig.tar.?z* "$home/$package" "$outside" || failed=1
	done
	as "$uid" sh "$here/gomodule.sh" "$work/module" "$home/gomodule" || failed=1
	as "$uid" sh "$here/npm.sh" "$home/npm" || failed=1
	as "$uid" sh "$here/downloads.sh" "$home/downloads" || failed=1
	test -z "$packages" ||
		as "$uid" sh "$here/httpd.sh" "$work/sources/libhttp-daemon-perl"_*.orig.tar.?z* "$home/httpd" || failed=1
	rm -rf "$outside"
done
exit $failed
