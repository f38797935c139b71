#!/bin/sh
# package.sh ARCHIVE DIR OUTSIDE: configure, make, make check, make install of one package, natively and in the sandbox.
set -eu
. "$(dirname "$0")/lib.sh"
archive=$1 dir=$2 outside=$3
name=$(basename "$archive" | sed 's/\.orig.*//')
mkdir "$dir"
cd "$dir"

# build HOW [PREFIX-COMMAND...]: what it does, and with which status, goes to HOW.*
build() {
	how=$1
	shift
	mkdir build
	tar -xf "$archive" -C build --strip-components 1
	cd build
	for step in './configure --prefix=/usr' 'make -j2' 'make -k check' "make install DESTDIR=$dir/build/stage"; do
		status=0
		"$@" $step >>"../$how.log" 2>>"../$how.err" || status=$?
		echo "$step: $status" >>"../$how.statuses"
	done
	cd ..
	grep -E '^(# |PASS|FAIL|SKIP|XFAIL|ERROR)' "$how.log" >"$how.tests" || true
	listing build/stage >"$how.files" || true
}
build native
mv build native
build boxed "$SYDBOX" run --

succeeded "$name" native.statuses
same "$name: exit statuses of configure, make, check, install ($(tr '\n' ' ' <boxed.statuses | sed "s|$dir|.|g"))" \
	native.statuses boxed.statuses
same "$name: results of its own tests ($(wc -l <boxed.tests) lines)" native.tests boxed.tests
same "$name: $(wc -l <boxed.files) installed files" native.files boxed.files
denials=$(grep -c '^sydbox: denied' boxed.err || true)
report "$denials" "$name: $denials denials while it was built"
grep -A4 '^sydbox: ' boxed.err | head -n 20 || true

status=0
(cd build && "$SYDBOX" run -- make install prefix="$outside/$name" >../outside.log 2>&1) || status=$?
test "$status" != 0 && grep -q '^sydbox: denied create '"$outside" outside.log && test -z "$(ls -A "$outside")" &&
	report 0 "$name: install outside fails with status $status, is explained, and leaves nothing" ||
	{ report 1 "$name: install outside: status $status"; tail -n 20 outside.log; }
grep '^sydbox: .*Allow it' outside.log || true
exit $verdict
