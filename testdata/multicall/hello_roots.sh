#!/bin/sh
# hello_roots.sh SYDBOX: builds GNU hello in the systems that root.sh makes, natively and in a sandbox that denies dd
# and wget, compares what is installed, and lets both programs be tried in the end. As root; else in the one of the two
# that needs none.
set -eu
umask 022
here=$(dirname "$(realpath "$0")")
sydbox=$(realpath "$1")
cache=$(sh "$here/fetch.sh")
work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
failed=0
kinds=nix
test "$(id -u)" != 0 || kinds="busybox nix"

fail() {
	echo "FAIL $kind: $*"
	failed=1
}
# enter [BOX...] -- COMMAND...
enter() {
	if test "$kind" = busybox; then
		unshare -m "$work/$kind/bin/enter" "$@"
	else
		"$work/$kind/bin/enter" "$@"
	fi
}
for kind in $kinds; do
	sh "$here/root.sh" "$kind" "$work/$kind" "$cache"
	if test "$kind" = busybox; then
		outside=$work/$kind/root/work inside=/work box=/usr/bin/sydbox
		cp "$sydbox" "$work/$kind/root$box"
	else
		outside=$work/$kind/work inside=$work/$kind/work box=$sydbox
	fi
	cat >"$work/policy.toml" <<-END
		version = 1
		[exec]
		deny = ["dd", "wget"]
	END
	for how in native boxed; do
		rm -rf "$outside"
		mkdir -p "$outside"
		tar -xf "$cache"/hello/hello_*.orig.tar.?z -C "$outside"
		cp "$here/hello.sh" "$work/policy.toml" "$outside"
		run=
		test $how = native || run="$box run -p $inside/policy.toml -w $inside --"
		enter -- $run sh -c "cd $inside && sh ./hello.sh" >"$work/$how" 2>"$work/$how.err" </dev/null ||
			fail "$how: status $?"
		sed "s/^/$kind $how: /" "$work/$how.err"
	done
	if cmp "$work/native" "$work/boxed"; then
		echo "ok $kind: $(grep -c ' out/' "$work/boxed") files installed, as natively"
	else
		fail "the results differ"
	fi
	for command in "dd if=policy.toml of=MARK" "wget -O MARK http://127.0.0.1:9/"; do
		enter -- $box run -p $inside/policy.toml -w $inside -- sh -c "cd $inside; $command; test ! -e MARK" \
			>"$work/denied" 2>&1 </dev/null || fail "$command ran"
		# This machine may have no wget of its own.
		case "$kind $command" in "nix wget"*) continue ;; esac
		grep -q "\[exec\] deny" "$work/denied" || fail "$command: no denial is told"
	done
done
exit $failed
