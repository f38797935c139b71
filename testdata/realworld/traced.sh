#!/bin/sh
# traced.sh NAME SOURCE DIR: builds NAME natively twice, recorded twice, under strace, and in the sandbox under the
# policy made of the recording, each time from nothing and in the same directory, and compares. What differs between
# the two native builds (times, and what is random) is compared by its name only, and so are logs. A build is recorded
# once more if its recordings differ: on a busy machine one is not the same each time (who is killed by SIGPIPE).
set -eu
. "$(dirname "$0")/lib.sh"
name=$1 source=$2 dir=$3
mkdir "$dir"
cd "$dir"
table=$HOME/table HOME=$dir/home TMPDIR=$dir/home/tmp
export HOME TMPDIR

# The build. Its first step, which is all that strace looks at, runs one job after the other.
case $name in
hello)
	cat >steps <<-'END'
		./configure --prefix=/usr
		make
		make check
		make install DESTDIR=$PWD/stage
	END
	;;
gzip)
	# What was generated must be newer than what it was generated from, or make wants the tools that made it.
	cat >steps <<-'END'
		sh -c 'touch aclocal.m4; touch configure lib/config.hin Makefile.in */Makefile.in doc/*.info; ./configure -q'
		make -j2
		make -j2 check
		make install DESTDIR=$PWD/stage
	END
	;;
tinyxml2)
	cat >steps <<-'END'
		cmake -S . -B out -DCMAKE_INSTALL_PREFIX=/usr -DBUILD_TESTING=ON
		make -C out -j2
		ctest --test-dir out
		make -C out install DESTDIR=$PWD/stage
	END
	;;
go)
	command -v go >/dev/null || { echo "n/a   go is not installed"; exit 0; }
	export GOFLAGS=-mod=vendor GOTELEMETRY=off
	cat >steps <<-'END'
		go test -c -p 1 -trimpath -o stage/event.test ./event
		go vet ./event
		go test -trimpath ./event
	END
	;;
npm)
	command -v npm >/dev/null || { echo "n/a   npm is not installed"; exit 0; }
	mkdir package
	cat >package/package.json <<-'END'
		{"name": "sample", "version": "1.0.0", "main": "index.js", "bin": {"sample": "cli.js"},
		 "scripts": {"install": "node -e \"require('fs').writeFileSync('installed.txt', 'by its script')\""}}
	END
	echo 'module.exports = 42' >package/index.js
	printf '#!/usr/bin/env node\nconsole.log(require("./index.js"))\n' >package/cli.js
	mkdir -p "$TMPDIR"
	(cd package && npm pack --silent >/dev/null)
	cat >steps <<-'END'
		npm install --offline --no-audit --no-fund ../package/sample-1.0.0.tgz
		npx --offline sample
	END
	;;
esac
{
	echo 'failed=0'
	sed "s/.*/&; status=\$?; echo \"step \$status\"; test \$status = 0 || failed=\$status/" steps
	echo 'exit $failed'
} >all.sh
head -n 1 steps >first.sh

# build HOW SCRIPT [PREFIX-COMMAND...]: what it does goes to HOW.*, and the tree to HOW.
build() {
	how=$1 script=$2
	shift 2
	mkdir build
	case $name in
	go) cp -R "$source/." build ;;
	npm) echo '{"name": "user", "version": "1.0.0"}' >build/package.json ;;
	*) tar -xf "$source" -C build --strip-components 1 ;;
	esac
	chmod -R u+w "$HOME" 2>/dev/null || true
	rm -rf "$HOME"
	mkdir -p "$TMPDIR"
	cd build
	status=0
	sh -c '"$@" >"../$0.log" 2>"../$0.err"; status=$?; times >"../$0.times"; exit $status' "$how" "$@" sh "../$script" ||
		status=$?
	cd ..
	{
		grep '^step ' "$how.log" || true
		echo "exit status $status"
	} >"$how.statuses"
	(cd build && find . -printf '%p %y %m %l\n') | sort >"$how.names"
	(cd build && find . -type f -print0 | xargs -0 -r sha256sum) | sed 's/^\([^ ]*\)  \(.*\)/\2 \1/' |
		sort >"$how.files"
	mv build "$how"
}

# seconds HOW: the CPU time of a build, its children's user and system time.
seconds() {
	awk 'NR == 2 { n = split($0, f, /[ms ]+/); print f[1] * 60 + f[2] + f[3] * 60 + f[4] }' "$1.times"
}

# steady HOW: the files of a build that can be compared.
steady() {
	awk 'BEGIN { while ((getline name <"varying") > 0) varies[name] = 1 }
		!($1 in varies) && $1 !~ /\.(log|trs)$/' "$1.files"
}

# says WHAT COMMAND...: reports whether the command succeeds, with what it says if it does not.
says() {
	what=$1
	shift
	if "$@" >says.out 2>&1; then
		report 0 "$name: $what"
	else
		report 1 "$name: $what"
		head -n 40 says.out
	fi
}

# clean FILE: nothing was left behind but caches at home.
clean() {
	python3 - "$1" <<-'END'
		import json, sys
		left = json.load(open(sys.argv[1]))
		for kind in "alive", "temporary", "outside":
		    for x in left[kind]:
		        print(kind, x)
		        sys.exit("left behind")
	END
}

# alike FILE: two recordings did not differ, but for what is meant to: a test of hello's calculates with the time.
alike() {
	python3 - "$1" "$name" <<-'END'
		import json, sys
		answer = json.load(open(sys.argv[1]))
		assert answer["same"] > 3, answer["same"]
		for kind in "environment", "changed", "only_a", "only_b", "ends", "results", "files":
		    for x in answer[kind]:
		        program = (x.get("a") or x.get("b"))["by"]["name"]
		        if (sys.argv[2], kind, program) != ("hello", "changed", "expr"):
		            sys.exit(f"{kind}: {x}")
	END
}

# agree A B C: two recordings are alike, or C, which is made then, is like one of them.
agree() {
	"$SYDTRACE" diff "$1" "$2" --json >diff.json || true
	alike diff.json && return
	build recorded3 all.sh "$SYDTRACE" record -q -o "$dir/$3"
	for other in "$1" "$2"; do
		"$SYDTRACE" diff "$other" "$3" --json >diff.json || true
		alike diff.json && return
	done
	return 1
}

build native all.sh
build again all.sh
build recorded all.sh "$SYDTRACE" record -q -o "$dir/a.gz"
build recorded2 all.sh "$SYDTRACE" record -q -o "$dir/b.gz"
comm -3 native.files again.files | awk '{ print $1 }' | sort -u >varying
grep -qx 'exit status 0' native.statuses || { report 1 "$name: it fails natively"; tail -n 20 native.err; }
same "$name: exit statuses ($(grep -c ^step recorded.statuses) steps)" native.statuses recorded.statuses
same "$name: names and modes of $(wc -l <recorded.names) files" native.names recorded.names
steady native >native.steady
steady recorded >recorded.steady
test -s native.steady || report 1 "$name: there is nothing to compare"
same "$name: contents of $(wc -l <recorded.steady) files" native.steady recorded.steady

build first first.sh "$SYDTRACE" record -q -o "$dir/first.gz"
build straced first.sh strace -f -y -v -s 65535 -e trace=%file,%process -o "$dir/strace"
says "strace saw the same of its first step" "$ORACLE" strace first.gz
tail -n 1 says.out

says 'no races' "$SYDTRACE" races -r a.gz
"$SYDTRACE" leftovers -r a.gz --json >leftovers.json || true
says 'nothing is left behind, but caches' clean leftovers.json
says 'its two recordings are the same' agree a.gz b.gz c.gz
says 'a page is made of it' "$SYDTRACE" report -r a.gz -o a.html
says 'the page is whole' grep -q '</html>' a.html
says 'a timeline is made of it' "$SYDTRACE" timeline -r a.gz -o a.json
says 'the timeline is JSON' python3 -c 'import json; assert len(json.load(open("a.json"))["traceEvents"]) > 9'
for question in summary tree missing inputs outputs net nondet stats; do
	status=0
	"$SYDTRACE" $question -r a.gz >says.out 2>&1 || status=$?
	report "$((status > 1))" "$name: $question has an answer: status $status, $(wc -l <says.out) lines"
done

status=0
"$SYDTRACE" policy -r a.gz >policy.toml 2>policy.err || status=$?
report "$status" "$name: a policy is made of it, with $(grep -c '^    [^#]' policy.toml || true) rules"
build boxed all.sh "$SYDBOX" run -p "$dir/policy.toml" --
same "$name: exit statuses under that policy" native.statuses boxed.statuses
same "$name: files under that policy" native.names boxed.names
denials=$(grep -c '^sydbox: denied' boxed.err || true)
report "$denials" "$name: $denials denials under that policy"
grep -A4 '^sydbox: ' boxed.err | head -n 20 || true

echo "$(id -u) $name $(zcat a.gz | grep -c '"type":"born"') $(zcat a.gz | wc -l) $(stat -c %s a.gz)" \
	"$(seconds again) $(seconds recorded)" | awk '{ print $0, $7 / $6 }' >>"$table"
exit $verdict
