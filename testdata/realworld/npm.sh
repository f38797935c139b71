#!/bin/sh
# npm.sh DIR: npm install from a local archive whose install script writes a file, natively and in the sandbox.
set -eu
. "$(dirname "$0")/lib.sh"
dir=$1
mkdir "$dir"
cd "$dir"
command -v npm >/dev/null || { echo "n/a   npm is not installed"; exit 0; }
mkdir package
cat >package/package.json <<'J'
{"name": "sample", "version": "1.0.0", "main": "index.js", "bin": {"sample": "cli.js"},
 "scripts": {"install": "node -e \"require('fs').writeFileSync('installed.txt', 'by its script')\""}}
J
echo 'module.exports = 42' >package/index.js
printf '#!/usr/bin/env node\nconsole.log(require("./index.js"))\n' >package/cli.js
(cd package && npm pack --silent >/dev/null)
build() {
	how=$1
	shift
	mkdir build
	cd build
	echo '{"name": "user", "version": "1.0.0"}' >package.json
	status=0
	"$@" npm install --offline --no-audit --no-fund ../package/sample-1.0.0.tgz >"../$how.log" 2>&1 || status=$?
	echo "npm install: $status" >"../$how.statuses"
	"$@" npx --offline sample >"../$how.out" 2>>"../$how.log" || status=$?
	echo "sample: $status" >>"../$how.statuses"
	cd ..
	listing build >"$how.files"
	mv build "$how"
}
build native
build boxed "$SYDBOX" run -p node --
succeeded "npm install" native.statuses
same "npm install: exit statuses ($(tr '\n' ' ' <boxed.statuses))" native.statuses boxed.statuses
same "npm install: output of what was installed" native.out boxed.out
same "npm install: $(wc -l <boxed.files) files" native.files boxed.files
denials=$(grep -c '^sydbox: denied' boxed.log || true)
report "$denials" "npm install: $denials denials"
test "$verdict" = 0 || tail -n 20 boxed.log
exit $verdict
