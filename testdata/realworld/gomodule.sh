#!/bin/sh
# gomodule.sh SOURCE DIR: a Go module with vendored dependencies, built natively and in the sandbox, with its build cache
# at home.
set -eu
. "$(dirname "$0")/lib.sh"
source=$1 dir=$2
mkdir "$dir"
cd "$dir"
command -v go >/dev/null || { echo "n/a   go is not installed"; exit 0; }
build() {
	how=$1
	shift
	cp -R "$source" build
	cd build
	status=0
	"$@" go build -mod=vendor -trimpath -buildvcs=false -o out/ ./cmd/... >>"../$how.log" 2>&1 || status=$?
	echo "go build: $status" >"../$how.statuses"
	"$@" go vet -mod=vendor ./event >>"../$how.log" 2>&1 || status=$?
	echo "go vet: $status" >>"../$how.statuses"
	cd ..
	listing build/out >"$how.files" || true
	mv build "$how"
	chmod -R u+w "$HOME/.cache/go-build" 2>/dev/null && rm -rf "$HOME/.cache/go-build"
}
build native
build boxed "$SYDBOX" run -p go --
succeeded "go build" native.statuses
same "go build and vet: exit statuses ($(tr '\n' ' ' <boxed.statuses))" native.statuses boxed.statuses
same "go build: files" native.files boxed.files
denials=$(grep -c '^sydbox: denied' boxed.log || true)
report "$denials" "go build: $denials denials"
test "$verdict" = 0 || tail -n 20 boxed.log
exit $verdict
