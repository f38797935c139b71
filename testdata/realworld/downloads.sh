#!/bin/sh
# downloads.sh DIR: a package whose Makefile downloads what it lacks, as too many do. It has to fail, and the report has
# to name the host, whichever program asks for it.
set -eu
. "$(dirname "$0")/lib.sh"
dir=$1
host=downloads.example.org
mkdir "$dir"
cd "$dir"
cat >Makefile <<END
all: hello
hello: hello.c
	\$(CC) -o \$@ hello.c
hello.c:
	\$(FETCH) http://$host/hello-1.0/hello.c
END

# says WHAT COMMAND...: reports whether the command succeeds.
says() {
	what=$1
	shift
	if "$@"; then report 0 "$what"; else report 1 "$what"; fi
}

for fetch in 'curl -sSfO' 'wget -nv' 'busybox wget -q'; do
	program=${fetch%% *}
	command -v "$program" >/dev/null || continue
	status=0
	"$SYDBOX" run --log log -- make FETCH="$fetch" >out 2>&1 || status=$?
	says "a package that downloads with $program fails: status $status" test "$status" = 2 -a ! -e hello
	says "its report names the host: $(grep '^sydbox: denied' out | head -n 1)" grep -q "^sydbox: denied connect .*$host" out
	tries=$(grep -c '"type":"denial"' log || true)
	says "it gave up after being denied $tries times" test "$tries" -ge 1 -a "$tries" -le 6
	rm -f log hello.c
done
exit $verdict
