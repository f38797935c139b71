#!/bin/sh
# fetch.sh DIR PACKAGE...: the upstream source archives of Debian packages, into DIR. The system's own package lists are
# not touched: the deb-src twins of its sources and their lists live below DIR.
set -eu
dir=$(realpath "$1")
shift
apt=$dir/apt
mkdir -p "$apt/parts" "$apt/lists/partial"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
	if test -f "$file"; then
		sed -n 's/^deb /deb-src /p' "$file" >>"$apt/parts/twins.list"
	fi
done
for file in /etc/apt/sources.list.d/*.sources; do
	if test -f "$file"; then
		sed 's/^Types:.*/Types: deb-src/' "$file" >"$apt/parts/$(basename "$file")"
	fi
done
export DEBIAN_FRONTEND=noninteractive
private() {
	apt-get -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt/parts" \
		-o Dir::State::lists="$apt/lists" -o APT::Sandbox::User=root "$@" </dev/null
}
private update
cd "$dir"
private source --download-only "$@"
