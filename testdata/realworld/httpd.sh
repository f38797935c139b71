#!/bin/sh
# httpd.sh ARCHIVE DIR: builds Perl's HTTP::Daemon, whose tests start servers on ports that the kernel picks and talk to
# them, natively and in the sandbox with the default policy. Every server must be reached by its own tests.
set -eu
. "$(dirname "$0")/lib.sh"
archive=$1 dir=$2
mkdir "$dir"
cd "$dir"

# build HOW [PREFIX-COMMAND...]: what it does, and with which status, goes to HOW.*
build() {
	how=$1
	shift
	mkdir build
	tar -xf "$archive" -C build --strip-components 1
	cd build
	for step in 'perl Makefile.PL INSTALLDIRS=vendor' 'make' 'make test TEST_VERBOSE=1' "make install DESTDIR=$dir/build/stage"; do
		status=0
		"$@" $step >>"../$how.log" 2>>"../$how.err" || status=$?
		echo "$step: $status" >>"../$how.statuses"
	done
	cd ..
	# Ports are in the names of some tests.
	grep -E '^ *(ok|not ok|1\.\.) *' "$how.log" | sed 's/:[0-9][0-9]*/:PORT/g' >"$how.tests" || true
	grep -E '^(Result|t/.*(ok|skipped|Failed))' "$how.log" | sed 's/ *[0-9]* *wallclock.*//' >>"$how.tests" || true
	listing build/stage | grep -v -e perllocal.pod -e .packlist >"$how.files" || true
}
build native
mv build native
build boxed "$SYDBOX" run --

succeeded HTTP::Daemon native.statuses
grep -q '^ok' native.tests || report 1 "HTTP::Daemon: natively its tests test nothing"
same "HTTP::Daemon: exit statuses of configuring, make, test, install" native.statuses boxed.statuses
same "HTTP::Daemon: results of its own tests ($(grep -c ok boxed.tests) lines), which are servers and clients" \
	native.tests boxed.tests
same "HTTP::Daemon: $(wc -l <boxed.files) installed files" native.files boxed.files
denials=$(grep -c '^sydbox: denied' boxed.err || true)
report "$denials" "HTTP::Daemon: $denials denials while it was built"
grep -A5 '^sydbox: ' boxed.err | head -n 20 || true
exit $verdict
